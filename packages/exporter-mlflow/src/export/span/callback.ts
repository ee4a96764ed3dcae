/** Whether a function returned a promise although its result is needed at once. A later rejection is ignored. */
export function isPromise(result: unknown): boolean {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') return false;
  // An unhandled rejection would end the process.
  Promise.resolve(result).catch(() => {});
  return true;
}

/** The kind of an error. Its message may hold what the function received: V8 quotes the text that is not JSON. */
export function nameOfError(error: unknown): string {
  return error instanceof Error ? error.name : 'something that is not an error';
}
