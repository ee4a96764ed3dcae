/** Observes what the SDK reads from an iterable of the application. */

import { type Context, context } from '@opentelemetry/api';

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
 * @param caller the context in which the application's code runs, as it would without this package.
 * @param begin called once for each iterator that the SDK makes, with the iterator that it gets.
 */
export function observedInput(
  events: unknown,
  caller: Context,
  begin: (iterator: object) => InputObservation,
): unknown {
  const iterable = asyncIterableOf(events);
  if (!iterable) return events;
  const create = (): AsyncIterator<unknown> => context.with(caller, () => iterable[Symbol.asyncIterator]());
  return { [Symbol.asyncIterator]: () => observedIterator(create(), caller, begin) };
}

function asyncIterableOf(events: unknown): AsyncIterable<unknown> | undefined {
  if (typeof events !== 'object' || events === null) return undefined;
  const source = events as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  if (typeof source[Symbol.asyncIterator] === 'function') return source as AsyncIterable<unknown>;
  // The SDK reads by `for await`, which accepts these, too.
  if (typeof source[Symbol.iterator] !== 'function') return undefined;
  return { [Symbol.asyncIterator]: () => readAsync(source as Iterable<unknown>) };
}

async function* readAsync(source: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* source;
}

function observedIterator(
  iterator: AsyncIterator<unknown>,
  caller: Context,
  begin: (iterator: object) => InputObservation,
): AsyncIterator<unknown> {
  const observed = async (read: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    try {
      const result = await context.with(caller, read);
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
      return await context.with(caller, leave);
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
