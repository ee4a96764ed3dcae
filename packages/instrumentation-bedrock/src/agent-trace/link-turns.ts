/** Finds the call that began the turn of each collaborator. A call is always less deep than its turn, so there are no circles. */

import type { AgentTurn } from './agent-turn.js';
import type { CollaboratorCall } from './collaborator-call.js';

/** A property that a call and its turn share. The functions return undefined if it is missing. */
interface Trait {
  ofCall(call: CollaboratorCall): string | undefined;
  ofTurn(turn: AgentTurn): string | undefined;
}

/** From the surest to the least sure. If several calls have the same, the turns have their order. */
const TRAITS: readonly Trait[] = [
  {
    ofCall: ({ supervisorArn, aliasArn }) => pair(supervisorArn, aliasArn),
    // Calls by the outermost agent do not have its alias.
    ofTurn: ({ depth, callerArn, aliasArn }) => pair(depth > 2 ? callerArn : undefined, aliasArn),
  },
  { ofCall: ({ aliasArn }) => aliasArn, ofTurn: ({ aliasArn }) => aliasArn },
  { ofCall: ({ name }) => name, ofTurn: ({ collaboratorName }) => collaboratorName },
  { ofCall: ({ aliasArn }) => inline(aliasArn), ofTurn: ({ aliasArn }) => inline(aliasArn) },
];

/** Two supervisors can call the same collaborator. */
function pair(supervisorArn: string | undefined, aliasArn: string | undefined): string | undefined {
  return aliasArn && `${supervisorArn} ${aliasArn}`;
}

/** Agents that a request describes have no alias, or all the same. */
function inline(aliasArn: string | undefined): string | undefined {
  return aliasArn === undefined || aliasArn.includes(':agent-alias/INLINE_AGENT/') ? 'inline' : undefined;
}

/**
 * @param turnOf returns the turn with an id, at a depth.
 * @returns the turns that no call of this trace began.
 */
export function linkTurns(
  calls: readonly CollaboratorCall[],
  turns: readonly AgentTurn[],
  turnOf: (depth: number, turnId: string | undefined) => AgentTurn | undefined,
): AgentTurn[] {
  const linked = new Set<AgentTurn>();
  const link = (call: CollaboratorCall, turn: AgentTurn): void => {
    call.addTurn(turn);
    linked.add(turn);
  };
  // The result of a call names the turn.
  for (const call of calls) {
    const turn = turnOf(call.depth + 1, call.life.metadata?.requestId);
    if (turn && !linked.has(turn)) link(call, turn);
  }
  for (const { ofCall, ofTurn } of TRAITS) {
    const waiting = queues(calls, ofCall);
    for (const turn of turns) {
      const trait = linked.has(turn) ? undefined : ofTurn(turn);
      const call = trait === undefined ? undefined : waiting.get(queueKey(turn.depth, trait))?.next().value;
      if (call) link(call, turn);
    }
  }
  return turns.filter((turn) => !linked.has(turn));
}

/** The calls without a turn, in order, by the depth of the turn and by a trait. */
function queues(
  calls: readonly CollaboratorCall[],
  traitOf: Trait['ofCall'],
): ReadonlyMap<string, Iterator<CollaboratorCall>> {
  const lists = new Map<string, CollaboratorCall[]>();
  for (const call of calls) {
    const trait = call.turn ? undefined : traitOf(call);
    if (trait === undefined) continue;
    const key = queueKey(call.depth + 1, trait);
    const list = lists.get(key);
    if (list) list.push(call);
    else lists.set(key, [call]);
  }
  return new Map([...lists].map(([key, list]) => [key, list.values()]));
}

function queueKey(depth: number, trait: string): string {
  return `${depth} ${trait}`;
}
