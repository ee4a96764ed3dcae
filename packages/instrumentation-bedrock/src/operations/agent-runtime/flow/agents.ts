/** What the agents did that the nodes of a flow have called, from the traces of agents in the trace of the flow. */

import { AgentTrace } from '../../../agent-trace/agent-trace.js';
import { asMembers, asObjects, type JsonObject } from '../../../data/json.js';
import { unwrapUnknown } from '../../../data/unknown-member.js';
import { flowTraceReader } from '../../../dialects/flow/trace-event.js';
import type { Step, StreamOptions } from '../../common/operation.js';

/** More than a flow can have. Each keeps content of its own. */
const MAX_AGENTS = 32;
/** The part of the record of the call that the trace of one agent can have. */
const AGENT_PART = 1 / 4;

export class FlowAgents {
  readonly #options: StreamOptions;
  readonly #read = flowTraceReader();
  /** By node and run. */
  readonly #traces = new Map<string, AgentTrace>();

  constructor(options: StreamOptions) {
    this.#options = { ...options, maxRecordLength: options.maxRecordLength * AGENT_PART };
  }

  /** @param event of the stream. */
  add(event: JsonObject): void {
    const trace = this.#read(event);
    if (trace?.kind !== 'nodeDependencyTrace') return;
    const elements = unwrapUnknown(asMembers(trace.members['traceElements']));
    for (const part of asObjects(elements['agentTraces'])) this.#traceOf(keyOf(trace))?.add(part);
  }

  /**
   * Returns the steps of the agent, once.
   *
   * @param trace an event with dependencies, as the fold of the trace lists it.
   */
  takeSteps(trace: JsonObject): readonly Step[] {
    const key = keyOf(trace);
    const steps = this.#traces.get(key)?.steps() ?? [];
    this.#traces.delete(key);
    return steps;
  }

  #traceOf(key: string): AgentTrace | undefined {
    const known = this.#traces.get(key);
    if (known || this.#traces.size === MAX_AGENTS) return known;
    const trace = new AgentTrace({ ...this.#options, returned: [] });
    this.#traces.set(key, trace);
    return trace;
  }
}

function keyOf({ node, run }: { readonly node?: unknown; readonly run?: unknown }): string {
  return JSON.stringify([node, run]);
}
