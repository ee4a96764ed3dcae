import { performance } from 'node:perf_hooks';

// The same figures as the clock of the exporter has.
const STEP_MILLIS = 250;
const LONGEST_GAP_MILLIS = 1_000;

/**
 * Resolves with the result of `work`, or with undefined if the time is over first. The work itself goes on then. Rejects
 * if `work` rejects in time.
 *
 * Time in which the process is suspended does not count, because the work stands still as well. A timer that fires more
 * than about a second late is taken for the sign of a suspension.
 *
 * @param millis the time, in milliseconds.
 * @param now a monotonic clock, in milliseconds.
 */
export async function endsWithin<T>(
  millis: number,
  work: Promise<T>,
  now: () => number = () => performance.now(),
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    let lastLook = now();
    const wait = (left: number): void => {
      const look = (): void => {
        const time = now();
        const gap = time - lastLook;
        lastLook = time;
        const rest = left - (gap > LONGEST_GAP_MILLIS ? STEP_MILLIS : gap);
        if (rest > 0) wait(rest);
        else resolve(undefined);
      };
      timer = setTimeout(look, Math.min(left, STEP_MILLIS));
    };
    wait(millis);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
