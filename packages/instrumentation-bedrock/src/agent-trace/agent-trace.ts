/** Adds up the trace events of one call to the tree of what its agents did. Pure: no span, no clock. */

import { asObject, type JsonObject } from '../data/json.js';
import type { Step } from '../operations/common/operation.js';
import { AgentTurn, type TraceSeam } from './agent-turn.js';
import { CollaboratorCall, type CollaboratorTurn } from './collaborator-call.js';
import { ContentBudget, type ContentOptions } from './content-budget.js';
import { readMetadata, readTraceEvent, type TraceEvent } from './trace-event.js';

/** Several times what the longest agent run needs. Later steps are only counted, so that memory stays bounded. */
const MAX_STEPS = 5000;

export interface AgentTraceOptions extends ContentOptions {
  /** The actions for which the application returns results with the request, in order. */
  readonly returned: readonly JsonObject[];
}

export class AgentTrace {
  /** The outermost agent. */
  readonly root: AgentTurn;
  readonly #budget: ContentBudget;
  readonly #seam: TraceSeam;
  /** The turns of collaborators. */
  readonly #turns = new Map<string, AgentTurn>();
  #stepCount = 0;
  #omitted = 0;
  /** The latest time that the service has stated. */
  #latest: Date | undefined;

  constructor(options: AgentTraceOptions) {
    const returned = options.returned.values();
    this.#budget = new ContentBudget(options);
    this.#seam = {
      budget: this.#budget,
      admit: () => this.#admit(),
      nextReturned: () => returned.next().value,
    };
    this.root = new AgentTurn(undefined, this.#seam);
  }

  /** How many steps were left out because there were too many. */
  get omittedStepCount(): number {
    return this.#omitted;
  }

  /** How many pieces of content were left out because the record was full. */
  get omittedContentCount(): number {
    return this.#budget.leftOut;
  }

  /** @param part the member `trace` of an event of the stream. */
  add(part: unknown): void {
    const event = readTraceEvent(part);
    if (!event) return;
    this.#addTime(event.time);
    this.#addTime(endOf(event));
    this.#turnOf(event)?.add(event);
  }

  /** Returns the steps of the outermost agent, which contain those of its collaborators. Call once, at the end. */
  steps(): readonly Step[] {
    this.#link();
    const stepsOf = new Map<CollaboratorTurn, Step[]>();
    const listOf = (turn: CollaboratorTurn): Step[] => {
      const known = stepsOf.get(turn);
      const list = known ?? [];
      if (!known) stepsOf.set(turn, list);
      return list;
    };
    // No recursion: collaborators can be nested in any depth.
    for (const turn of [this.root, ...this.#turns.values()]) {
      const steps = listOf(turn);
      for (const draft of turn.drafts) {
        const isCall = draft instanceof CollaboratorCall;
        steps.push(
          isCall ? draft.toStep(this.#latest, draft.turn ? listOf(draft.turn) : []) : draft.toStep(this.#latest),
        );
      }
    }
    return listOf(this.root);
  }

  #admit(): boolean {
    if (this.#stepCount >= MAX_STEPS) {
      this.#omitted++;
      return false;
    }
    this.#stepCount++;
    return true;
  }

  #addTime(time: Date | undefined): void {
    if (time && (!this.#latest || time > this.#latest)) this.#latest = time;
  }

  /** @returns undefined if there are too many turns. */
  #turnOf(event: TraceEvent): AgentTurn | undefined {
    if (event.depth <= 1) return this.root;
    const key = turnKey(event.depth, event.turn || event.aliasArn);
    let turn = this.#turns.get(key);
    if (!turn && this.#admit()) {
      turn = new AgentTurn(event, this.#seam);
      this.#turns.set(key, turn);
    }
    return turn;
  }

  /** Finds the call of each collaborator's turn. A call is always less deep than its turn, so there are no circles. */
  #link(): void {
    const calls = [this.root, ...this.#turns.values()].flatMap(({ drafts }) =>
      drafts.filter((draft) => draft instanceof CollaboratorCall),
    );
    const linked = new Set<AgentTurn>();
    const link = (call: CollaboratorCall, turn: AgentTurn): void => {
      call.addTurn(turn);
      linked.add(turn);
    };
    // The result of a call names the turn.
    for (const call of calls) {
      const turn = this.#turns.get(turnKey(call.depth + 1, call.life.metadata?.requestId));
      if (turn && !linked.has(turn)) link(call, turn);
    }
    // A call without a result: the first one of the same agent.
    const waiting = queues(calls.filter((call) => !call.turn));
    for (const turn of this.#turns.values()) {
      if (linked.has(turn)) continue;
      const call = waiting.get(turnKey(turn.depth, turn.aliasArn))?.next().value;
      if (call) link(call, turn);
    }
    // A call in an earlier request, to which the application has returned the results of an action.
    const supervisors = new Map([...this.#turns.values()].map((turn) => [turnKey(turn.depth, turn.aliasArn), turn]));
    for (const turn of this.#turns.values()) {
      if (linked.has(turn)) continue;
      const supervisor = supervisors.get(turnKey(turn.depth - 1, turn.callerArn)) ?? this.root;
      const call = new CollaboratorCall(turn.first, supervisor.depth, this.#budget);
      supervisor.drafts.push(call);
      link(call, turn);
    }
  }
}

function turnKey(depth: number, id: string | undefined): string {
  return `${depth} ${id ?? ''}`;
}

/** The calls of each agent in each depth, in order. */
function queues(calls: readonly CollaboratorCall[]): ReadonlyMap<string, Iterator<CollaboratorCall>> {
  const lists = new Map<string, CollaboratorCall[]>();
  for (const call of calls) {
    const key = turnKey(call.depth + 1, call.aliasArn);
    const list = lists.get(key);
    if (list) list.push(call);
    else lists.set(key, [call]);
  }
  return new Map([...lists].map(([key, list]) => [key, list.values()]));
}

/** Every step has its metadata in a member of the same name, or in the only member of its value. */
function endOf({ value }: TraceEvent): Date | undefined {
  const direct = readMetadata(value['metadata']).end;
  if (direct) return direct;
  for (const name in value) {
    const end = readMetadata(asObject(value[name])?.['metadata']).end;
    if (end) return end;
  }
  return undefined;
}
