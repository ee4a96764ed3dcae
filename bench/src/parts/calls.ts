/** Part 1: CPU time that each instrumentation adds to a call and to a chunk of a stream. */

import { startSimulator } from 'bedrock-simulator';
import { cheapestCorrectPeer, faultsOf } from '../answers.js';
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
  'least of ours',
  'least of ours, content off',
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
/** By the columns of the targets. */
const YARDSTICKS = {
  ours: { least: 'least', 'least of ours': 'least of ours' },
  'ours, content off': { least: 'least, content off', 'least of ours': 'least of ours, content off' },
  'ours, unsampled': { least: 'least, unsampled' },
} as const satisfies Partial<Record<Variant, Readonly<Record<string, Variant>>>>;
const LOOPBACK_VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'openinference', 'contrib aws-sdk'];

// Short turns: what is compared follows closely on one another, so that it meets the same machine.
const SHORT: Effort = { rounds: 2, blocks: 120, blockMilliseconds: 4, warmUpMilliseconds: 1200 };
const THOROUGH: Effort = {
  rounds: 4,
  blocks: 300,
  blockMilliseconds: 4,
  warmUpMilliseconds: 4000,
  furtherWarmUpMilliseconds: 1000,
};

/** The most that this project may add, of what the cheapest correct peer adds. */
const LIMITS = { ours: 0.5, 'ours, content off': 0.7, unsampled: 0.02 } as const;
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
      (isStream(operation) || variant !== 'ours, chunk events') &&
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
        faultsOf(variant, overheads).join(', ') || 'right',
      ]),
    ],
  };
}

function targetsOf(operation: Operation, overheads: Overheads, variants: readonly Variant[]): Target[] {
  const targets: Target[] = [];
  const perCall = (variant: Variant): number => overheads.added(variant).median;
  const peer = cheapestCorrectPeer(overheads, variants, { content: true, cost: perCall });
  if (peer) targets.push(callTarget(operation, overheads, 'ours', peer));
  const silent = cheapestCorrectPeer(overheads, variants, { content: false, cost: perCall });
  if (silent) targets.push(callTarget(operation, overheads, 'ours, content off', silent));
  const share = (variant: Variant): Estimate => overheads.share(variant);
  const what = `${operation}, per call: ours, unsampled without meter provider / no instrumentation`;
  targets.push({
    what,
    value: share('ours, unsampled'),
    limit: LIMITS.unsampled,
    kind: 'none',
    floors: floorsOf(overheads, 'ours, unsampled', share),
  });
  return [...targets, ...chunkTargets(operation, overheads, variants)];
}

/** A ratio; the difference where the peer's own cost is within the noise. */
function callTarget(
  operation: Operation,
  overheads: Overheads,
  variant: 'ours' | 'ours, content off',
  peer: Variant,
): Target {
  const what = `${operation}, per call: ${variant}`;
  if (overheads.added(peer).low > 0) {
    const figure = (one: Variant): Estimate => overheads.ratio(one, peer);
    const floors = floorsOf(overheads, variant, figure);
    return { what: `${what} / ${peer}`, value: figure(variant), limit: LIMITS[variant], kind: 'most', floors };
  }
  const figure = (one: Variant): Estimate => overheads.excess(one, peer);
  const floors = floorsOf(overheads, variant, figure);
  return { what: `${what} − ${peer}, which is noise, µs`, value: figure(variant), limit: 0, kind: 'none', floors };
}

function chunkTargets(operation: Operation, overheads: Overheads, variants: readonly Variant[]): Target[] {
  const limit = CHUNK_LIMITS[operation];
  if (limit === undefined) return [];
  const cost = (variant: Variant): number => overheads.addedPerChunk(variant, CHUNKS).median;
  const peer = cheapestCorrectPeer(overheads, variants, { content: true, cost });
  if (!peer) return [];
  const what = `${operation}, per chunk: ours / ${peer}`;
  const figure = (one: Variant): Estimate => overheads.ratioPerChunk(one, peer);
  return [{ what, value: figure('ours'), limit, kind: 'most', floors: floorsOf(overheads, 'ours', figure) }];
}

/** What the yardsticks come to, where they were measured. */
function floorsOf(
  overheads: Overheads,
  variant: 'ours' | 'ours, content off' | 'ours, unsampled',
  figure: (yardstick: Variant) => Estimate,
): Record<string, Estimate> {
  const floors: Record<string, Estimate> = {};
  for (const [name, yardstick] of Object.entries(YARDSTICKS[variant])) {
    if (overheads.has(yardstick)) floors[name] = figure(yardstick);
  }
  return floors;
}
