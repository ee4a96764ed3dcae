/** Conversations with all that MLflow's chat view can show. */

import {
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type Message,
} from '@aws-sdk/client-bedrock-runtime';
import { type StreamEvent, startSimulator } from 'bedrock-simulator';
import type { Tracing } from './tracing.js';

export const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
export const CLAUDE = 'anthropic.claude-3-haiku-20240307-v1:0';
export const NOVA = 'amazon.nova-lite-v1:0';
export const JAMBA = 'ai21.jamba-1-5-mini-v1:0';

const SYSTEM = 'You keep bees.';
const QUESTION = 'When do they swarm?';
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Makes a call in each format, the streams first. */
export async function runConversations(tracing: Tracing, endpoint: string): Promise<void> {
  const streams = await startSimulator({
    respond: ({ operation }) => ({ events: operation === 'ConverseStream' ? CONVERSE_ANSWER : CLAUDE_ANSWER }),
  });
  try {
    const streaming = tracing.client(streams.url);
    const { stream } = await streaming.send(
      new ConverseStreamCommand({ modelId: SONNET, system: [{ text: SYSTEM }], messages: CONVERSE_MESSAGES }),
    );
    for await (const _event of stream ?? []);
    const claude = new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body: JSON.stringify(CLAUDE_REQUEST) });
    for await (const _event of (await streaming.send(claude)).body ?? []);
  } finally {
    await streams.close();
  }
  const client = tracing.client(endpoint);
  const system = 'You know all capitals.';
  const question = 'What is the capital of France?';
  const bodies = {
    [NOVA]: { system: [{ text: system }], messages: [{ role: 'user', content: [{ text: question }] }] },
    [JAMBA]: {
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: question },
      ],
    },
  };
  for (const [modelId, body] of Object.entries(bodies)) {
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  }
}

const CONVERSE_MESSAGES: Message[] = [
  { role: 'user', content: [{ text: QUESTION }] },
  {
    role: 'assistant',
    content: [
      { reasoningContent: { reasoningText: { text: 'The hive knows.', signature: 'c2lnbmVk' } } },
      { toolUse: { toolUseId: 't1', name: 'read_hive', input: { side: 'north' } } },
    ],
  },
  { role: 'user', content: [{ toolResult: { toolUseId: 't1', content: [{ text: 'brood: 9 frames' }] } }] },
  {
    role: 'assistant',
    content: [{ citationsContent: { content: [{ text: 'Swarms leave in May.' }], citations: [{ title: 'Bees' }] } }],
  },
  { role: 'user', content: [{ text: 'And here?' }] },
];

const CONVERSE_ANSWER: StreamEvent[] = [
  { type: 'messageStart', payload: { role: 'assistant' } },
  {
    type: 'contentBlockDelta',
    payload: { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Nine frames are full.' } } },
  },
  { type: 'contentBlockStop', payload: { contentBlockIndex: 0 } },
  { type: 'contentBlockDelta', payload: { contentBlockIndex: 1, delta: { text: 'Next week.' } } },
  { type: 'contentBlockStop', payload: { contentBlockIndex: 1 } },
  { type: 'messageStop', payload: { stopReason: 'end_turn' } },
  { type: 'metadata', payload: { usage: { inputTokens: 90, outputTokens: 12, totalTokens: 102 } } },
];

const CLAUDE_REQUEST = {
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  system: SYSTEM,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: QUESTION },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        // The chat view cannot show documents.
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Bees' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 't1', name: 'read_hive', input: { side: 'north' } },
        { type: 'tool_use', id: 't2', name: 'read_hive', input: { side: 'south' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'brood: 9 frames' }] },
        { type: 'tool_result', tool_use_id: 't2', content: 'no such hive', is_error: true },
      ],
    },
  ],
};

const CLAUDE_ANSWER: StreamEvent[] = [
  {
    type: 'message_start',
    message: {
      id: 'm1',
      type: 'message',
      role: 'assistant',
      content: [],
      usage: { input_tokens: 90, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Nine frames are full.' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Next week.' } },
  { type: 'content_block_stop', index: 1 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 12 } },
  { type: 'message_stop' },
].map((payload) => ({ type: 'chunk', payload }));
