// A smaller difference does not make AWS refuse a signature. It allows five minutes.
const LEAST_CORRECTION_MILLIS = 30_000;

/** The time of day at AWS, which refuses signatures of another time. */
export interface AwsClock {
  /** Unix time in milliseconds. */
  now(): number;
  /**
   * Follows the clock of AWS after a refusal about the time of a signature. Returns whether a new signature has another
   * time.
   *
   * @param date the header `date` of the refusal
   * @param signed Unix time of the refused signature, in milliseconds
   */
  correct(date: string | undefined, signed: number): boolean;
}

/**
 * Creates a clock that follows the one of this machine until AWS refuses its time.
 *
 * @param machineTime Default: `Date.now`.
 */
export function createAwsClock(machineTime: () => number = Date.now): AwsClock {
  let offset = 0;
  return {
    now: () => machineTime() + offset,
    correct(date, signed) {
      const there = Date.parse(date ?? '');
      if (!(Math.abs(there - signed) >= LEAST_CORRECTION_MILLIS)) return false;
      offset = there - machineTime();
      return true;
    },
  };
}
