/** CPU time that each instrumentation adds to a chunk of a stream: a table of the part `calls`. */

import { answerOf, cheapestCorrectPeer } from '../answers.js';
import { type Effort, measureOverhead, type Overheads } from '../overhead.js';
import type { Bench, PartResult } from '../part.js';
import { type Case, caseOf, type Operation } from '../requests.js';
import type { Estimate } from '../statistics.js';
import type { Target } from '../table.js';
import { setupOf, type Variant } from '../variants.js';
import { floorsOf } from '../yardsticks.js';

/**
 * Two lengths of stream, whose difference is the cost of the chunks. The shorter one is long, too: a span that is told of
 * no chunk costs four times as much after 200 as after 10, and a third more after 400. The row of `ours, unsampled`
 * tells what is left of that.
 */
const LENGTHS = [200, 2000] as const;
const CHUNKS = LENGTHS[1] - LENGTHS[0];

/** `ours, unsampled` is told of no chunk: what the method makes of nothing. */
const VARIANTS: readonly Variant[] = [
  'least',
  'least of ours',
  'ours',
  'ours, chunk events',
  'ours, content off',
  'ours, unsampled',
  'traceloop',
  'openinference',
  'contrib aws-sdk',
];

const SHORT: Effort = { rounds: 2, blocks: 30, blockMilliseconds: 4, warmUpMilliseconds: 1200 };
const THOROUGH: Effort = { rounds: 4, blocks: 80, blockMilliseconds: 4, warmUpMilliseconds: 2000 };

/** The most that this project may add, of what the cheapest correct peer adds. */
const LIMITS: { readonly [Name in Operation]?: number } = {
  ConverseStream: 0.2,
  InvokeModelWithResponseStream: 0.35,
};

export async function measureChunks(operation: Operation, { thorough, folder, log }: Bench): Promise<PartResult> {
  log(`${operation}, chunks`);
  const variants = VARIANTS.filter((variant) => thorough || setupOf(variant)?.floor === undefined);
  const overheads = await measureOverhead(await chunkCases(operation, folder), variants, thorough ? THOROUGH : SHORT);
  const title = `${operation}: µs of CPU time added to a chunk; streams of ${LENGTHS[0]} and of ${LENGTHS[1]}`;
  const table = {
    title,
    columns: ['', 'per chunk', 'answer'],
    rows: [
      ['no instrumentation (whole chunk)', overheads.baselinePerChunk(CHUNKS), ''],
      ...variants.map((variant) => [variant, overheads.addedPerChunk(variant, CHUNKS), answerOf(variant, overheads)]),
    ],
  };
  return { tables: [table], targets: targetsOf(operation, overheads, variants) };
}

export function chunkCases(operation: Operation, folder: string): Promise<Case[]> {
  return Promise.all(LENGTHS.map((chunks) => caseOf(operation, folder, chunks)));
}

/** Of those that get streams of both lengths right, with their content. */
export function cheapestChunkPeer(overheads: Overheads, variants: readonly Variant[]): Variant | undefined {
  const cost = (variant: Variant): number => overheads.addedPerChunk(variant, CHUNKS).median;
  return cheapestCorrectPeer(overheads, variants, { content: true, cost });
}

function targetsOf(operation: Operation, overheads: Overheads, variants: readonly Variant[]): Target[] {
  const limit = LIMITS[operation];
  if (limit === undefined) return [];
  const peer = cheapestChunkPeer(overheads, variants);
  if (!peer) return [];
  const what = `${operation}, per chunk: ours / ${peer}`;
  const figure = (one: Variant): Estimate => overheads.ratioPerChunk(one, peer);
  return [{ what, value: figure('ours'), limit, kind: 'most', floors: floorsOf(overheads, 'ours', figure) }];
}
