/** The short form for continuous integration: no absolute times, only ratios to the cheapest correct peer of the run. */

import { cheapestCorrectPeer } from './answers.js';
import { type Effort, measureOverhead } from './overhead.js';
import { cheapestChunkPeer, chunkCases } from './parts/chunks.js';
import { caseOf, type Operation } from './requests.js';
import type { Estimate } from './statistics.js';
import type { Variant } from './variants.js';

const EFFORT: Effort = { rounds: 2, blocks: 200, blockMilliseconds: 4, warmUpMilliseconds: 4000 };
const CHUNK_EFFORT: Effort = { ...EFFORT, blocks: 60, warmUpMilliseconds: 2000 };
/** The only peer that gets these operations right with their content; a peer more would leave less time for each. */
const VARIANTS: readonly Variant[] = ['ours', 'openinference'];

/** How much worse than measured a ratio may be: two runs differ by a tenth or two. */
const MARGIN = 1.4;

/** Ratios to the cheapest correct peer, of the runs before this file's last change the higher, rounded. */
export interface Measured {
  readonly operation: Operation;
  readonly call: number;
  readonly chunk?: number;
}

export const MEASURED: readonly Measured[] = [
  { operation: 'Converse', call: 1.2 },
  { operation: 'ConverseStream', call: 0.95, chunk: 0.25 },
  { operation: 'InvokeModelWithResponseStream', call: 0.85, chunk: 0.4 },
];

export interface GuardedRatio {
  readonly what: string;
  readonly ratio: Estimate;
  readonly limit: number;
}

/** @returns nothing when no peer gets it right */
export async function measureGuard({ operation, call, chunk }: Measured, folder: string): Promise<GuardedRatio[]> {
  const overheads = await measureOverhead([await caseOf(operation, folder)], VARIANTS, EFFORT);
  const cost = (variant: Variant): number => overheads.added(variant).median;
  const peer = cheapestCorrectPeer(overheads, VARIANTS, { content: true, cost });
  if (peer === undefined) return [];
  const ratios = [{ what: `ours / ${peer}, per call`, ratio: overheads.ratio('ours', peer), limit: call * MARGIN }];
  if (chunk === undefined) return ratios;
  const chunks = await measureOverhead(await chunkCases(operation, folder), VARIANTS, CHUNK_EFFORT);
  const peerOfChunks = cheapestChunkPeer(chunks, VARIANTS);
  if (peerOfChunks === undefined) return [];
  const ratio = chunks.ratioPerChunk('ours', peerOfChunks);
  return [...ratios, { what: `ours / ${peerOfChunks}, per chunk`, ratio, limit: chunk * MARGIN }];
}

/** Whether the whole interval is above the limit: a busy machine widens intervals, it does not move them. */
export function isExceeded({ ratio, limit }: GuardedRatio): boolean {
  return ratio.low > limit;
}

/** Measures again what exceeded its limit, and counts what did so both times. */
export async function exceededTwice(
  measure: () => Promise<readonly GuardedRatio[]>,
  log: (ratio: GuardedRatio) => void,
): Promise<string[]> {
  const first = await measureLogged();
  if (!first.some(isExceeded)) return [];
  const second = await measureLogged();
  const exceeded = new Set(first.filter(isExceeded).map(({ what }) => what));
  return second.filter((one) => isExceeded(one) && exceeded.has(one.what)).map(({ what }) => what);

  async function measureLogged(): Promise<readonly GuardedRatio[]> {
    const ratios = await measure();
    for (const one of ratios) log(one);
    return ratios;
  }
}
