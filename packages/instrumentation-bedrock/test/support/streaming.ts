/** The operations with a stream of events, of all clients, for scenarios that hold for each of them. */

import { createRequire } from 'node:module';
import * as agentRuntime from '@aws-sdk/client-bedrock-agent-runtime';
import * as agentCore from '@aws-sdk/client-bedrock-agentcore';
import * as runtime from '@aws-sdk/client-bedrock-runtime';
import type { ReceivedRequest, SimulatedResponse, StreamEvent } from 'bedrock-simulator';

/** What the scenarios use of a client of any service. */
export interface StreamingClient {
  readonly middlewareStack: unknown;
  send(command: object, ...rest: unknown[]): Promise<object>;
  destroy(): void;
}

export type ClientClass = new (config: never) => object;

export interface StreamingOperation {
  /** An attribute that the span has only if the answer is whole; undefined if no event closes the stream. */
  readonly closing: string | undefined;
  /** @param Client a subclass of the operation's own client. */
  createClient(endpoint: string, config?: object, Client?: ClientClass): StreamingClient;
  createCommand(): object;
  open(client: StreamingClient, options?: object): Promise<AsyncIterable<object>>;
}

interface StreamingOptions {
  readonly Client: ClientClass;
  /** The output's member that is the stream. */
  readonly member: string;
  readonly closing?: string;
  createCommand(): object;
}

function streaming({ Client, member, closing, createCommand }: StreamingOptions): StreamingOperation {
  return {
    closing,
    createCommand,
    createClient(endpoint, config, Subclass = Client) {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const settings = { region: 'us-east-1', endpoint, credentials, maxAttempts: 1, ...config };
      return new Subclass(settings as never) as StreamingClient;
    },
    async open(client, options) {
      const output = await client.send(createCommand(), options);
      return (output as Record<string, AsyncIterable<object>>)[member]!;
    },
  };
}

const modelId = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const messages = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];
const ofRuntime = (library: typeof runtime): Readonly<Record<string, StreamingOperation>> => ({
  ConverseStream: streaming({
    Client: library.BedrockRuntimeClient,
    member: 'stream',
    closing: 'gen_ai.usage.output_tokens',
    createCommand: () => new library.ConverseStreamCommand({ modelId, messages }),
  }),
  InvokeModelWithResponseStream: streaming({
    Client: library.BedrockRuntimeClient,
    member: 'body',
    closing: 'gen_ai.usage.output_tokens',
    createCommand() {
      const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages });
      return new library.InvokeModelWithResponseStreamCommand({ modelId, body });
    },
  }),
});

const AGENT = { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hi' };
const invokeAgent = (library: typeof agentRuntime): StreamingOperation =>
  streaming({
    Client: library.BedrockAgentRuntimeClient,
    member: 'completion',
    closing: 'gen_ai.response.finish_reasons',
    createCommand: () => new library.InvokeAgentCommand(AGENT),
  });

const require = createRequire(import.meta.url);
const oldRuntime = require('client-bedrock-runtime-3-600') as typeof runtime;
const oldAgentRuntime = require('client-bedrock-agent-runtime-3-600') as typeof agentRuntime;
const { BedrockAgentRuntimeClient } = agentRuntime;

export const RUNTIME_STREAMS = ofRuntime(runtime);
export const OLD_RUNTIME_STREAMS = ofRuntime(oldRuntime);

/** Their `completion` is a plain object with nothing but an iterator method. */
export const AGENT_STREAM: Readonly<Record<string, StreamingOperation>> = { InvokeAgent: invokeAgent(agentRuntime) };
/** Its client speaks HTTP/1.1. */
export const OLD_AGENT_STREAM: typeof AGENT_STREAM = { 'InvokeAgent of SDK 3.600': invokeAgent(oldAgentRuntime) };

export const OTHER_STREAMS: Readonly<Record<string, StreamingOperation>> = {
  InvokeInlineAgent: streaming({
    Client: BedrockAgentRuntimeClient,
    member: 'completion',
    createCommand: () =>
      new agentRuntime.InvokeInlineAgentCommand({
        sessionId: 'session-1',
        foundationModel: modelId,
        instruction: 'Answer the questions of people who plan a trip.',
        inputText: 'Hi',
      }),
  }),
  RetrieveAndGenerateStream: streaming({
    Client: BedrockAgentRuntimeClient,
    member: 'stream',
    createCommand: () =>
      new agentRuntime.RetrieveAndGenerateStreamCommand({
        input: { text: 'Hi' },
        retrieveAndGenerateConfiguration: {
          type: 'KNOWLEDGE_BASE',
          knowledgeBaseConfiguration: {
            knowledgeBaseId: 'KB12345678',
            modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${modelId}`,
          },
        },
      }),
  }),
  AgenticRetrieveStream: streaming({
    Client: BedrockAgentRuntimeClient,
    member: 'stream',
    createCommand: () =>
      new agentRuntime.AgenticRetrieveStreamCommand({
        messages: [{ role: 'user', content: { text: 'Hi' } }],
        retrievers: [{ configuration: { knowledgeBase: { knowledgeBaseId: 'KB12345678' } } }],
        agenticRetrieveConfiguration: {
          foundationModelType: 'CUSTOM',
          foundationModelConfiguration: {
            type: 'BEDROCK_FOUNDATION_MODEL',
            bedrockFoundationModelConfiguration: { modelConfiguration: { modelArn: modelId } },
          },
        },
        generateResponse: true,
      }),
  }),
  InvokeFlow: streaming({
    Client: BedrockAgentRuntimeClient,
    member: 'responseStream',
    createCommand: () =>
      new agentRuntime.InvokeFlowCommand({
        flowIdentifier: 'FLOW123456',
        flowAliasIdentifier: 'ALIAS12345',
        inputs: [{ nodeName: 'Input', nodeOutputName: 'document', content: { document: 'Hi' } }],
      }),
  }),
  InvokeHarness: streaming({
    Client: agentCore.BedrockAgentCoreClient,
    member: 'stream',
    createCommand: () =>
      new agentCore.InvokeHarnessCommand({
        harnessArn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/trip-AbCdEf1234',
        runtimeSessionId: 'session-of-thirty-three-characters-1',
        messages,
      }),
  }),
};

/** The classes of the old clients, for `manuallyInstrument()`. */
export const OLD_CLIENTS = {
  BedrockRuntimeClient: oldRuntime.BedrockRuntimeClient,
  BedrockAgentRuntimeClient: oldAgentRuntime.BedrockAgentRuntimeClient,
};

/** The events of an answer with so many pieces of text, by the path of its operation. */
const SCRIPTS: readonly { readonly path: RegExp; events(pieces: readonly string[]): StreamEvent[] }[] = [
  { path: /^\/agents\//, events: (pieces) => pieces.map(chunkOf) },
  {
    path: /^\/retrieveAndGenerateStream$/,
    events: (pieces) => pieces.map((text) => ({ type: 'output', payload: { text } })),
  },
  {
    path: /^\/agenticRetrieveStream$/,
    events: (pieces) => [
      ...pieces.map((text) => ({ type: 'responseEvent', payload: { text } })),
      { type: 'result', payload: { results: [] } },
    ],
  },
  {
    path: /^\/flows\//,
    events: (pieces) => [
      ...pieces.map((document) => ({
        type: 'flowOutputEvent',
        payload: { nodeName: 'Output', nodeType: 'FlowOutputNode', content: { document } },
      })),
      { type: 'flowCompletionEvent', payload: { completionReason: 'SUCCESS' } },
    ],
  },
  {
    path: /^\/harnesses\/invoke/,
    events: (pieces) => [
      { type: 'messageStart', payload: { role: 'assistant' } },
      ...pieces.map((text) => ({ type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text } } })),
      { type: 'messageStop', payload: { stopReason: 'end_turn' } },
      { type: 'metadata', payload: { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } } },
    ],
  },
];

function chunkOf(text: string): StreamEvent {
  return { type: 'chunk', payload: { bytes: Buffer.from(text).toString('base64') } };
}

const FAILURES: Readonly<Record<string, StreamEvent>> = {
  'mid-stream-error': {
    type: 'internalServerException',
    messageType: 'exception',
    payload: { message: 'The service failed.' },
  },
  'error-frame': { type: 'InternalFailure', messageType: 'error', payload: { message: 'The frame failed.' } },
};

/**
 * Answers the agents, flows and knowledge bases of these tests in the simulator's scenarios for streams. Returns undefined
 * for other requests.
 */
export function respondToStreams({ path }: ReceivedRequest): SimulatedResponse | undefined {
  const [, selected = '', ownPath = ''] = /^(?:\/scenario\/([^/]+))?(\/.*)$/.exec(path) ?? [];
  const script = SCRIPTS.find((one) => one.path.test(ownPath));
  if (!script) return undefined;
  const [scenario = '', ...pairs] = selected.split(';');
  const parameters = Object.fromEntries(pairs.map((pair) => pair.split('=')));
  if (scenario === 'hang') return { ending: 'hang' };
  const pieces = Array.from({ length: Number(parameters['chunks'] ?? 6) }, (_, index) => `piece ${index + 1} `);
  const events = script.events(pieces);
  const interval = Number(parameters['interval'] ?? 0);
  const failure = FAILURES[scenario];
  if (!failure) return { events, interval };
  return { events: [...events.slice(0, Number(parameters['after'] ?? 3)), failure], interval };
}
