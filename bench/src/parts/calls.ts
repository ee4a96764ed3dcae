/** Part 1: CPU time that each instrumentation adds to a call and to a chunk of a stream. */

import { startSimulator } from 'bedrock-simulator';
import { cheapestCorrectPeer, expectedOf, faultsOf } from '../answers.js';
import { type Effort, measureOverhead, type Overheads } from '../overhead.js';
import type { Bench, Part, PartResult } from '../part.js';
import { type Case, isStream, OPERATIONS, type Operation, recordAnswer } from '../requests.js';
import type { Estimate } from '../statistics.js';
import type { Table, Target } from '../table.js';
import { setupOf, type Variant } from '../variants.js';

/** Two lengths of stream: their difference is the cost of the chunks. */
export const SHORT_STREAM: number = 10;
const LONG_STREAM = 210;
/** Between the two. */
const CHUNKS: number = LONG_STREAM - SHORT_STREAM;

const VARIANTS: readonly Variant[] = [
  'least',
  'least, content off',
  'least, unsampled',
  'ours',
  'ours, chunk events',
  'ours, content off',
  'ours, unsampled',
  'traceloop',
  'traceloop, content off',
  'openinference',
  'openinference, content off',
  'contrib aws-sdk',
];
const LOOPBACK_VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'openinference', 'contrib aws-sdk'];

const SHORT: Effort = { rounds: 1, blocks: 40, blockMilliseconds: 20, warmUpMilliseconds: 4000 };
const THOROUGH: Effort = {
  rounds: 2,
  blocks: 80,
  blockMilliseconds: 20,
  warmUpMilliseconds: 15_000,
  furtherWarmUpMilliseconds: 4000,
};

/** The most that this project may add, of what the cheapest correct peer adds. */
const LIMITS = { call: 0.5, contentOff: 0.7, unsampled: 0.02 } as const;
const CHUNK_LIMITS: { readonly [Name in Operation]?: number } = {
  ConverseStream: 0.2,
  InvokeModelWithResponseStream: 0.35,
};

export const calls: Part = {
  name: 'calls',
  title: 'Overhead of a call',
  run: async (bench) => {
    const results: PartResult[] = [];
    for (const operation of OPERATIONS) results.push(await measureOperation(operation, bench));
    results.push(await measureLoopback(bench));
    return { tables: results.flatMap(({ tables }) => tables), targets: results.flatMap(({ targets }) => targets) };
  },
};

async function measureOperation(operation: Operation, { thorough, folder, log }: Bench): Promise<PartResult> {
  log(operation);
  const cases = await casesOf(operation, folder);
  const variants = VARIANTS.filter(
    (variant) =>
      (thorough || setupOf(variant)?.floor === undefined) &&
      // Only streams have chunks. They take longest to measure, and an unsampled span was found to cost them no more.
      variant !== (isStream(operation) ? 'least, unsampled' : 'ours, chunk events') &&
      // Its tokens are right there only.
      (operation === 'InvokeModel' || variant !== 'traceloop, content off'),
  );
  const overheads = await measureOverhead(cases, variants, thorough ? THOROUGH : SHORT);
  const title = `${operation}: µs of CPU time added to a call${isStream(operation) ? ` of ${SHORT_STREAM} chunks, and to a chunk` : ''}`;
  return { tables: [tableOf(title, overheads, variants, cases)], targets: targetsOf(operation, overheads, variants) };
}

export async function casesOf(operation: Operation, folder: string): Promise<Case[]> {
  const lengths = isStream(operation) ? [SHORT_STREAM, LONG_STREAM] : [1];
  return Promise.all(
    lengths.map(async (chunks) => {
      const answer = await recordAnswer(folder, operation, chunks);
      return { name: `${operation} of ${chunks}`, operation, request: {}, answer };
    }),
  );
}

/** The same over HTTP to the simulator, whose own time is not counted. */
async function measureLoopback({ thorough, log }: Bench): Promise<PartResult> {
  log('Converse and ConverseStream over loopback');
  const simulator = await startSimulator();
  try {
    const stream = simulator.endpoint({ scenario: 'stream', parameters: { chunks: 50 } });
    const cases: Case[] = [
      { name: 'Converse', operation: 'Converse', request: {}, answer: simulator.url },
      { name: 'ConverseStream, 50 chunks', operation: 'ConverseStream', request: {}, answer: stream },
    ];
    const overheads = await measureOverhead(cases, LOOPBACK_VARIANTS, thorough ? THOROUGH : SHORT);
    const table: Table = {
      title: 'Over loopback to the simulator: µs of CPU time added to a call',
      columns: ['', ...cases.map(({ name }) => name)],
      rows: [
        ['no instrumentation (whole call)', ...cases.map((_, index) => overheads.baseline(index))],
        ...LOOPBACK_VARIANTS.map((variant) => [variant, ...cases.map((_, index) => overheads.added(variant, index))]),
      ],
    };
    return { tables: [table], targets: [] };
  } finally {
    await simulator.close();
  }
}

function tableOf(title: string, overheads: Overheads, variants: readonly Variant[], cases: readonly Case[]): Table {
  const streams = cases.length > 1;
  return {
    title,
    columns: ['', 'per call', ...(streams ? ['per chunk'] : []), 'answer'],
    rows: [
      ['no instrumentation (whole call)', overheads.baseline(), ...(streams ? [undefined] : []), ''],
      ...variants.map((variant) => [
        variant,
        overheads.added(variant),
        ...(streams ? [overheads.addedPerChunk(variant, CHUNKS)] : []),
        faultsOf(variant, overheads.check(variant), expectedOf(overheads)).join(', ') || 'right',
      ]),
    ],
  };
}

function targetsOf(operation: Operation, overheads: Overheads, variants: readonly Variant[]): Target[] {
  const targets: Target[] = [];
  const perCall = (variant: Variant): number => overheads.added(variant).median;
  const peer = cheapestCorrectPeer(overheads, variants, { content: true, cost: perCall });
  if (peer) targets.push(callTarget(operation, overheads, ['ours', 'least'], peer, LIMITS.call));
  const silent = cheapestCorrectPeer(overheads, variants, { content: false, cost: perCall });
  if (silent) {
    const compared = ['ours, content off', 'least, content off'] as const;
    targets.push(callTarget(operation, overheads, compared, silent, LIMITS.contentOff));
  }
  const unsampled = overheads.share('ours, unsampled');
  const floor = floorOf(overheads, 'least, unsampled', (least) => overheads.share(least));
  const what = `${operation}, per call: ours, unsampled without meter provider / no instrumentation`;
  targets.push({ what, value: unsampled, limit: LIMITS.unsampled, kind: 'none', floor });
  return [...targets, ...chunkTargets(operation, overheads, variants)];
}

/** A ratio; the difference where the peer's own cost is within the noise. */
function callTarget(
  operation: Operation,
  overheads: Overheads,
  [variant, least]: readonly [Variant, Variant],
  peer: Variant,
  limit: number,
): Target {
  const what = `${operation}, per call: ${variant}`;
  if (overheads.added(peer).low > 0) {
    const value = overheads.ratio(variant, peer);
    const floor = floorOf(overheads, least, (one) => overheads.ratio(one, peer));
    return { what: `${what} / ${peer}`, value, limit, kind: 'most', floor };
  }
  const value = overheads.excess(variant, peer);
  const floor = floorOf(overheads, least, (one) => overheads.excess(one, peer));
  return { what: `${what} − ${peer}, which is noise, µs`, value, limit: 0, kind: 'none', floor };
}

function chunkTargets(operation: Operation, overheads: Overheads, variants: readonly Variant[]): Target[] {
  const limit = CHUNK_LIMITS[operation];
  if (limit === undefined) return [];
  const cost = (variant: Variant): number => overheads.addedPerChunk(variant, CHUNKS).median;
  const peer = cheapestCorrectPeer(overheads, variants, { content: true, cost });
  if (!peer) return [];
  const what = `${operation}, per chunk: ours / ${peer}`;
  const value = overheads.ratioPerChunk('ours', peer);
  const floor = floorOf(overheads, 'least', (least) => overheads.ratioPerChunk(least, peer));
  return [{ what, value, limit, kind: 'most', floor }];
}

/** What the yardstick comes to, where it was measured. */
function floorOf(overheads: Overheads, least: Variant, figure: (least: Variant) => Estimate): Estimate | undefined {
  return overheads.has(least) ? figure(least) : undefined;
}
