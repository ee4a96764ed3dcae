import {
  type BedrockRuntimeClient,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const INPUT = { modelId: MODEL, messages: [{ role: 'user' as const, content: [{ text: 'Tell me a story.' }] }] };

describe('streams', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  beforeEach(() => {
    tracing = startTracing();
  });
  afterEach(async () => {
    client.destroy();
    await tracing.close();
  });

  async function converse(endpoint: string): Promise<AsyncIterable<ConverseStreamOutput>> {
    client = createClient(endpoint);
    const { stream } = await client.send(new ConverseStreamCommand(INPUT));
    return stream!;
  }

  it('become one span with the whole answer, and an event for each chunk', async () => {
    const events = await collect(await converse(simulator.endpoint({ scenario: 'stream', parameters: { chunks: 5 } })));
    const [span] = tracing.spans();
    expect(span?.events.map(({ name }) => name)).to.deep.equal(events.map((event) => Object.keys(event)[0]));
    expect(span?.events.map(({ attributes }) => JSON.parse(String(attributes?.['json'])))).to.deep.equal(
      events.map((event) => JSON.parse(JSON.stringify(Object.values(event)[0]))),
    );
    const text = events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');
    expect(json(span!, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: text }], finish_reason: 'stop' },
    ]);
    expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property('output.message.content[0].text', text);
    expect(span?.attributes['gen_ai.response.time_to_first_chunk']).to.be.greaterThan(0);
    expect(span?.attributes['gen_ai.request.stream']).to.equal(true);
  });

  it('have no chunk events if they are off', async () => {
    tracing.instrumentation.setConfig({ recordStreamEvents: false });
    await collect(await converse(simulator.url));
    expect(tracing.spans()[0]?.events).to.deep.equal([]);
    expect(tracing.spans()[0]?.attributes).to.include.keys('mlflow.spanOutputs');
  });

  it('reach the consumer chunk by chunk, as the service sends them', async () => {
    // The service sends a chunk only after the previous one was consumed, so reading ahead would hang here.
    let release: () => void = () => undefined;
    const paced = await startSimulator({
      respond: () => ({
        events: (async function* (): AsyncGenerator<StreamEvent> {
          yield { type: 'messageStart', payload: { role: 'assistant' } };
          for (const text of ['one', 'two', 'three']) {
            const consumed = new Promise<void>((resolve) => {
              release = resolve;
            });
            yield { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text } } };
            await consumed;
          }
          yield { type: 'messageStop', payload: { stopReason: 'end_turn' } };
          const usage = { inputTokens: 1, outputTokens: 3, totalTokens: 4 };
          yield { type: 'metadata', payload: { usage, metrics: { latencyMs: 1 } } };
        })(),
      }),
    });
    const texts: string[] = [];
    for await (const event of await converse(paced.url)) {
      if (!event.contentBlockDelta) continue;
      texts.push(event.contentBlockDelta.delta?.text ?? '');
      expect(tracing.spans()).to.have.lengthOf(0);
      release();
    }
    await paced.close();
    expect(texts).to.deep.equal(['one', 'two', 'three']);
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('end their span on an early break, with the chunks so far and no error', async () => {
    const endpoint = simulator.endpoint({ scenario: 'stream', parameters: { chunks: 50 } });
    let text = '';
    for await (const event of await converse(endpoint)) {
      text += event.contentBlockDelta?.delta?.text ?? '';
      if (text !== '') break;
    }
    const [span] = tracing.spans();
    expect(span?.status.code).to.equal(SpanStatusCode.UNSET);
    expect(json(span!, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: text }], finish_reason: 'error' },
    ]);
    expect(span?.attributes).to.not.have.any.keys('gen_ai.response.finish_reasons', 'gen_ai.usage.input_tokens');
  });

  it('end their span when the consumer throws', async () => {
    const stream = await converse(simulator.endpoint({ scenario: 'stream', parameters: { chunks: 50 } }));
    const failure = new Error('consumer is broken');
    const thrown = await (async () => {
      for await (const _event of stream) throw failure;
    })().catch((error: unknown) => error);
    expect(thrown).to.equal(failure);
    expect(tracing.spans()).to.have.lengthOf(1);
    expect(tracing.spans()[0]?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('end their span when they are collected unread', async () => {
    const { gc } = globalThis;
    expect(gc, 'mocha must run with --expose-gc').to.be.a('function');
    const ended = new Promise<ReadableSpan>((resolve) => {
      const wait = setInterval(() => {
        gc?.();
        const [span] = tracing.spans();
        if (!span) return;
        clearInterval(wait);
        resolve(span);
      }, 5);
    });
    await (async () => void (await converse(simulator.url)))();
    expect((await ended).name).to.equal(`chat ${MODEL}`);
  });

  it('are recorded whole if another iterator was created and dropped before', async () => {
    const stream = await converse(simulator.url);
    stream[Symbol.asyncIterator]();
    for (let turn = 0; turn < 5; turn++) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const events = await collect(stream);
    expect(tracing.spans()[0]?.events).to.have.lengthOf(events.length);
    expect(tracing.spans()[0]?.attributes).to.include.keys('gen_ai.usage.output_tokens');
  });

  it('that are left early have no output tokens: the count so far is not final', async () => {
    client = createClient(simulator.url);
    const { body } = await client.send(
      new InvokeModelWithResponseStreamCommand({
        modelId: MODEL,
        body: JSON.stringify({ anthropic_version: 'a', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }),
      }),
    );
    for await (const _event of body ?? []) break;
    const [span] = tracing.spans();
    expect(span?.attributes['gen_ai.usage.input_tokens']).to.be.greaterThan(0);
    expect(span?.attributes).to.not.have.any.keys('gen_ai.usage.output_tokens', 'mlflow.chat.tokenUsage');
  });

  it('end their span when the instrumentation is disabled', async () => {
    const iterator = (await converse(simulator.url))[Symbol.asyncIterator]();
    await iterator.next();
    tracing.instrumentation.disable();
    expect(tracing.spans()).to.have.lengthOf(1);
    const rest = await collect({ [Symbol.asyncIterator]: () => iterator });
    expect(rest).to.not.have.lengthOf(0);
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  for (const [name, endpointOf, type] of [
    [
      'an exception in mid-stream',
      { scenario: 'mid-stream-error', parameters: { after: 3 } },
      'ModelStreamErrorException',
    ],
    ['an error frame', { scenario: 'error-frame', parameters: { after: 3 } }, 'InternalFailure'],
  ] as const) {
    it(`throw ${name} unchanged; the span is ERROR with the chunks so far`, async () => {
      tracing.instrumentation.disable();
      const plain = await readUntilError(await converse(simulator.endpoint(endpointOf)));
      tracing.instrumentation.enable();
      const traced = await readUntilError(await converse(simulator.endpoint(endpointOf)));
      expect(traced).to.deep.equal(plain);
      expect(traced.error?.name).to.equal(type);
      const [span] = tracing.spans();
      expect(tracing.spans()).to.have.lengthOf(1);
      expect(span?.status.code).to.equal(SpanStatusCode.ERROR);
      expect(span?.attributes['error.type']).to.equal(type);
      expect(span?.events.at(-1)?.name).to.equal('exception');
      expect(json(span!, 'gen_ai.output.messages')).to.deep.equal([
        { role: 'assistant', parts: [{ type: 'text', content: traced.text }], finish_reason: 'error' },
      ]);
    });
  }

  for (const [scenario, type, thrown] of [
    ['reset', 'ERR_HTTP2_STREAM_ERROR', true],
    ['truncated', 'incomplete_stream', false],
  ] as const) {
    it(`that are ${scenario} are ERROR with the chunks so far, and ${thrown ? 'throw' : 'end'} as without tracing`, async () => {
      const endpoint = simulator.endpoint({ scenario, parameters: { after: 3 } });
      tracing.instrumentation.disable();
      const plain = await readUntilError(await converse(endpoint));
      tracing.instrumentation.enable();
      const traced = await readUntilError(await converse(endpoint));
      expect(traced).to.deep.equal(plain);
      expect(traced.error !== undefined).to.equal(thrown);
      const [span] = tracing.spans();
      expect(span?.status.code).to.equal(SpanStatusCode.ERROR);
      expect(span?.attributes['error.type']).to.equal(type);
      expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property('output.message.content[0].text', traced.text);
    });
  }

  it('of InvokeModel show the folded body and the model’s own chunks', async () => {
    client = createClient(simulator.url);
    const { body } = await client.send(
      new InvokeModelWithResponseStreamCommand({
        modelId: MODEL,
        body: JSON.stringify({
          anthropic_version: 'bedrock-2023-05-31',
          max_tokens: 100,
          messages: [{ role: 'user', content: 'What is the capital of France?' }],
        }),
      }),
    );
    await collect(body);
    const [span] = tracing.spans();
    expect(span?.events[0]?.name).to.equal('message_start');
    expect(span?.events.at(-1)?.name).to.equal('message_stop');
    expect(JSON.parse(String(span?.events.at(-1)?.attributes?.['json']))).to.include.keys(
      'amazon-bedrock-invocationMetrics',
    );
    const output = json(span!, 'mlflow.spanOutputs') as { content: unknown[]; stop_reason: string };
    expect(output.stop_reason).to.equal('end_turn');
    expect(output.content).to.have.lengthOf(1);
    expect(span?.attributes['mlflow.spanType']).to.equal('LLM');
  });
});

async function readUntilError(
  stream: AsyncIterable<ConverseStreamOutput>,
): Promise<{ text: string; error?: { name: string; message: string } }> {
  let text = '';
  try {
    for await (const event of stream) text += event.contentBlockDelta?.delta?.text ?? '';
    return { text };
  } catch (error) {
    const { name, message } = error as Error;
    return { text, error: { name, message } };
  }
}
