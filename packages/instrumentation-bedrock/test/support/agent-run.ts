/** Runs an agent whose trace the test has invented, and looks at the spans. */

import { InvokeAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { StreamEvent } from 'bedrock-simulator';
import { expect } from 'chai';
import { millisOf } from './agent-steps.js';
import { type AgentRuntime, beforeEachAgentRuntimeTest } from './knowledge-base.js';
import { messageViolations } from './message-schema.js';
import { collect } from './tracing.js';

export const INPUT = { agentId: 'HIVE000001', agentAliasId: 'HIVEALIAS1', sessionId: 's-1', enableTrace: true };

interface AgentRuns {
  readonly runtime: () => AgentRuntime;
  /** Answers with the events, reads the stream to its end, and returns the spans, the one of the call first. */
  run(events: readonly StreamEvent[], input?: object): Promise<ReadableSpan[]>;
  /** The same for a stream that ends with an error. Returns the error, too. */
  fail(events: readonly StreamEvent[], input?: object): Promise<{ error: unknown; all: ReadableSpan[] }>;
  /** The spans that have ended, the last one first. */
  spans(): ReadableSpan[];
}

/** Starts a simulator for the suite, and tracing and a client for each test. */
export function useAgents(): AgentRuns {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const spans = (): ReadableSpan[] => {
    const all = [...runtime.tracing.spans()].reverse();
    for (const span of all) expect(messageViolations(span)).to.deep.equal([]);
    return all;
  };
  const read = async (events: readonly StreamEvent[], input: object): Promise<void> => {
    runtime.answer({ events });
    const { completion } = await runtime.client.send(new InvokeAgentCommand({ ...INPUT, ...input }));
    await collect(completion);
  };
  return {
    runtime: () => runtime,
    async run(events, input = { inputText: 'Swarm?' }) {
      await read(events, input);
      return spans();
    },
    async fail(events, input = {}) {
      const error: unknown = await read(events, input).catch((thrown: unknown) => thrown);
      return { error, all: spans() };
    },
    spans,
  };
}

/** The spans of this name, in the order of their starts. */
export function named(all: readonly ReadableSpan[], name: string): ReadableSpan[] {
  return all.filter((span) => span.name === name).sort((a, b) => millisOf(a.startTime) - millisOf(b.startTime));
}

export function only(all: readonly ReadableSpan[], name: string): ReadableSpan {
  const found = named(all, name);
  expect(found, name).to.have.lengthOf(1);
  return found[0] as ReadableSpan;
}

/** The names of the spans above, from the root down. */
export function pathOf(span: ReadableSpan, all: readonly ReadableSpan[]): string {
  const parent = all.find((each) => each.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent ? `${pathOf(parent, all)}/${parent.name}` : '';
}

/** Start and end in the form of `at`, whose last digits are lost in the milliseconds of the SDK. */
export function times(span: ReadableSpan): [string, string] {
  return [span.startTime, span.endTime].map(
    (time) => `${new Date(millisOf(time)).toISOString().slice(0, -1)}123456Z`,
  ) as [string, string];
}
