/** `maxRecordLength`: what is recorded of one call is bounded, and the application sees no difference. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { JsonObject, JsonValue } from '../../src/data/json.js';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const CLAUDE = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const LIMIT = 40_000;
const WORDS = 'A few words that are “quoted”.\n';
const LONG = WORDS.repeat(2000);
const USAGE = { inputTokens: 7, outputTokens: 9, totalTokens: 16 };
const CUT = /… \[\d+ more characters? not recorded\]/;

/** Noise of a fixed kind, so that its base64 has all kinds of characters. */
function picture(bytes: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 89 + index / 7 + seed) % 256));
}

/** The characters of all attributes and events. */
function lengthOf(span: ReadableSpan | undefined): number {
  const { attributes = {}, events = [], status } = span ?? {};
  const values = [...Object.values(attributes), ...events.flatMap((event) => Object.values(event.attributes ?? {}))];
  return values.reduce<number>((sum, value) => sum + String(value).length, String(status?.message ?? '').length);
}

describe('maxRecordLength', () => {
  let simulator: Simulator;
  let response: SimulatedResponse;
  let client: sdk.BedrockRuntimeClient;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator({ respond: () => response });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });
  afterEach(() => tracing.close());

  function trace(config: BedrockInstrumentationConfig = {}): void {
    tracing = startTracing({ config: { maxRecordLength: LIMIT, ...config } });
  }

  /** Sends the command and returns its span, which must be within the limit. */
  async function spanOf(send: () => Promise<unknown>): Promise<ReadableSpan> {
    await send();
    const span = tracing.spans().at(-1);
    expect(lengthOf(span)).to.be.lessThan(LIMIT + 1500); // Figures are not counted.
    return span!;
  }

  const converse = (messages: sdk.Message[]) => (): Promise<unknown> =>
    client.send(new sdk.ConverseCommand({ modelId: CLAUDE, messages }));
  const invoke = (modelId: string, body: JsonValue) => (): Promise<unknown> =>
    client.send(new sdk.InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  const user = (...content: sdk.ContentBlock[]): sdk.Message => ({ role: 'user', content });

  const answer = (text: string): SimulatedResponse => ({
    body: { output: { message: { role: 'assistant', content: [{ text }] } }, stopReason: 'end_turn', usage: USAGE },
  });

  it('cuts the longest texts, the same in both forms, and nothing else', async () => {
    response = answer(LONG);
    trace();
    const span = await spanOf(converse([user({ text: LONG }), { role: 'assistant', content: [{ text: WORDS }] }]));
    expect(lengthOf(span)).to.be.greaterThan(LIMIT * 0.9);
    const input = json(span, 'gen_ai.input.messages') as JsonObject[];
    const shown = json(span, 'mlflow.spanInputs') as { messages: { content: { text: string }[] }[] };
    const [first, second] = shown.messages.map(({ content }) => content[0]?.text);
    expect(input).to.have.nested.property('[0].parts[0].content', first);
    expect(first).to.match(CUT);
    expect(second).to.equal(WORDS);
    expect(json(span, 'mlflow.spanOutputs')).to.deep.include({ stopReason: 'end_turn', usage: USAGE });
    expect(JSON.stringify(json(span, 'gen_ai.output.messages'))).to.match(CUT);
    expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 9 });
  });

  it('records all of a call that is within the limit', async () => {
    response = answer(WORDS);
    trace();
    const span = await spanOf(converse([user({ text: WORDS.repeat(300) })]));
    expect(JSON.stringify(span.attributes)).to.not.include('not recorded');
  });

  it('records figures and notes only if it is 0, and all content if it is Infinity', async () => {
    response = answer(LONG);
    trace({ maxRecordLength: 0 });
    const span = await spanOf(converse([user({ text: LONG })]));
    expect(lengthOf(span)).to.be.lessThan(1500);
    expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 9 });
    expect(json(span, 'mlflow.spanInputs')).to.match(/^\[content of \d+ characters not recorded\]$/);
    await tracing.close();
    trace({ maxRecordLength: 0 });
    const system = [{ text: 'Be brief.' }];
    const promptVariables = { port: { text: 'Bergen' } };
    await client.send(new sdk.ConverseCommand({ modelId: CLAUDE, system, promptVariables, messages: [] }));
    const { attributes } = tracing.spans()[0]!;
    const note = /^\[content of \d+ characters not recorded\]$/;
    expect(JSON.parse(String(attributes['gen_ai.system_instructions']))[0].content).to.match(note);
    expect(attributes['gen_ai.prompt.variable.port']).to.match(note);
    await tracing.close();
    trace({ maxRecordLength: Number.POSITIVE_INFINITY });
    await converse([user({ text: LONG })])();
    expect(json(tracing.spans()[0]!, 'gen_ai.input.messages')).to.have.nested.property('[0].parts[0].content', LONG);
  });

  it('leaves out no more media than it must, the first ones first', async () => {
    response = answer(WORDS);
    trace({ contentFormats: ['mlflow'] });
    const images = Array.from({ length: 8 }, (_, index) => picture(6001, index));
    const span = await spanOf(
      converse([user(...images.map((bytes) => ({ image: { format: 'png' as const, source: { bytes } } })))]),
    );
    const shown = JSON.stringify(json(span, 'mlflow.spanInputs'));
    const kept = images.map((image) => shown.includes(image.toString('base64')));
    expect(kept).to.deep.equal([false, false, false, false, true, true, true, true]);
    expect(shown.split('[6001 bytes not recorded]')).to.have.lengthOf(5);
  });

  it('holds for each form alone, and for bodies of every format', async () => {
    const args = { text: LONG, id: 4 };
    const call = { id: 'c', type: 'function', function: { name: 'weather', arguments: JSON.stringify(args) } };
    const bodies: readonly (readonly [string, JsonValue])[] = [
      [CLAUDE, { max_tokens: 5, messages: [{ role: 'user', content: LONG }] }],
      ['meta.llama3-8b-instruct-v1:0', { prompt: LONG }],
      ['amazon.titan-image-generator-v2:0', { inPaintingParams: { image: picture(50_000, 1).toString('base64') } }],
      ['openai.gpt-oss-120b-1:0', { messages: [{ role: 'assistant', content: null, tool_calls: [call] }] }],
      ['nobody.unknown-v1:0', { anything: LONG }],
    ];
    response = { body: { anything: LONG } };
    for (const contentFormats of [['gen_ai'], ['mlflow'], ['gen_ai', 'mlflow']] as const) {
      for (const [modelId, body] of bodies) {
        trace({ contentFormats });
        const { attributes } = await spanOf(invoke(modelId, body));
        for (const [name, value] of Object.entries(attributes)) {
          if (/messages$|span(?:In|Out)puts$/.test(name)) expect(() => JSON.parse(String(value)), name).to.not.throw();
        }
        await tracing.close();
      }
    }
    trace();
    const span = await spanOf(invoke('openai.gpt-oss-120b-1:0', bodies[3]?.[1] ?? null));
    expect(json(span, 'gen_ai.input.messages')).to.have.nested.property('[0].parts[0].arguments.id', 4);
    const llama = await spanOf(invoke('meta.llama3-8b-instruct-v1:0', { prompt: LONG }));
    const { body } = json(llama, 'mlflow.spanInputs') as { body: string };
    expect(JSON.parse(body).prompt).to.match(CUT);
  });

  it('holds for operations that are no inference, and for log events', async () => {
    response = { body: { usage: {}, action: 'NONE', outputs: [{ text: LONG }], assessments: [] } };
    trace();
    const content = [{ text: { text: LONG } }];
    const guardrail = { guardrailIdentifier: 'g', guardrailVersion: '1', source: 'INPUT' as const, content };
    const span = await spanOf(() => client.send(new sdk.ApplyGuardrailCommand(guardrail)));
    expect(json(span, 'mlflow.spanInputs')).to.have.nested.property('content[0].text.text').that.matches(CUT);
    await tracing.close();

    response = answer(LONG);
    process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'] = 'EVENT_ONLY';
    trace();
    delete process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'];
    await spanOf(converse([user({ text: LONG })]));
    const [event] = tracing.events();
    expect(JSON.stringify(event?.attributes).length).to.be.within(LIMIT * 0.8, LIMIT + 1500);
    expect(event?.attributes['gen_ai.input.messages'])
      .to.have.nested.property('[0].parts[0].content')
      .that.matches(CUT);
  });

  it('holds for characters that are longer in JSON, and for texts that are longer than a string can be', async () => {
    response = answer('\u0001'.repeat(50_000));
    trace();
    const span = await spanOf(converse([user({ text: `\u0001${LONG}` })]));
    expect(JSON.stringify(json(span, 'gen_ai.output.messages'))).to.match(CUT);
    const stringify = JSON.stringify;
    JSON.stringify = (value: unknown, ...more: []): string => {
      // The SDK writes no text by itself.
      if (typeof value === 'string' && value.length > 100_000) throw new RangeError('Invalid string length');
      return stringify(value, ...more);
    };
    try {
      const shorter = await spanOf(converse([user({ text: LONG.repeat(3) })]));
      expect(String(shorter.attributes['mlflow.spanInputs'])).to.match(CUT);
    } finally {
      JSON.stringify = stringify;
    }
  });

  it('replaces values of too many parts by notes of the same shape', async () => {
    response = { body: { content: Array.from({ length: 5000 }, () => ({ type: 'text', text: 'word' })) } };
    trace();
    const messages = Array.from({ length: 5000 }, () => ({ role: 'user', content: 'word' }));
    const tools = Array.from({ length: 500 }, (_, index) => ({ name: `tool${index}`, input_schema: {} }));
    const span = await spanOf(invoke(CLAUDE, { messages, system: WORDS, tools }));
    const note = /^\[content of \d+ characters not recorded\]$/;
    expect(json(span, 'gen_ai.input.messages')).to.have.nested.property('[0].parts[0].content').that.matches(note);
    expect(json(span, 'gen_ai.output.messages')).to.have.nested.property('[0].parts[0].content').that.matches(note);
    expect(json(span, 'mlflow.spanInputs')).to.match(note);
    expect(json(span, 'gen_ai.system_instructions')).to.have.nested.property('[0].content', WORDS);
  });

  it('holds for stop sequences and prompt variables, whatever their number and their names', async () => {
    response = answer(WORDS);
    trace({ contentFormats: ['gen_ai'] });
    const many = Array.from({ length: 4000 }, (_, index) => `stop sequence ${index}`);
    const span = await spanOf(() =>
      client.send(new sdk.ConverseCommand({ modelId: CLAUDE, messages: [], inferenceConfig: { stopSequences: many } })),
    );
    const [note] = span.attributes['gen_ai.request.stop_sequences'] as string[];
    expect(note).to.match(/^\[content of \d+ characters not recorded\]$/);

    const promptVariables = Object.fromEntries(
      [`city${'y'.repeat(LIMIT)}`, ...many].map((name) => [name.replaceAll(' ', ''), { text: 'Words. '.repeat(12) }]),
    );
    const modelId = 'arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT1234:1';
    const prompt = await spanOf(() => client.send(new sdk.ConverseCommand({ modelId, promptVariables })));
    expect(Object.keys(prompt.attributes).join('').length).to.be.lessThan(LIMIT);
  });

  it('shortens facts that no API accepts or returns', async () => {
    const words = Array.from({ length: 5000 }, (_, index) => `reason${index}`);
    response = {
      body: {
        id: 'i'.repeat(200_000),
        model: 'm'.repeat(200_000),
        choices: words.map((word, index) => ({ index, finish_reason: word, message: { content: 'a' } })),
        usage: { prompt_tokens: 7, completion_tokens: 9 },
      },
    };
    trace();
    await invoke('openai.gpt-oss-120b-1:0', { messages: [] })();
    const { attributes } = tracing.spans()[0]!;
    const { 'gen_ai.response.finish_reasons': reasons } = attributes;
    expect((reasons as string[])[0]).to.equal('reason0');
    expect((reasons as string[]).at(-1)).to.match(/^\[\d+ more not recorded\]$/);
    for (const value of Object.values(attributes)) expect(String(value).length).to.be.lessThan(LIMIT / 2);
    expect(attributes).to.include({ 'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 9 });
  });

  it('cuts messages of errors', async () => {
    response = { status: 400, body: { message: LONG } };
    trace();
    const span = await spanOf(() => converse([user({ text: LONG })])().catch(() => undefined));
    expect(span.status.message).to.match(CUT);
    expect(json(span, 'mlflow.spanInputs')).to.have.nested.property('messages[0].content[0].text').that.matches(CUT);
  });

  describe('of a stream', () => {
    const CHUNKS = 3000;
    const delta = { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: WORDS } } };
    const converseStream: SimulatedResponse = {
      events: [
        { type: 'messageStart', payload: { role: 'assistant' } },
        ...Array.from({ length: CHUNKS }, () => delta),
        { type: 'contentBlockStop', payload: { contentBlockIndex: 0 } },
        { type: 'messageStop', payload: { stopReason: 'end_turn' } },
        { type: 'metadata', payload: { usage: USAGE, metrics: { latencyMs: 1 } } },
      ],
    };
    const claudeStream: SimulatedResponse = {
      events: [
        { type: 'message_start', message: { id: 'm', role: 'assistant', content: [], usage: { input_tokens: 7 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        ...Array.from({ length: CHUNKS }, () => {
          return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: WORDS } };
        }),
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
        { type: 'message_stop' },
      ].map((payload) => ({ type: 'chunk', payload })),
    };
    const STREAMS: readonly (readonly [string, SimulatedResponse, () => Promise<unknown[]>])[] = [
      [
        'ConverseStream',
        converseStream,
        async () =>
          collect((await client.send(new sdk.ConverseStreamCommand({ modelId: CLAUDE, messages: [] }))).stream),
      ],
      [
        'InvokeModelWithResponseStream',
        claudeStream,
        async () =>
          collect(
            (await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body: '{}' }))).body,
          ),
      ],
    ];

    for (const [name, stream, read] of STREAMS) {
      it(`drops the text beyond it, and keeps figures and finish reason: ${name}`, async () => {
        response = stream;
        trace();
        let events: unknown[] = [];
        const span = await spanOf(async () => {
          events = await read();
        });
        expect(events).to.have.lengthOf(Array.isArray(stream.events) ? stream.events.length : 0);
        expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 9 });
        expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['end_turn']);
        expect(span.status.code).to.equal(0);
        const [{ parts }] = json(span, 'gen_ai.output.messages') as [{ parts: [{ content: string }] }];
        expect(parts[0].content).to.match(/not recorded\]$/);
        expect(parts[0].content.startsWith(WORDS.repeat(100))).to.equal(true);

        // Chunk events can have a quarter of the record.
        expect(span.events.length).to.be.within(20, 400);
        const notes = span.events.map(({ attributes }) => String(attributes?.['json']));
        expect(notes.at(-1)).to.equal(`"[${events.length - span.events.length + 1} more chunks not recorded]"`);
      });
    }

    it('counts only the chunk events that the span keeps', async () => {
      response = converseStream;
      tracing = startTracing({ config: { maxRecordLength: LIMIT }, spanLimits: {} });
      const span = await spanOf(async () => STREAMS[0]?.[2]());
      const last = span.events.map((event) => event.name).slice(-3);
      expect(last).to.deep.equal(['contentBlockStop', 'messageStop', 'metadata']);
      expect(span.events).to.have.lengthOf(128);
    });
  });
});
