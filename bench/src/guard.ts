/** The short form for continuous integration: no absolute times, only ratios to the cheapest correct peer of the run. */

import { cheapestCorrectPeer } from './answers.js';
import { type Effort, measureOverhead, type Overheads } from './overhead.js';
import { CHUNKS, casesOf } from './parts/calls.js';
import type { Operation } from './requests.js';
import type { Estimate } from './statistics.js';
import type { Variant } from './variants.js';

const EFFORT: Effort = { rounds: 2, blocks: 10, blockMilliseconds: 25, warmUpMilliseconds: 1500 };
const VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'traceloop', 'openinference', 'contrib aws-sdk'];

/** How much worse than measured a ratio may be: a change that costs half as much again is found. */
const MARGIN = 1.5;

/** Ratios to the cheapest correct peer, as in the runs of this file's last change. */
export interface Measured {
  readonly operation: Operation;
  readonly call: number;
  readonly contentOff?: number;
  readonly chunk?: number;
}

export const MEASURED: readonly Measured[] = [
  { operation: 'Converse', call: 1.4, contentOff: 1.3 },
  { operation: 'ConverseStream', call: 0.8, contentOff: 1, chunk: 0.8 },
  { operation: 'InvokeModelWithResponseStream', call: 0.9, chunk: 0.6 },
];

export interface GuardedRatio {
  readonly what: string;
  readonly ratio: Estimate;
  readonly limit: number;
}

/** @returns nothing for what no peer gets right */
export async function measureGuard(measured: Measured, folder: string): Promise<GuardedRatio[]> {
  const cases = await casesOf(measured.operation, folder);
  const overheads = await measureOverhead(cases, VARIANTS, EFFORT);
  const perCall = (variant: Variant): number => overheads.added(variant).median;
  const perChunk = (variant: Variant): number => overheads.addedPerChunk(variant, CHUNKS).median;
  return [
    ...guarded(overheads, 'ours', { measured: measured.call, unit: 'call', content: true, cost: perCall }),
    ...guarded(overheads, 'ours, content off', {
      measured: measured.contentOff,
      unit: 'call',
      content: false,
      cost: perCall,
    }),
    ...guarded(overheads, 'ours', { measured: measured.chunk, unit: 'chunk', content: true, cost: perChunk }),
  ];
}

interface Guarded {
  readonly measured: number | undefined;
  readonly unit: 'call' | 'chunk';
  readonly content: boolean;
  readonly cost: (variant: Variant) => number;
}

function guarded(overheads: Overheads, variant: Variant, { measured, unit, content, cost }: Guarded): GuardedRatio[] {
  const peer = cheapestCorrectPeer(overheads, VARIANTS, { content, cost });
  if (measured === undefined || peer === undefined) return [];
  const ratio = unit === 'call' ? overheads.ratio(variant, peer) : overheads.ratioPerChunk(variant, peer);
  return [{ what: `${variant} / ${peer}, per ${unit}`, ratio, limit: measured * MARGIN }];
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
