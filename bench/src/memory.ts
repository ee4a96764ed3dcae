/** Memory that a ConverseStream keeps while it is open. */

import { type Answer, recordAnswer } from './answers.js';
import { type Bench, inPairs, runChild } from './child.js';
import type { Variant } from './variants.js';

export interface MemoryJob {
  readonly variant: Variant | 'none';
  readonly answer: Answer;
  /** Streams that are open at the same time. */
  readonly streams: number;
  /** Chunks that the application has read of each. */
  readonly chunks: number;
}

const KIB = 1024;

/**
 * KiB for each stream, over the same stream without instrumentation. One value, since it varies little.
 *
 * @param chunks pieces of text, all of which have been read
 */
export async function measureOpenStream(
  variants: readonly Variant[],
  chunks: number,
  { node }: Bench,
): Promise<ReadonlyMap<Variant, readonly number[]>> {
  const answer = await recordAnswer('ConverseStream', chunks);
  const streams = Math.max(3, Math.round(20_000 / chunks));
  const [none = 0, ...others] = await inPairs(['none', ...variants] as const, (variant) => {
    const job: MemoryJob = { variant, answer, streams, chunks };
    return runChild<number>(node, 'memory', job, ['--expose-gc']);
  });
  return new Map(variants.map((variant, index) => [variant, [((others[index] as number) - none) / KIB]]));
}
