/**
 * Resolves with the result of `work`, or with undefined if the time is over first. The work itself goes on then. Rejects
 * if `work` rejects in time.
 *
 * @param millis the time, in milliseconds.
 */
export async function endsWithin<T>(millis: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), millis);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
