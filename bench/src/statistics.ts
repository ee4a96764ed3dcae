/** Figures of paired measurements. */

export interface Estimate {
  readonly median: number;
  /** 95% interval of the median, by bootstrap. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * Median and 95% interval of paired differences.
 *
 * @param random gives numbers from 0 to 1, as `Math.random` does
 * @throws RangeError without samples
 */
export function estimate(samples: readonly number[], random: () => number = Math.random): Estimate {
  if (samples.length === 0) throw new RangeError('There are no samples to estimate from.');
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(samples.map(() => samples[Math.floor(random() * samples.length)] as number)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => medians[Math.round(share * (RESAMPLES - 1))] as number;
  return { median: median(samples), low: at(0.025), high: at(0.975) };
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
