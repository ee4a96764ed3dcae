/** Part 3: what a user waits for, in wall time: of little use on a busy machine. */

import { startSimulator } from 'bedrock-simulator';
import { askOnce } from '../child.js';
import type { Bench, Part } from '../part.js';
import { type Case, recordAnswer } from '../requests.js';
import { estimate, percentile } from '../statistics.js';
import type { Cell, Table } from '../table.js';
import { type Variant, withoutLesserPeers } from '../variants.js';

export interface LatencyJob {
  readonly variant: Variant;
  readonly case: Case;
  readonly streams: number;
  /** All streams at the same time; else one after the other. */
  readonly concurrent: boolean;
  /** Between the frames of an answer from memory. */
  readonly intervalMilliseconds: number;
}

/** In milliseconds. */
export interface LatencyReply {
  readonly firstChunk: number[];
  readonly betweenChunks: number[];
  /** Median, 99th percentile and maximum. */
  readonly loopDelay: number[];
}

const VARIANTS: readonly Variant[] = [
  'none',
  'ours',
  'ours, chunk events',
  'ours, content off',
  'openinference',
  'contrib aws-sdk',
];
const CHUNKS = 20;
const LOOP_INTERVAL = 100;
const CONCURRENT = 1000;

export const latency: Part = {
  name: 'latency',
  title: 'Latency',
  run: async (bench) => ({ tables: [await streamsOneByOne(bench), await concurrentStreams(bench)], targets: [] }),
};

async function streamsOneByOne(bench: Bench): Promise<Table> {
  bench.log('Time to the first chunk');
  const simulator = await startSimulator();
  const answer = simulator.endpoint({ scenario: 'stream', parameters: { chunks: CHUNKS, interval: 2 } });
  const one: Case = { name: 'stream', operation: 'ConverseStream', request: {}, answer };
  const job = { case: one, streams: 40, concurrent: false, intervalMilliseconds: 0 };
  const replies = await inRounds(job, bench).finally(() => simulator.close());
  const figure = (replies: readonly LatencyReply[], of: 'firstChunk' | 'betweenChunks', share: number): Cell =>
    estimate(
      replies.map((reply) =>
        percentile(
          [...reply[of]].sort((a, b) => a - b),
          share,
        ),
      ),
    );
  return {
    title: `ConverseStream over loopback, a frame each 2 ms: milliseconds that the application waits`,
    columns: ['', 'first chunk, median', 'first chunk, p95', 'next chunk, median', 'next chunk, p99'],
    rows: [...replies].map(([variant, of]) => [
      variant,
      figure(of, 'firstChunk', 0.5),
      figure(of, 'firstChunk', 0.95),
      figure(of, 'betweenChunks', 0.5),
      figure(of, 'betweenChunks', 0.99),
    ]),
  };
}

async function concurrentStreams(bench: Bench): Promise<Table> {
  bench.log(`${CONCURRENT} concurrent streams`);
  const answer = await recordAnswer(bench.folder, 'ConverseStream', CHUNKS);
  const one: Case = { name: 'stream', operation: 'ConverseStream', request: {}, answer };
  const job = { case: one, streams: CONCURRENT, concurrent: true, intervalMilliseconds: LOOP_INTERVAL };
  const replies = await inRounds(job, bench);
  return {
    title: `${CONCURRENT} ConverseStreams at the same time, ${CHUNKS} chunks each ${LOOP_INTERVAL} ms: delay of the event loop in milliseconds`,
    columns: ['', 'median', 'p99', 'longest'],
    rows: [...replies].map(([variant, of]) => [
      variant,
      ...[0, 1, 2].map((index) => estimate(of.map(({ loopDelay }) => loopDelay[index] as number))),
    ]),
  };
}

async function inRounds(job: Omit<LatencyJob, 'variant'>, { thorough }: Bench): Promise<Map<Variant, LatencyReply[]>> {
  const variants = thorough ? VARIANTS : withoutLesserPeers(VARIANTS);
  const replies = new Map<Variant, LatencyReply[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < (thorough ? 2 : 1); round++) {
    for (let place = 0; place < variants.length; place++) {
      const variant = variants[(round + place) % variants.length] as Variant;
      replies.get(variant)?.push(await askOnce<LatencyReply>('latency', { ...job, variant } satisfies LatencyJob));
    }
  }
  return replies;
}
