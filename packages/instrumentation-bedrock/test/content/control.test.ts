/** Which content of prompts, answers, tools and errors is emitted, in all signals. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import {
  ApplyGuardrailCommand,
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  CountTokensCommand,
  GetAsyncInvokeCommand,
  InvokeGuardrailChecksCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ListAsyncInvokesCommand,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation, type BedrockInstrumentationConfig } from '../../src/index.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const CANARY = 'canary-4711';
const VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';

const CONVERSE = {
  modelId: MODEL,
  system: [{ text: CANARY }],
  messages: [
    { role: 'user', content: [{ text: CANARY }, { image: { format: 'png', source: { bytes: Buffer.from(CANARY) } } }] },
    { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'lookup', input: { query: CANARY } } }] },
    {
      role: 'user',
      content: [{ toolResult: { toolUseId: 't', content: [{ text: CANARY }, { json: { a: CANARY } }] } }],
    },
  ],
  toolConfig: {
    tools: [{ toolSpec: { name: 'lookup', description: CANARY, inputSchema: { json: { title: CANARY } } } }],
  },
  additionalModelRequestFields: { note: CANARY },
  promptVariables: { name: { text: CANARY } },
  // No content: the application labels its requests for invocation logs.
  requestMetadata: { team: 'harbour' },
} as unknown as ConverseCommandInput;

const BODIES: Readonly<Record<string, unknown>> = {
  [MODEL]: {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100,
    system: CANARY,
    messages: [{ role: 'user', content: CANARY }],
    tools: [{ name: 'lookup', description: CANARY, input_schema: { title: CANARY } }],
  },
  'amazon.nova-lite-v1:0': { messages: [{ role: 'user', content: [{ text: CANARY }] }], system: [{ text: CANARY }] },
  'amazon.titan-text-express-v1': { inputText: CANARY, textGenerationConfig: {} },
  'meta.llama3-8b-instruct-v1:0': { prompt: CANARY },
  'ai21.jamba-1-5-mini-v1:0': { messages: [{ role: 'user', content: CANARY }] },
  'amazon.titan-embed-text-v2:0': { inputText: CANARY },
  'nobody.unknown-v1:0': { anything: CANARY },
};

/** Every operation, with a marker text wherever content can be. The service's answers quote it too. */
async function callEverything(client: BedrockRuntimeClient): Promise<void> {
  const ignore = (): undefined => undefined;
  await client.send(new ConverseCommand(CONVERSE)).catch(ignore);
  const streamed = await client.send(new ConverseStreamCommand(CONVERSE)).catch(ignore);
  await collect(streamed?.stream).catch(ignore);
  for (const [modelId, value] of Object.entries(BODIES)) {
    const body = JSON.stringify(value);
    await client.send(new InvokeModelCommand({ modelId, body })).catch(ignore);
    const stream = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body })).catch(ignore);
    await collect(stream?.body).catch(ignore);
  }
  const guardrail = { guardrailIdentifier: 'g', guardrailVersion: '1', source: 'INPUT' } as const;
  await client.send(new ApplyGuardrailCommand({ ...guardrail, content: [{ text: { text: CANARY } }] })).catch(ignore);
  await client.send(new CountTokensCommand({ modelId: MODEL, input: { converse: CONVERSE } })).catch(ignore);
  const outputDataConfig = { s3OutputDataConfig: { s3Uri: 's3://bucket' } };
  const start = new StartAsyncInvokeCommand({
    modelId: 'amazon.nova-reel-v1:0',
    modelInput: { text: CANARY },
    outputDataConfig,
  });
  await client.send(start).catch(ignore);
  await client
    .send(new GetAsyncInvokeCommand({ invocationArn: 'arn:aws:bedrock:us-east-1:1:async-invoke/a' }))
    .catch(ignore);
  await client.send(new ListAsyncInvokesCommand({})).catch(ignore);
  const embedding = { inputType: 'text', text: { inputText: CANARY } };
  await client
    .send(
      new StartAsyncInvokeCommand({
        modelId: 'twelvelabs.marengo-embed-3-0-v1:0',
        modelInput: embedding,
        outputDataConfig,
      }),
    )
    .catch(ignore);
  const messages = [{ role: 'user' as const, content: [{ text: CANARY }] }];
  const checks = { promptAttack: { categories: [{ category: 'JAILBREAK' as const }] } };
  await client.send(new InvokeGuardrailChecksCommand({ messages, checks })).catch(ignore);
}

async function emitted(tracing: Tracing): Promise<string> {
  const spans = tracing.spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
  const events = tracing.events().map(({ eventName, attributes, body }) => ({ eventName, attributes, body }));
  return JSON.stringify({ spans, events, metrics: [...(await tracing.metrics()).entries()] });
}

describe('content control', () => {
  let simulator: Simulator;
  let failing: Simulator;
  let tracing: Tracing;
  let clients: BedrockRuntimeClient[];
  before(async () => {
    simulator = await startSimulator();
    // The service quotes the request in its errors, as it does for invalid requests.
    failing = await startSimulator({
      respond: () => ({
        status: 400,
        headers: { 'x-amzn-errortype': 'ValidationException' },
        body: { message: `cannot read ${CANARY}` },
      }),
    });
  });
  after(async () => {
    await simulator.close();
    await failing.close();
  });
  beforeEach(() => {
    clients = [
      createClient(simulator.url),
      createClient(failing.url),
      createClient(simulator.endpoint({ scenario: 'mid-stream-error', parameters: { message: CANARY } })),
    ];
  });
  afterEach(async () => {
    for (const client of clients) client.destroy();
    delete process.env[VARIABLE];
    await tracing.close();
  });

  it('keeps all content out of spans, events, metrics and status if it is off', async () => {
    let hookCalls = 0;
    const contentHook = () => void hookCalls++;
    tracing = startTracing({ withMetrics: true, config: { captureMessageContent: false, contentHook } });
    for (const client of clients) await callEverything(client);
    expect(hookCalls, 'content handed to the hook').to.equal(0);
    expect(tracing.spans().length).to.be.greaterThan(60);
    expect(await emitted(tracing)).to.not.include(CANARY);
    expect(await emitted(tracing)).to.not.include(Buffer.from(CANARY).toString('base64'));
  });

  it('follows the strictest of all enabled instrumentations, in any order', async () => {
    const [client] = clients as [BedrockRuntimeClient];
    const remove: BedrockInstrumentationConfig['contentHook'] = ({ value }) =>
      JSON.parse(JSON.stringify(value).replaceAll(CANARY, 'numbat').replaceAll('marked', 'edited'));
    const mark: BedrockInstrumentationConfig['contentHook'] = ({ value }) =>
      JSON.parse(JSON.stringify(value).replaceAll(CANARY, 'marked'));
    const OFF = { captureMessageContent: false };
    const CASES: readonly [BedrockInstrumentationConfig, BedrockInstrumentationConfig, string | undefined][] = [
      [OFF, {}, undefined],
      [{}, OFF, undefined],
      [{ contentHook: remove }, {}, 'numbat'],
      [{}, { contentHook: remove }, 'numbat'],
      // The last one handles the call, so its hook is the first.
      [{ contentHook: remove }, { contentHook: mark }, 'edited'],
      [{ contentHook: () => ({ messages: [{ content: 'invented' }] }) }, { contentHook: () => undefined }, undefined],
    ];
    for (const [first, last, text] of CASES) {
      const other = new BedrockInstrumentation(first);
      other.manuallyInstrument(sdk);
      tracing = startTracing({ config: last });
      await client.send(new ConverseCommand(CONVERSE));
      expect(tracing.spans()).to.have.lengthOf(1);
      const recorded = await emitted(tracing);
      expect(recorded).to.not.include(CANARY);
      if (text === undefined) expect(recorded).to.not.include('gen_ai.input.messages');
      else expect(recorded).to.include(text);
      other.disable();
      await tracing.close();
    }
  });

  it('keeps the content of operations that are newer than this package out of spans', async () => {
    tracing = startTracing();
    const guardrail = { guardrailIdentifier: 'g', guardrailVersion: '1', source: 'INPUT' } as const;
    const command = new ApplyGuardrailCommand({ ...guardrail, content: [{ text: { text: CANARY } }] });
    // The SDK names the operation of a command in its schema.
    const { schema } = command as unknown as { schema: readonly unknown[] };
    Object.defineProperty(command, 'schema', { value: schema.with(2, 'InventPoem') });
    await clients[0]?.send(command);
    const [span] = tracing.spans();
    expect(span?.name).to.equal('invent_poem');
    expect(span?.attributes).to.include({ 'gen_ai.operation.name': 'invent_poem', 'mlflow.spanType': 'LLM' });
    expect(await emitted(tracing)).to.not.include(CANARY);
  });

  it('lets the same search find the content in spans if it is on', async () => {
    tracing = startTracing({ withMetrics: true });
    for (const client of clients) await callEverything(client);
    for (const span of tracing.spans()) {
      const { name, attributes, events, status } = span;
      // The answer about a job does not contain its request, and unknown operations record no content.
      if (/^(?:get_async_invoke|list_async_invokes)/.test(name)) continue;
      expect(JSON.stringify({ attributes, events, status }), name).to.include(CANARY);
    }
    expect(JSON.stringify([...(await tracing.metrics()).entries()])).to.not.include(CANARY);
  });

  it('emits one structured event for each inference and no content on spans with EVENT_ONLY', async () => {
    process.env[VARIABLE] = 'EVENT_ONLY';
    tracing = startTracing();
    const [client] = clients as [BedrockRuntimeClient];
    await client.send(new ConverseCommand(CONVERSE));
    const [event] = tracing.events();
    expect(tracing.events()).to.have.lengthOf(1);
    expect(event?.eventName).to.equal('gen_ai.client.inference.operation.details');
    expect(event?.spanContext?.spanId).to.equal(tracing.spans()[0]?.spanContext().spanId);
    expect(event?.attributes).to.deep.include({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': MODEL });
    expect(event?.attributes['gen_ai.system_instructions']).to.deep.equal([{ type: 'text', content: CANARY }]);
    expect(event?.attributes).to.include.keys('gen_ai.output.messages', 'gen_ai.usage.output_tokens');
    expect(Object.keys(event?.attributes ?? {}).filter((name) => name.startsWith('mlflow.'))).to.deep.equal([]);
    const spans = tracing.spans().map(({ attributes, events, status }) => ({ attributes, events, status }));
    expect(JSON.stringify(spans)).to.not.include(CANARY);
  });

  it('records both with SPAN_AND_EVENT, and a failure as an exception event of severity WARN', async () => {
    process.env[VARIABLE] = 'SPAN_AND_EVENT';
    tracing = startTracing();
    const [client, refused] = clients as [BedrockRuntimeClient, BedrockRuntimeClient];
    await client.send(new ConverseCommand(CONVERSE));
    await refused.send(new ConverseCommand(CONVERSE)).catch(() => undefined);
    expect(tracing.events().map(({ eventName, severityNumber }) => [eventName, severityNumber])).to.deep.equal([
      ['gen_ai.client.inference.operation.details', undefined],
      ['gen_ai.client.operation.exception', 13],
      ['gen_ai.client.inference.operation.details', undefined],
    ]);
    expect(tracing.events()[1]?.attributes).to.include({
      'exception.type': 'ValidationException',
      'exception.message': `cannot read ${CANARY}`,
    });
    expect(json(tracing.spans()[0]!, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: CANARY }]);
  });

  it('keeps media beyond the limit out of spans, with a note of its size', async () => {
    tracing = startTracing({ config: { maxMediaBytes: 2000 } });
    const [client] = clients as [BedrockRuntimeClient];
    const bytes = Buffer.alloc(3000, 7);
    const data = bytes.toString('base64');
    const image = { format: 'png' as const, source: { bytes } };
    await client.send(
      new ConverseCommand({ modelId: MODEL, messages: [{ role: 'user', content: [{ image }, { text: 'See?' }] }] }),
    );
    const source = { type: 'base64', media_type: 'image/png', data };
    const content = [
      { type: 'image', source },
      { type: 'text', text: 'See?' },
    ];
    const body = JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 9,
      messages: [{ role: 'user', content }],
    });
    await client.send(new InvokeModelCommand({ modelId: MODEL, body }));
    const [converse, invoke] = tracing.spans();
    expect(await emitted(tracing)).to.not.include(data.slice(0, 100));
    // MLflow would show a broken image, so a text is in its place.
    expect(json(converse!, 'mlflow.spanInputs')).to.have.nested.property('messages[0].content[0].text', '[image]');
    expect(json(invoke!, 'mlflow.spanInputs')).to.have.nested.property('messages[0].content[0].text', '[image]');
    for (const span of [converse!, invoke!]) {
      expect(json(span, 'gen_ai.input.messages')).to.have.nested.property(
        '[0].parts[0].content',
        '[3000 bytes not recorded]',
      );
    }
    expect(simulator.requests.at(-1)?.body).to.have.nested.property('messages[0].content[0].source.data', data);
  });
});
