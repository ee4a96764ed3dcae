/** Adds up the trace events of one call to the tree of what its agents did. Pure: no span, no clock. */

import { asObject, type JsonObject } from '../data/json.js';
import type { Step } from '../operations/common/operation.js';
import { AgentTurn, type TraceSeam } from './agent-turn.js';
import { CollaboratorCall, type CollaboratorTurn } from './collaborator-call.js';
import { ContentBudget, type ContentOptions } from './content-budget.js';
import { linkTurns } from './link-turns.js';
import { readMetadata, readTraceEvent, type TraceEvent } from './trace-event.js';

/** Several times what the longest agent run needs. Later steps are only counted, so that memory stays bounded. */
const MAX_STEPS = 5000;

interface AgentTraceOptions extends ContentOptions {
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

  /** Gives each turn of a collaborator the call that began it. */
  #link(): void {
    const turns = [...this.#turns.values()];
    const calls = [this.root, ...turns].flatMap(({ drafts }) =>
      drafts.filter((draft) => draft instanceof CollaboratorCall),
    );
    const supervisors = new Map(turns.map((turn) => [turnKey(turn.depth, turn.aliasArn), turn]));
    const unlinked = linkTurns(calls, turns, (depth, turnId) => this.#turns.get(turnKey(depth, turnId)));
    // An earlier request called these. The application has now returned the results of an action.
    for (const turn of unlinked) {
      const supervisor = supervisors.get(turnKey(turn.depth - 1, turn.callerArn)) ?? this.root;
      const call = new CollaboratorCall(turn.first, supervisor, this.#budget);
      supervisor.drafts.push(call);
      call.addTurn(turn);
    }
  }
}

function turnKey(depth: number, id: string | undefined): string {
  return `${depth} ${id ?? ''}`;
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
