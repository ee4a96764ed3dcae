/** A long stream and a slow consumer: the memory of the instrumentation does not grow with the chunks. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { encodeEvent, type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const CHUNKS = 50_000;
/** Long enough that the whole text is larger than the noise. */
const TEXT = 'A few words. '.repeat(5);
/** Bytes by which the heap of a process with many tests grows without tracing too. A string per chunk would need 4 MB. */
const NOISE = 2 ** 20;

/** Encoded once and sent in large pieces, so that the simulator needs little time. */
function* events(): Generator<StreamEvent | Uint8Array> {
  const delta = { contentBlockIndex: 0, delta: { text: TEXT } };
  const chunk = encodeEvent({ type: 'contentBlockDelta', payload: delta });
  const piece = Buffer.concat(Array.from({ length: 50 }, () => chunk));
  yield { type: 'messageStart', payload: { role: 'assistant' } };
  for (let sent = 0; sent < CHUNKS; sent += 50) yield piece;
  yield { type: 'messageStop', payload: { stopReason: 'end_turn' } };
  const usage = { inputTokens: 1, outputTokens: CHUNKS, totalTokens: CHUNKS + 1 };
  yield { type: 'metadata', payload: { usage, metrics: { latencyMs: 1 } } };
}

describe(`a stream of ${CHUNKS} chunks with a slow consumer`, function () {
  this.timeout(60_000);
  let simulator: Simulator;
  let tracing: Tracing;
  let plain: number;
  before(async () => {
    simulator = await startSimulator({ respond: () => ({ events: events() }) });
    plain = await growth();
  });
  after(() => simulator.close());
  afterEach(() => tracing.close());

  /** The growth of the heap after garbage collection, in bytes, when nearly all of the stream is read. */
  async function growth(): Promise<number> {
    const client = createClient(simulator.url);
    const { stream } = await client.send(new ConverseStreamCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [] }));
    let count = 0;
    let start = 0;
    let end = 0;
    for await (const _event of stream ?? []) {
      count++;
      if (count % 100 === 0) await nextTurn();
      if (count === 1_000) start = heapUsed();
      if (count === CHUNKS - 1_000) end = heapUsed();
    }
    client.destroy();
    expect(count).to.equal(CHUNKS + 3);
    return end - start;
  }

  for (const recordStreamEvents of [false, true]) {
    it(`needs the memory of the answer's text, chunk events ${recordStreamEvents ? 'on' : 'off'}`, async () => {
      // The SDK's default limits: a span keeps 128 events.
      tracing = startTracing({ config: { recordStreamEvents }, spanLimits: {} });
      const traced = await growth();
      const [span] = tracing.spans();
      expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property(
        'output.message.content[0].text',
        TEXT.repeat(CHUNKS),
      );
      expect(span?.events.length).to.equal(recordStreamEvents ? 128 : 0);
      expect(traced - plain).to.be.lessThan(CHUNKS * TEXT.length + NOISE);
    });
  }

  it('needs no memory with content and chunk events off', async () => {
    tracing = startTracing({ config: { recordStreamEvents: false, captureMessageContent: false } });
    const traced = await growth();
    expect(tracing.spans()[0]?.attributes['gen_ai.usage.output_tokens']).to.equal(CHUNKS);
    expect(traced - plain).to.be.lessThan(NOISE);
  });

  it('needs no memory if only metrics record the call', async () => {
    tracing = startTracing({ sampler: new AlwaysOffSampler(), withMetrics: true });
    const traced = await growth();
    const tokens = (await tracing.metrics()).get('gen_ai.client.token.usage') ?? [];
    expect(tokens.map(({ value }) => (value as { sum: number }).sum)).to.include(CHUNKS);
    expect(traced - plain).to.be.lessThan(NOISE);
  });
});

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
