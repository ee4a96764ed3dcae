/** Watches an async iterable in place: the application keeps the very object, and every promise, the SDK gave it. */

import { types } from 'node:util';
import { isThenable } from './promise.js';

/** What happens to a stream. Of `onEnd`, `onError` and `onAbandon` one is called, once; nothing comes after it. */
export interface StreamObserver {
  onChunk(chunk: unknown): void;
  /** The stream ended by itself. */
  onEnd(): void;
  onError(error: unknown): void;
  /** The application stopped reading: `break`, `return()`, `throw()`, or the stream was collected unread. */
  onAbandon(): void;
}

/** One observation of a stream. */
class Watch {
  /** Nobody any more when the observer has been told how it ended. */
  observer: StreamObserver | undefined;

  constructor(observer: StreamObserver) {
    this.observer = observer;
  }

  /** Ends the observation. Returns who is to be told how, once. */
  settle(): StreamObserver | undefined {
    const { observer } = this;
    if (observer) abandoned.unregister(this);
    this.observer = undefined;
    return observer;
  }
}

/** Whoever holds this one may still read: the stream, and from its first chunk on the iterator in its place. */
type Reader = object;

// Reports streams that the application dropped without reading them to the end. Observers must not refer to the
// response, stream or iterator, or none of these would ever be collected.
const abandoned = new FinalizationRegistry<Watch>((watch) => watch.settle()?.onAbandon());

/** What is known of a stream or iterator that is watched; middleware may give the same one for several calls. */
interface Watched {
  watch: Watch;
  /** Absent from an iterator before its first chunk, and from a stream after that. */
  reader: Reader | undefined;
}

// Entries are removed when they are no longer needed. What is left to the garbage collector here, and in the registry
// above, keeps the whole call until it goes through all memory, and is moved there first (bench/README.md).
const watchedStreams = new WeakMap<object, Watched>();
const watchedIterators = new WeakMap<object, Watched>();

/**
 * Reports to `observer` what an application reads from `stream`, exactly when it does. Nothing is read ahead. A stream
 * that was observed before reports to its new observer; the one before is told that nobody reads for it.
 *
 * @returns false when the object is no async iterable or cannot be watched; then the observer is never called.
 */
export function observeStream(stream: unknown, observer: StreamObserver): boolean {
  if (typeof stream !== 'object' || stream === null) return false;
  const watch = new Watch(observer);
  const reader: Reader = {};
  const known = watchedStreams.get(stream);
  if (known) {
    known.watch.settle()?.onAbandon();
    Object.assign(known, { watch, reader });
  } else if (!watchStream(stream, { watch, reader })) {
    return false;
  }
  abandoned.register(reader, watch, watch);
  return true;
}

function watchStream(stream: object, watched: Watched): boolean {
  const createIterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator];
  if (typeof createIterator !== 'function' || !Object.isExtensible(stream)) return false;
  const own = Object.getOwnPropertyDescriptor(stream, Symbol.asyncIterator);
  if (own && !own.configurable) return false;

  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: (...args: []) => {
      const iterator = createIterator.apply(stream as AsyncIterable<unknown>, args);
      const { watch } = watched;
      // With its first chunk the iterator decides: it may outlive the stream object, or be dropped unread before.
      const start = (): Reader | undefined => {
        const { reader } = watched;
        watched.reader = undefined;
        watchedStreams.delete(stream);
        return reader;
      };
      if (!observeIterator(iterator, watch, start)) watch.settle()?.onAbandon();
      return iterator;
    },
    enumerable: own?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
  watchedStreams.set(stream, watched);
  return true;
}

/**
 * Shadows the iterator's methods on the object itself, so that its identity and prototype stay what they were.
 *
 * @returns false when that cannot be done: a frozen iterator, say.
 */
function observeIterator(iterator: AsyncIterator<unknown>, watch: Watch, start: () => Reader | undefined): boolean {
  const known = watchedIterators.get(iterator);
  if (known) {
    if (known.watch !== watch) known.watch.settle()?.onAbandon();
    known.watch = watch;
    return true;
  }
  const watched: Watched = { watch, reader: undefined };
  let isStarted = false;
  const { next, return: stop, throw: fail } = iterator;
  const shadow = (name: 'next' | 'return' | 'throw', value: unknown): boolean => {
    try {
      return Reflect.defineProperty(iterator, name, { value, enumerable: false, configurable: true, writable: true });
    } catch {
      return false; // A proxy may throw; the application's loop is not to see that.
    }
  };
  const end = (): StreamObserver | undefined => {
    watchedIterators.delete(iterator);
    return watched.watch.settle();
  };
  const onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result?.done) end()?.onEnd();
    else watched.watch.observer?.onChunk(result?.value);
    return result;
  };
  const onError = (error: unknown): never => {
    end()?.onError(error);
    throw error;
  };

  const isWatched = shadow('next', (...args: [] | [unknown]) => {
    if (!isStarted) {
      isStarted = true;
      watched.reader = start();
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
    end()?.onAbandon();
    return result;
  });
  if (!isWatched) return false;
  watchedIterators.set(iterator, watched);
  if (stop) {
    shadow('return', (...args: [] | [unknown]) => {
      end()?.onAbandon();
      return stop.apply(iterator, args);
    });
  }
  if (fail) {
    shadow('throw', (...args: [] | [unknown]) => {
      end()?.onAbandon();
      return fail.apply(iterator, args);
    });
  }
  return true;
}
