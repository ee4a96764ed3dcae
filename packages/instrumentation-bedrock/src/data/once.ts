/** Returns a function that calls `read` the first time and returns the same value from then on. */
export function once<Value extends object>(read: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    value ??= read();
    return value;
  };
}
