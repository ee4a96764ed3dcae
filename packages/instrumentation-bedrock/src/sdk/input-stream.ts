/** Observes what the SDK reads from an iterable of the application. */

/** Gets what happens to the iterable. One of `end`, `fail` and `abandon` is called, once, as the last call. */
export interface InputObservation {
  chunk(value: unknown): void;
  end(): void;
  fail(error: unknown): void;
  /** The SDK reads no further. */
  abandon(): void;
}

/**
 * Returns an iterable that yields what `events` yields, and asks it for the next value only when the SDK does. Returns
 * `events` itself if it is no iterable.
 *
 * @param begin called once for each iterator that the SDK makes, with the iterator that it gets.
 */
export function observedInput(events: unknown, begin: (iterator: object) => InputObservation): unknown {
  if (typeof events !== 'object' || events === null) return events;
  const source = events as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  if (typeof source[Symbol.asyncIterator] === 'function') {
    return {
      [Symbol.asyncIterator]: () => observedIterator((source as AsyncIterable<unknown>)[Symbol.asyncIterator](), begin),
    };
  }
  // The SDK reads by `for await`, which accepts these, too.
  if (typeof source[Symbol.iterator] !== 'function') return events;
  return { [Symbol.asyncIterator]: () => observedIterator(readAsync(source as Iterable<unknown>), begin) };
}

async function* readAsync(source: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* source;
}

function observedIterator(
  iterator: AsyncIterator<unknown>,
  begin: (iterator: object) => InputObservation,
): AsyncIterator<unknown> {
  const observed = async (read: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    try {
      const result = await read();
      if (result?.done) observation.end();
      else observation.chunk(result?.value);
      return result;
    } catch (error) {
      observation.fail(error);
      throw error;
    }
  };
  const left = async (leave: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    try {
      return await leave();
    } finally {
      observation.abandon();
    }
  };
  const { return: stop, throw: fail } = iterator;
  const given: AsyncIterator<unknown> = {
    next: (...args) => observed(() => iterator.next(...args)),
    // The SDK looks whether an iterator has these.
    ...(stop && { return: (...args) => left(() => stop.apply(iterator, args)) }),
    ...(fail && { throw: (...args) => left(() => fail.apply(iterator, args)) }),
  };
  const observation = begin(given);
  return given;
}
