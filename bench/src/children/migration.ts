/** Makes two calls with this project's instrumentation and another one side by side, and writes the spans of both. */

import { Readable } from 'node:stream';
import { finish, readJob } from '../child.js';
import { loadPeer } from '../install.js';
import type { Peer } from '../migration.js';
import { INSTRUMENTATIONS } from '../variants.js';
import { plainSpan, recordSpans } from './migration-spans.js';

const MODEL = 'anthropic.claude-sonnet-4-20250514-v1:0';
const TOOL = { name: 'get_weather', description: 'Returns the weather.' };

const CONVERSE = {
  modelId: MODEL,
  system: [{ text: 'Be brief.' }],
  messages: [{ role: 'user', content: [{ text: 'How is the weather in Paris?' }] }],
  inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
  toolConfig: { tools: [{ toolSpec: { ...TOOL, inputSchema: { json: { type: 'object' } } } }] },
};
const CONVERSE_ANSWER = {
  output: {
    message: {
      role: 'assistant',
      content: [
        { text: 'Let me look.' },
        { toolUse: { toolUseId: 'tool-1', name: TOOL.name, input: { city: 'Paris' } } },
      ],
    },
  },
  stopReason: 'tool_use',
  usage: { inputTokens: 20, outputTokens: 10, totalTokens: 35, cacheReadInputTokens: 5 },
  metrics: { latencyMs: 9 },
};
const INVOKE_MODEL = {
  modelId: MODEL,
  contentType: 'application/json',
  body: JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100,
    temperature: 0.5,
    top_p: 0.9,
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    tools: [{ ...TOOL, input_schema: { type: 'object' } }],
  }),
};
const INVOKE_MODEL_ANSWER = {
  id: 'msg_1',
  type: 'message',
  model: 'claude-sonnet-4',
  role: 'assistant',
  content: [{ type: 'text', text: 'Paris.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 20, output_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 2 },
};

const peer = await readJob<Peer>();
const { memory, provider } = recordSpans();
// The instrumentations must exist before the SDK is loaded. The package of openinference loads it.
const instrumentations = (['this project', peer] as const).map((subject) => {
  const { packageName, className } = INSTRUMENTATIONS[subject];
  return new (loadPeer(packageName)[className])({});
});
for (const instrumentation of instrumentations) instrumentation.setTracerProvider(provider);
const sdk = loadPeer('@aws-sdk/client-bedrock-runtime');
await createClient(CONVERSE_ANSWER).send(new sdk.ConverseCommand(CONVERSE));
await createClient(INVOKE_MODEL_ANSWER).send(new sdk.InvokeModelCommand(INVOKE_MODEL));
// An instrumentation may end its span a little after the call.
while (memory.getFinishedSpans().length < 4) await new Promise(setImmediate);
finish(memory.getFinishedSpans().map(plainSpan));

function createClient(answer: object): { send(command: unknown): Promise<unknown> } {
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': 'request-1' };
  const handle = async () => ({
    response: { statusCode: 200, headers, body: Readable.from([Buffer.from(JSON.stringify(answer))]) },
  });
  return new sdk.BedrockRuntimeClient({
    region: 'us-east-1',
    token: { token: 'bench' },
    authSchemePreference: ['httpBearerAuth'],
    requestHandler: { handle },
  });
}
