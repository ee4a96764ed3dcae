/**
 * Makes calls whose finished spans wait. Prints for each scenario how much memory the spans hold, in parts of the content.
 *
 * Arguments: how many calls, and the names of the scenarios.
 */

import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as agentSdk from '@aws-sdk/client-bedrock-agent-runtime';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

const CLAUDE = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const [calls, ...scenarios] = process.argv.slice(2);
const waiting = [];
const processor = {
  onStart: () => undefined,
  onEnd: (span) => waiting.push(span),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
provider.register();
const instrumentation = new BedrockInstrumentation();
instrumentation.manuallyInstrument({ ...sdk, ...agentSdk });
const client = new sdk.BedrockRuntimeClient({});
const agents = new agentSdk.BedrockAgentRuntimeClient({});

let unique = 0;
/** The characters of the base64 of the latest call. */
let sent = 0;
/** No two calls have the same content. */
function text(length) {
  return `Line ${unique++} of a conversation, which is "long".\n`.repeat(length / 45).slice(0, length);
}
function image(bytes) {
  sent += Math.ceil(bytes / 3) * 4;
  return randomBytes(bytes);
}
const history = (count, length) =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ text: text(length) }],
  }));
const plainHistory = (count, length) =>
  history(count, length).map(({ role, content: [{ text }] }) => ({ role, content: text }));
const images = (count, bytes) =>
  Array.from({ length: count }, () => ({ image: { format: 'png', source: { bytes: image(bytes) } } }));
const invoke = (modelId, body) => new sdk.InvokeModelCommand({ modelId, body: JSON.stringify(body) });
const MIB = 2 ** 20;

const SCENARIOS = {
  'Converse, an image': () =>
    new sdk.ConverseCommand({ modelId: CLAUDE, messages: [{ role: 'user', content: images(1, MIB) }] }),
  'Converse, a history': () => new sdk.ConverseCommand({ modelId: CLAUDE, messages: history(80, 2500) }),
  'ConverseStream, a history': () => new sdk.ConverseStreamCommand({ modelId: CLAUDE, messages: history(80, 2500) }),
  'InvokeModel, an image': () => {
    const source = { type: 'base64', media_type: 'image/png', data: image(MIB).toString('base64') };
    return invoke(CLAUDE, { max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'image', source }] }] });
  },
  'InvokeModel, a data URL': () => {
    const image_url = { url: `data:image/png;base64,${image(MIB / 2).toString('base64')}` };
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url }] }];
    return invoke('us.mistral.pixtral-large-2502-v1:0', { messages });
  },
  'InvokeModel, an image in a body that is shown as text': () =>
    invoke('amazon.titan-image-generator-v2:0', {
      inPaintingParams: { text: 'x', image: image(MIB / 2).toString('base64') },
    }),
  'InvokeModel, a history': () => invoke(CLAUDE, { max_tokens: 9, messages: plainHistory(80, 2500) }),
  // The events of the trace are the content of the spans beneath.
  'InvokeAgent, a trace': () =>
    new agentSdk.InvokeAgentCommand({
      agentId: 'AGENT12345',
      agentAliasId: 'ALIAS12345',
      sessionId: 'session-1',
      inputText: text(2500),
      enableTrace: true,
    }),
  'Converse, 20 images and a long history': () =>
    new sdk.ConverseCommand({
      modelId: CLAUDE,
      messages: [{ role: 'user', content: images(20, MIB) }, ...history(500, 10_000)],
    }),
};

/** The characters of the request as JSON, with its bytes as base64. */
function size({ input }) {
  return input.body?.length ?? JSON.stringify(input, (key, value) => (key === 'bytes' ? '' : value)).length + sent;
}

/** Returns the characters of the call as JSON. */
async function call(scenario) {
  sent = 0;
  const command = SCENARIOS[scenario]();
  let content = size(command);
  const isOfAgents = command instanceof agentSdk.InvokeAgentCommand;
  const { stream, completion } = await (isOfAgents ? agents : client).send(command);
  for await (const event of stream ?? completion ?? []) content += JSON.stringify(event).length;
  return content;
}

/** After garbage collection. Buffers and what finalizers hold are freed in a later turn. */
async function memory() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const hasBoth = ({ attributes }) => attributes['gen_ai.input.messages'] && attributes['mlflow.spanInputs'];
for (const scenario of scenarios) {
  let content = 0;
  for (let count = 0; count < Number(calls); count++) content += await call(scenario);
  const spans = waiting.filter(hasBoth).length;
  const before = await memory();
  waiting.length = 0;
  const held = before - (await memory());
  console.log(JSON.stringify({ answer: { scenario, spans, ratio: held / content } }));
}
client.destroy();
agents.destroy();
