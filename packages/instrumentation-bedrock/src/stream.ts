/** Watches an async iterable in place: the application keeps the very object, and every promise, the SDK gave it. */

import { types } from 'node:util';
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

/** What is watched at a stream or iterator; middleware may give the same one for several calls. */
interface Watch {
  observer: StreamObserver;
  isStarted: boolean;
}

const watchedStreams = new WeakMap<object, Watch>();
const watchedIterators = new WeakMap<object, Watch>();

/**
 * Reports to `observer` what an application reads from `stream`, exactly when it does. Nothing is read ahead. A stream
 * that was observed before reports to its new observer; the one before is told that nobody reads for it.
 *
 * @returns false when the object is no async iterable or cannot be watched; then the observer is never called.
 */
export function observeStream(stream: unknown, observer: StreamObserver): boolean {
  if (typeof stream !== 'object' || stream === null) return false;
  const known = watchedStreams.get(stream);
  if (known) {
    if (!known.isStarted) known.observer.onAbandon();
    Object.assign(known, { observer, isStarted: false });
    abandoned.unregister(stream);
  } else if (!watchStream(stream, { observer, isStarted: false })) {
    return false;
  }
  abandoned.register(stream, observer, stream);
  return true;
}

function watchStream(stream: object, watch: Watch): boolean {
  const createIterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator];
  if (typeof createIterator !== 'function' || !Object.isExtensible(stream)) return false;
  const own = Object.getOwnPropertyDescriptor(stream, Symbol.asyncIterator);
  if (own && !own.configurable) return false;

  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: (...args: []) => {
      const iterator = createIterator.apply(stream as AsyncIterable<unknown>, args);
      // With its first chunk the iterator decides: it may outlive the stream object, or be dropped unread before.
      const onStart = (): void => {
        watch.isStarted = true;
        abandoned.unregister(stream);
      };
      if (!observeIterator(iterator, watch.observer, onStart)) watch.observer.onAbandon();
      return iterator;
    },
    enumerable: own?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
  watchedStreams.set(stream, watch);
  return true;
}

/**
 * Shadows the iterator's methods on the object itself, so that its identity and prototype stay what they were.
 *
 * @returns false when that cannot be done: a frozen iterator, say.
 */
function observeIterator(iterator: AsyncIterator<unknown>, observer: StreamObserver, onStart: () => void): boolean {
  const known = watchedIterators.get(iterator);
  if (known) {
    known.observer = observer;
    return true;
  }
  const watch: Watch = { observer, isStarted: false };
  const { next, return: stop, throw: fail } = iterator;
  const shadow = (name: 'next' | 'return' | 'throw', value: unknown): boolean => {
    try {
      return Reflect.defineProperty(iterator, name, { value, enumerable: false, configurable: true, writable: true });
    } catch {
      return false; // A proxy may throw; the application's loop is not to see that.
    }
  };
  const onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result?.done) watch.observer.onEnd();
    else watch.observer.onChunk(result?.value);
    return result;
  };
  const onError = (error: unknown): never => {
    watch.observer.onError(error);
    throw error;
  };

  const isWatched = shadow('next', (...args: [] | [unknown]) => {
    if (!watch.isStarted) {
      watch.isStarted = true;
      onStart();
      abandoned.register(iterator, watch.observer, iterator);
    }
    let result: unknown;
    try {
      result = next.apply(iterator, args);
    } catch (error) {
      return onError(error);
    }
    // The promise that is handed out is the one derived here: watching the original beside it would mark a rejection
    // as handled that the application never handled. Told by its kind, for libraries replace the global Promise.
    if (types.isPromise(result)) return (result as Promise<IteratorResult<unknown>>).then(onResult, onError);
    // `for await` takes a plain result too. What another kind of promise brings cannot be seen without a trace.
    if (!isThenable(result)) return onResult(result as IteratorResult<unknown>);
    watch.observer.onAbandon();
    return result;
  });
  if (!isWatched) return false;
  watchedIterators.set(iterator, watch);
  if (stop) {
    shadow('return', (...args: [] | [unknown]) => {
      watch.observer.onAbandon();
      return stop.apply(iterator, args);
    });
  }
  if (fail) {
    shadow('throw', (...args: [] | [unknown]) => {
      watch.observer.onAbandon();
      return fail.apply(iterator, args);
    });
  }
  return true;
}
