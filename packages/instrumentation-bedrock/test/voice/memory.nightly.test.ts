/** Much audio: neither the memory of the instrumentation nor the record of a session grows with them. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeEvent, type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { createClient, startTracing, type Tracing } from '../support/tracing.js';
import { audioInput, chunk, closing, command, type Json, opening, service } from '../support/voice.js';

/** 32 milliseconds each, as a microphone gives them. Almost three minutes, which the simulator sends in one. */
const INPUT_CHUNKS = 5_000;
/** 100 milliseconds each. */
const OUTPUT_PIECES = 100;
const CHUNKS_PER_PIECE = 50;
const TURNS = 1_000;
/** Bytes by which the heap of a process with many tests grows without tracing, too. */
const NOISE = 3 * 2 ** 20;

const AUDIO = Buffer.alloc(4_800, 7);
const frame = (event: Json): Uint8Array => encodeEvent({ type: 'chunk', payload: { event } });

async function* answer(input: AsyncIterable<unknown>): AsyncGenerator<StreamEvent | Uint8Array> {
  const events = input[Symbol.asyncIterator]();
  const [start, audio, end] = service.audio([AUDIO]);
  yield frame(service.start());
  yield frame(start ?? {});
  const piece = Buffer.concat(Array.from({ length: CHUNKS_PER_PIECE }, () => frame(audio ?? {})));
  for (let sent = 0; sent < OUTPUT_PIECES; sent++) {
    yield piece;
    for (let read = 0; read < INPUT_CHUNKS / OUTPUT_PIECES; read++) await events.next();
  }
  yield frame(end ?? {});
  for (let turn = 0; turn < TURNS; turn++) {
    const texts = [
      ...service.text('USER', 'FINAL', `Question ${turn}`),
      ...service.text('ASSISTANT', 'FINAL', `Answer ${turn}`, 'END_TURN'),
    ];
    yield Buffer.concat(texts.map(frame));
  }
  yield frame(service.usage([1, 2, 3, 4]));
  yield frame(service.end());
}

async function* microphone(): AsyncGenerator<object> {
  const [start, audio, end] = audioInput([Buffer.alloc(1_024, 5)]) as [Json, Json, Json];
  for (const event of [...opening(), start]) yield chunk(event);
  for (let sent = 0; sent < INPUT_CHUNKS; sent++) yield chunk(audio);
  for (const event of [end, ...closing]) yield chunk(event);
}

describe(`a voice session of ${OUTPUT_PIECES * CHUNKS_PER_PIECE} chunks of audio and ${2 * TURNS} turns`, function () {
  this.timeout(120_000);
  let simulator: Simulator;
  let tracing: Tracing | undefined;
  let plain: { growth: number; millis: number };
  before(async () => {
    simulator = await startSimulator({ respond: ({ input }) => ({ events: answer(input ?? microphone()) }) });
    await session();
    plain = await session();
  });
  after(() => simulator.close());
  afterEach(() => tracing?.close());

  /** The growth of the heap while audio flows, and the CPU time of the session. */
  async function session(): Promise<{ growth: number; millis: number }> {
    const client = createClient(simulator.url);
    const cpu = process.cpuUsage();
    const { body } = await client.send(command(microphone()));
    let count = 0;
    let start = 0;
    let end = 0;
    for await (const _event of body ?? []) {
      count++;
      if (count % 100 === 0) await nextTurn();
      if (count === 1_000) start = heapUsed();
      if (count === OUTPUT_PIECES * CHUNKS_PER_PIECE) end = heapUsed();
    }
    client.destroy();
    const { user, system } = process.cpuUsage(cpu);
    return { growth: end - start, millis: (user + system) / 1000 };
  }

  for (const [name, config] of [
    ['content on', {}],
    ['content off', { captureMessageContent: false }],
  ] as [string, BedrockInstrumentationConfig][]) {
    it(`needs no memory for audio with ${name}, and time in proportion`, async () => {
      tracing = startTracing({ config, spanLimits: {} });
      const traced = await session();
      const [span] = tracing.spans();
      expect(span?.status.code).to.equal(0);
      expect(span?.attributes).to.include({
        'aws.bedrock.voice.user_turn.count': TURNS,
        'aws.bedrock.voice.audio.output.duration': (OUTPUT_PIECES * CHUNKS_PER_PIECE) / 10,
        'aws.bedrock.voice.audio.input.duration': (INPUT_CHUNKS * 32) / 1000,
      });
      expect(traced.growth - plain.growth).to.be.lessThan(NOISE);
      // The SDK and the simulator need most of the time. Work that grew with the square of the events would need minutes.
      expect(traced.millis).to.be.lessThan(3 * plain.millis + 1000);
    });
  }
});

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
