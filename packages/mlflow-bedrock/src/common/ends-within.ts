const STEP_MILLIS = 250;

/**
 * Resolves with the result of `work`, or with undefined if the time is over first. The work itself goes on then. Rejects
 * if `work` rejects in time.
 *
 * Time in which the process is suspended does not count, because the work stands still as well.
 *
 * @param millis the time, in milliseconds.
 */
export async function endsWithin<T>(millis: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    // A timer that a suspension delays counts for its own length only.
    const wait = (left: number): void => {
      const step = Math.min(left, STEP_MILLIS);
      timer = setTimeout(() => (left > step ? wait(left - step) : resolve(undefined)), step);
    };
    wait(millis);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
