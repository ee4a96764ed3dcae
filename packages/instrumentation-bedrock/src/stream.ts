/** Watches an async iterable in place: the application keeps the very object, and every promise, the SDK gave it. */

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
      // From now on the iterator decides: it may outlive the stream object.
      if (observeIterator(iterator, observer)) abandoned.unregister(iterable);
      return iterator;
    },
    enumerable: own?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
  abandoned.register(stream, observer, stream);
  return true;
}

/** Shadows the iterator's methods on the object itself, so that its identity and prototype stay what they were. */
function observeIterator(iterator: AsyncIterator<unknown>, observer: StreamObserver): boolean {
  if (!Object.isExtensible(iterator)) return false;
  const { next, return: stop, throw: fail } = iterator;
  const shadow = (name: 'next' | 'return' | 'throw', value: unknown): void => {
    Object.defineProperty(iterator, name, { value, enumerable: false, configurable: true, writable: true });
  };

  shadow('next', (...args: [] | [unknown]) =>
    // The promise that is handed out is the one derived here: watching the original beside it would mark a rejection
    // as handled that the application never handled.
    next.apply(iterator, args).then(
      (result) => {
        if (result.done) observer.onEnd();
        else observer.onChunk(result.value);
        return result;
      },
      (error: unknown) => {
        observer.onError(error);
        throw error;
      },
    ),
  );
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
  abandoned.register(iterator, observer, iterator);
  return true;
}
