/** Figures of paired measurements. */

export interface Estimate {
  readonly median: number;
  /** 95% interval, by bootstrap. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * A statistic of rounds of paired blocks, with its 95% interval by a bootstrap in two stages: blocks of one round share
 * their processes, so rounds are drawn first, then blocks within each.
 *
 * @param random gives numbers from 0 to 1, as `Math.random` does
 * @throws RangeError without rounds, or with an empty one
 */
export function bootstrap<Block>(
  rounds: readonly (readonly Block[])[],
  statistic: (rounds: readonly (readonly Block[])[]) => number,
  random: () => number = Math.random,
): Estimate {
  if (rounds.length === 0 || rounds.some((blocks) => blocks.length === 0)) {
    throw new RangeError('There are no samples to estimate from.');
  }
  const draw = <Item>(items: readonly Item[]): Item[] =>
    items.map(() => items[Math.floor(random() * items.length)] as Item);
  const values = Array.from({ length: RESAMPLES }, () => statistic(draw(rounds).map(draw))).sort((a, b) => a - b);
  return { median: statistic(rounds), low: percentile(values, 0.025), high: percentile(values, 0.975) };
}

/** Median and 95% interval of independent samples. */
export function estimate(samples: readonly number[], random?: () => number): Estimate {
  return bootstrap(
    samples.map((sample) => [sample]),
    (rounds) => median(rounds.map(([sample]) => sample as number)),
    random,
  );
}

/** Of each end of a round's blocks: what another program's turn on the processor spoiled. */
const TRIMMED = 1 / 6;

/**
 * Trimmed mean within each round, median over the rounds. What comes in few blocks only is left out: collections of
 * garbage too, where blocks are as short as those of calls.
 */
export function medianOfMeans<Block>(rounds: readonly (readonly Block[])[], figure: (block: Block) => number): number {
  return median(rounds.map((blocks) => trimmedMean(blocks.map(figure))));
}

function trimmedMean(samples: readonly number[]): number {
  const trimmed = Math.floor(samples.length * TRIMMED);
  const kept = [...samples].sort((a, b) => a - b).slice(trimmed, samples.length - trimmed);
  return kept.reduce((sum, sample) => sum + sample, 0) / kept.length;
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** @param sorted ascending */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] as number;
}
