/**
 * The tests of `canaries-services.test.ts`: calls of every operation of a client, with a canary in every text of request
 * and answer that the schemas of the SDK have.
 */

import * as agentRuntime from '@aws-sdk/client-bedrock-agent-runtime';
import * as agentCore from '@aws-sdk/client-bedrock-agentcore';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { operationsOf, type SdkOperation, type TextAt } from './sdk-schema.js';
import { IDS, Watch } from './watch.js';

interface Service {
  readonly name: string;
  readonly operations: readonly SdkOperation[];
  /** Operations of the spans beneath those of calls. */
  readonly steps: readonly string[];
  createClient(endpoint: string): Client;
}

/** The part of the clients that they have in common. */
interface Client {
  send(command: object): Promise<unknown>;
  destroy(): void;
}

const OPTIONS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 };

export const SERVICES: readonly Service[] = [
  {
    name: 'the agent runtime',
    operations: operationsOf(agentRuntime),
    steps: ['chat', 'execute_tool', 'retrieval', 'invoke_agent', 'apply_guardrail', 'execute_node'],
    createClient: (endpoint) => new agentRuntime.BedrockAgentRuntimeClient({ ...OPTIONS, endpoint }) as Client,
  },
  {
    name: 'AgentCore',
    operations: operationsOf(agentCore),
    steps: [],
    createClient: (endpoint) => new agentCore.BedrockAgentCoreClient({ ...OPTIONS, endpoint }) as Client,
  },
];

/** Members that say which event belongs to which. With a canary, a trace would fall apart. */
const STRUCTURE: Readonly<Record<string, string>> = {
  traceId: '0b6d4cf1-3a52-4d1e-9c7a-5f2b8e9d1a37-0',
  agentAliasArn: 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/AGENT12345/ALIAS12345',
  agentCollaboratorAliasArn: 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/OTHER12345/ALIAS12345',
};

/** Requests and answers of models, which agents quote in their traces. */
const MODEL_JSON: readonly ((word: () => string) => object)[] = [
  (word) => ({ system: word(), messages: [{ role: word(), content: word() }], [word()]: word() }),
  (word) => ({
    ...{ id: word(), type: 'message', role: word(), model: word(), stop_reason: word(), stop_sequence: word() },
    content: [
      { type: 'text', text: word() },
      { type: 'thinking', thinking: word(), signature: word() },
      { type: 'tool_use', id: word(), name: word(), input: { [word()]: word() } },
    ],
    usage: { input_tokens: 7, output_tokens: 3, service_tier: word() },
  }),
  (word) => ({
    output: {
      message: {
        role: word(),
        content: [
          { text: word() },
          { reasoningContent: { reasoningText: { text: word(), signature: word() } } },
          { toolUse: { toolUseId: word(), name: word(), input: { [word()]: word() } } },
        ],
      },
    },
    stopReason: word(),
    usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
  }),
];

/**
 * Defines the tests for one client.
 *
 * @param options `isLong`: also with texts in the place of ids and of words that decide how the rest is read.
 */
export function describeServiceCanaries(
  service: Service,
  ways: readonly string[],
  { isLong }: { readonly isLong: boolean },
): void {
  let simulator: Simulator;
  let answer: SimulatedResponse | undefined;
  const watch = new Watch();
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
  });
  after(() => simulator.close());
  afterEach(() => watch.stop());

  const callEach = (text: TextAt): Promise<number> =>
    callAll(
      service,
      simulator.url,
      (next) => {
        answer = next;
      },
      text,
    );

  for (const way of ways) {
    describe(`are not emitted if ${way}`, () => {
      it('in sentences that leave the structure as it is; and the tree and its figures are as with content', async () => {
        watch.start('nothing is set');
        let count = 0;
        const text: TextAt = (path) => STRUCTURE[path.at(-1) ?? ''] ?? `canary ${count++} said "hi"`;
        await callEach(text);
        const expected = watch.tracing.spans().map(skeleton);
        const beneath = expected.filter(({ parent }) => parent !== undefined).map(({ operation }) => operation);
        expect([...new Set(beneath)]).to.have.members(service.steps);
        await watch.stop();
        watch.start(way);
        await callEach(text);
        await watch.expectNone();
        expect(watch.tracing.spans().map(skeleton)).to.deep.equal(expected);
      });

      it('in the JSON of models within texts', async () => {
        watch.start(way);
        let count = 0;
        const word = (): string => `canary ${count++} said "hi"`;
        const text: TextAt = (path) =>
          STRUCTURE[path.at(-1) ?? ''] ?? JSON.stringify(MODEL_JSON[count % MODEL_JSON.length]?.(word));
        await callEach(text);
        await watch.expectNone();
      });

      if (!isLong) return;

      it('in sentences', async () => {
        watch.start(way);
        let count = 0;
        const calls = await callEach(() => `canary ${count++} said "hi"`);
        expect(watch.tracing.spans().length).to.be.at.least(calls);
        await watch.expectNone();
      });

      it('in words that look like identifiers, except in the attributes of ids', async () => {
        watch.start(way);
        await callEach(() => 'canary_4711');
        await watch.expectNone((attribute) => IDS.test(attribute));
      });
    });
  }
}

/**
 * Makes calls of all operations, with each of their inputs and answers.
 *
 * @param answerWith sets the next answer of the endpoint.
 * @returns how many.
 */
export async function callAll(
  { operations, createClient }: Service,
  endpoint: string,
  answerWith: (answer: SimulatedResponse | undefined) => void,
  text: TextAt,
): Promise<number> {
  // The SDK does not close the connection of a stream that has thrown, so each round has a client of its own.
  const client = createClient(endpoint);
  let count = 0;
  for (const operation of operations) {
    const inputs = operation.inputs(text);
    const answers = operation.answers(text);
    for (let index = 0; index < Math.max(inputs.length, answers.length); index++) {
      answerWith(answers[index % answers.length]);
      count++;
      const command = new operation.Command(inputs[index % inputs.length] as never);
      await client
        .send(command)
        .then(readAll)
        .catch(() => undefined);
    }
  }
  client.destroy();
  return count;
}

/** What must not depend on whether content is recorded. */
function skeleton(span: ReadableSpan, _index: number, all: readonly ReadableSpan[]): Attributes {
  const parent = all.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
  const figures = Object.entries(span.attributes).filter(([, value]) => typeof value === 'number');
  return {
    operation: span.attributes['gen_ai.operation.name'],
    kind: span.kind,
    parent: parent?.attributes['gen_ai.operation.name'],
    status: span.status.code,
    ...Object.fromEntries(figures.filter(([name]) => !name.endsWith('time_to_first_chunk'))),
  };
}

/** Reads the streams of an answer to their ends. */
async function readAll(output: unknown): Promise<void> {
  for (const value of Object.values(output as object)) {
    if (typeof value !== 'object' || value === null) continue;
    // A body of bytes, whose connection is in use until it has been read.
    if ('transformToString' in value) await (value as { transformToString(): Promise<string> }).transformToString();
    else if (Symbol.asyncIterator in value) for await (const _part of value as AsyncIterable<unknown>);
  }
}
