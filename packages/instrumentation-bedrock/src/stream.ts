/** Watches an async iterable in place: the application keeps the very object, and every promise, the SDK gave it. */

import { isThenable } from './promise.js';

/** What happens to a stream. After the first of `onEnd`, `onError` and `onAbandon` the others mean nothing. */
export interface StreamObserver {
  onChunk(chunk: unknown): void;
  /** The stream ended by itself. */
  onEnd(): void;
  onError(error: unknown): void;
  /** The application stopped reading: `break`, `return()`, `throw()`, or the stream was collected unread. */
  onAbandon(): void;
}

// Reports streams that the application dropped without reading them to the end. Observers must not refer to the
// response, stream or iterator, or none of these would ever be collected.
const abandoned = new FinalizationRegistry<StreamObserver>((observer) => observer.onAbandon());

/**
 * Reports to `observer` what an application reads from `stream`, exactly when it does. Nothing is read ahead.
 *
 * @returns false when the object is no async iterable or cannot be watched; then the observer is never called.
 */
export function observeStream(stream: unknown, observer: StreamObserver): boolean {
  if (typeof stream !== 'object' || stream === null) return false;
  const iterable = stream as AsyncIterable<unknown>;
  const createIterator = iterable[Symbol.asyncIterator];
  if (typeof createIterator !== 'function' || !Object.isExtensible(stream)) return false;
  const own = Object.getOwnPropertyDescriptor(stream, Symbol.asyncIterator);
  if (own && !own.configurable) return false;

  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: function (this: unknown) {
      const iterator = createIterator.call(iterable);
      // With its first chunk the iterator decides: it may outlive the stream object, or be dropped unread before.
      observeIterator(iterator, observer, () => abandoned.unregister(iterable));
      return iterator;
    },
    enumerable: own?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
  abandoned.register(stream, observer, stream);
  return true;
}

/** Iterators that are watched: a stream may give the same one twice. */
const observed = new WeakSet<object>();

/** Shadows the iterator's methods on the object itself, so that its identity and prototype stay what they were. */
function observeIterator(iterator: AsyncIterator<unknown>, observer: StreamObserver, onStart: () => void): void {
  if (observed.has(iterator) || !Object.isExtensible(iterator)) return;
  observed.add(iterator);
  const { next, return: stop, throw: fail } = iterator;
  let isStarted = false;
  const shadow = (name: 'next' | 'return' | 'throw', value: unknown): void => {
    Object.defineProperty(iterator, name, { value, enumerable: false, configurable: true, writable: true });
  };
  const onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result?.done) observer.onEnd();
    else observer.onChunk(result?.value);
    return result;
  };

  shadow('next', (...args: [] | [unknown]) => {
    if (!isStarted) {
      isStarted = true;
      onStart();
      abandoned.register(iterator, observer, iterator);
    }
    const result: unknown = next.apply(iterator, args);
    // A promise is the rule; `for await` takes a plain result too, and middleware may give one.
    if (!(result instanceof Promise)) return isThenable(result) ? result : onResult(result as IteratorResult<unknown>);
    // The promise that is handed out is the one derived here: watching the original beside it would mark a rejection
    // as handled that the application never handled.
    return result.then(onResult, (error: unknown) => {
      observer.onError(error);
      throw error;
    });
  });
  if (stop) {
    shadow('return', (...args: [] | [unknown]) => {
      observer.onAbandon();
      return stop.apply(iterator, args);
    });
  }
  if (fail) {
    shadow('throw', (...args: [] | [unknown]) => {
      observer.onAbandon();
      return fail.apply(iterator, args);
    });
  }
}
