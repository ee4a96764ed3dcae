/** A short measurement for the tests: ratios to the peer in the same run, and no absolute times. */

import type { Operation } from './answers.js';
import { measureCalls } from './calls.js';
import { type Figure, ratioOf } from './statistics.js';
import type { Variant } from './variants.js';

/** What this project adds, as a ratio to what openinference adds. */
export interface Limits {
  readonly call: number;
  /** For a chunk of a stream. */
  readonly chunk?: number;
}

/**
 * One and a half to twice what `npm run bench` shows: the short measurement on Node.js 20 varies between 2.0 and 2.9 for
 * Converse and InvokeModel.
 */
export const LIMITS: Readonly<Record<Operation, Limits>> = {
  Converse: { call: 3.4 },
  InvokeModel: { call: 3.4 },
  ConverseStream: { call: 1.5, chunk: 0.75 },
  InvokeModelWithResponseStream: { call: 1.5, chunk: 0.9 },
};

const VARIANTS: readonly Variant[] = ['this project, content', 'openinference, content'];
const EFFORT = { processes: 4, seconds: 5, batches: 0, log: (): void => {} } as const;

export type Ratios = { readonly [Name in keyof Limits]: Figure | undefined };

/** @throws Error if one of the two records less than the call contains, because the ratio would then mean nothing */
export async function measureRatios(operation: Operation): Promise<Ratios> {
  const times = await measureCalls(operation, VARIANTS, { ...EFFORT, node: process.execPath });
  const [own, peer] = VARIANTS as [Variant, Variant];
  for (const variant of VARIANTS) {
    const fault = times.faultOf(variant);
    if (fault !== undefined) throw new Error(`${operation} with ${variant}: ${fault}`);
  }
  return {
    call: ratioOf(times.perCall(own), times.perCall(peer)),
    chunk: ratioOf(times.perChunk(own), times.perChunk(peer)),
  };
}

/** Returns the ratios above their limits in every process. A busy machine widens the interval but does not move it. */
export function exceeded(ratios: Ratios, limits: Limits): (keyof Limits)[] {
  return (['call', 'chunk'] as const).filter((name) => (ratios[name]?.lowest ?? 0) > (limits[name] ?? Infinity));
}
