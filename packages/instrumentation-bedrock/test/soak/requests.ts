/** The requests: every operation for models, InvokeModel with every family, and calls of agents and knowledge bases. */

import * as agentSdk from '@aws-sdk/client-bedrock-agent-runtime';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { speak } from 'bedrock-simulator';
import { CASES, PLAIN_CASES, QUESTION, TOOL_SCHEMA } from '../support/dialect-cases.js';
import { audioInput, closing, command, opening, sending } from '../support/voice.js';

/** The clients for models and for agents. */
export const CLIENTS = {
  models: sdk.BedrockRuntimeClient,
  agents: agentSdk.BedrockAgentRuntimeClient,
} as const;
export type ClientName = keyof typeof CLIENTS;

export interface SoakRequest {
  readonly name: string;
  readonly client: ClientName;
  /** The member of the output that is the event stream. */
  readonly streamMember: 'stream' | 'body' | 'completion' | undefined;
  createCommand(): object;
}

const CLAUDE = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const CONVERSE: sdk.ConverseCommandInput = {
  modelId: CLAUDE,
  system: [{ text: 'Be brief.' }],
  messages: [{ role: 'user', content: [{ text: QUESTION }] }],
};
const CONVERSE_WITH_TOOL: sdk.ConverseCommandInput = {
  modelId: 'us.amazon.nova-lite-v1:0',
  messages: [{ role: 'user', content: [{ text: 'What is the weather in Paris?' }] }],
  toolConfig: {
    tools: [{ toolSpec: { name: 'get_weather', description: 'Weather', inputSchema: { json: TOOL_SCHEMA } } }],
  },
};
/** Without its trace, an agent has one span. */
const AGENT: agentSdk.InvokeAgentCommandInput = {
  agentId: 'AGENT12345',
  agentAliasId: 'ALIAS12345',
  sessionId: 'soak',
  inputText: QUESTION,
};
const KNOWLEDGE = { knowledgeBaseId: 'KB12345678', modelArn: CLAUDE };
const chats = Object.entries(CASES);
const plain = Object.entries(PLAIN_CASES).flatMap(([name, cases]) =>
  cases.slice(0, 1).map((one) => ({ name, ...one })),
);

export const REQUESTS: readonly SoakRequest[] = [
  answer('Converse', () => new sdk.ConverseCommand(CONVERSE)),
  answer('Converse with a tool', () => new sdk.ConverseCommand(CONVERSE_WITH_TOOL)),
  stream('ConverseStream', 'stream', () => new sdk.ConverseStreamCommand(CONVERSE)),
  stream('ConverseStream with a tool', 'stream', () => new sdk.ConverseStreamCommand(CONVERSE_WITH_TOOL)),
  ...chats.map(([name, { modelId, body }]) =>
    answer(
      `InvokeModel ${name}`,
      () => new sdk.InvokeModelCommand({ modelId, body: JSON.stringify(body), contentType: 'application/json' }),
    ),
  ),
  ...chats
    .filter(([, { hasStream }]) => hasStream !== false)
    .map(([name, { modelId, body }]) =>
      stream(
        `InvokeModelWithResponseStream ${name}`,
        'body',
        () => new sdk.InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) }),
      ),
    ),
  ...plain.map(({ name, modelId, body }) =>
    answer(`InvokeModel ${name}`, () => new sdk.InvokeModelCommand({ modelId, body: JSON.stringify(body) })),
  ),
  stream('InvokeModelWithBidirectionalStream', 'body', () =>
    command(sending([...opening(), ...audioInput([speak(QUESTION)]), ...closing])),
  ),
  answer(
    'ApplyGuardrail',
    () =>
      new sdk.ApplyGuardrailCommand({
        guardrailIdentifier: 'soak',
        guardrailVersion: '1',
        source: 'INPUT',
        content: [{ text: { text: 'a forbidden word' } }],
      }),
  ),
  answer(
    'CountTokens',
    () => new sdk.CountTokensCommand({ modelId: CLAUDE, input: { converse: { messages: CONVERSE.messages } } }),
  ),
  {
    ...stream('InvokeAgent', 'completion', () => new agentSdk.InvokeAgentCommand(AGENT)),
    client: 'agents',
  },
  {
    ...stream(
      'RetrieveAndGenerateStream',
      'stream',
      () =>
        new agentSdk.RetrieveAndGenerateStreamCommand({
          input: { text: QUESTION },
          retrieveAndGenerateConfiguration: { type: 'KNOWLEDGE_BASE', knowledgeBaseConfiguration: KNOWLEDGE },
        }),
    ),
    client: 'agents',
  },
  {
    ...answer(
      'Retrieve',
      () => new agentSdk.RetrieveCommand({ knowledgeBaseId: 'KB12345678', retrievalQuery: { text: QUESTION } }),
    ),
    client: 'agents',
  },
];

function answer(name: string, createCommand: () => object): SoakRequest {
  return { name, client: 'models', streamMember: undefined, createCommand };
}

function stream(
  name: string,
  streamMember: NonNullable<SoakRequest['streamMember']>,
  createCommand: () => object,
): SoakRequest {
  return { name, client: 'models', streamMember, createCommand };
}
