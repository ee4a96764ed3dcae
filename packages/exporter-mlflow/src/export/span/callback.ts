/** Whether a function returned a promise although its result is needed at once. A later rejection is ignored. */
export function isPromise(result: unknown): boolean {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') return false;
  // An unhandled rejection would end the process.
  Promise.resolve(result).catch(() => {});
  return true;
}
