import { max, median, min } from 'simple-statistics';

/**
 * Processes for each figure. The lowest and the highest of six independent values hold their true median between them
 * with a probability of 1 - 2 / 2^6, which is 97%.
 */
export const PROCESSES = 6;

/** A figure with its interval. */
export interface Figure {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * The median, the lowest and the highest of some values, one of each process.
 *
 * @throws Error without values
 */
export function figureOf(values: readonly number[]): Figure {
  return { median: median([...values]), lowest: min([...values]), highest: max([...values]) };
}

/** A ratio is made within each process. Returns undefined if a divisor is not above zero, so within the noise. */
export function ratioOf(values: readonly number[], divisors: readonly number[]): Figure | undefined {
  if (divisors.length === 0 || divisors.some((divisor) => divisor <= 0)) return undefined;
  return figureOf(values.map((value, index) => value / (divisors[index] as number)));
}
