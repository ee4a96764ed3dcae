/** Watches an async iterable in place: the application keeps the very object, and every promise, the SDK gave it. */

import { types } from 'node:util';
import { isThenable } from '../data/promise.js';

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

/** A stream or iterator that is watched. */
interface Watched {
  readonly target: object;
  watch: Watch;
  /** Absent from an iterator before its first chunk, and from a stream after that. */
  reader: Reader | undefined;
}

interface WatchedIterator extends Watched {
  /** Whose reader it takes with its first chunk: it may outlive the stream, or be dropped unread before. */
  stream: Watched | undefined;
}

// The function in place carries what is known: middleware may give the same stream or iterator for several calls. A
// WeakMap would be told of every stream and, as it leaves gaps where it forgets, be built anew after a few.
const WATCHED = Symbol('watched');

function watchedBy<Kind extends Watched>(method: unknown, target: object): Kind | undefined {
  const watched = (method as { readonly [WATCHED]?: Kind } | undefined)?.[WATCHED];
  return watched?.target === target ? watched : undefined; // What is made of a stream inherits its methods.
}

/** Returns false where it cannot be done: on a frozen object, say. An own property stays as enumerable as it was. */
function putInPlace(object: object, name: PropertyKey, value: object): boolean {
  try {
    return Reflect.defineProperty(object, name, { value, writable: true, configurable: true });
  } catch {
    return false; // A proxy may throw; the application is not to see that.
  }
}

/**
 * Reports to `observer` what an application reads from `stream`, exactly when it does. Nothing is read ahead. A stream
 * that was observed before reports to its new observer; the one before is told that nobody reads for it, unless
 * somebody has begun to.
 *
 * @returns false when the object is no async iterable or cannot be watched; then the observer is never called.
 */
export function observeStream(stream: unknown, observer: StreamObserver): boolean {
  if (typeof stream !== 'object' || stream === null) return false;
  const createIterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator];
  if (typeof createIterator !== 'function') return false;
  const watch = new Watch(observer);
  const reader: Reader = {};
  const known = watchedBy(createIterator, stream);
  if (known) {
    // Who has begun to read for the one before reads on for it.
    if (known.reader) known.watch.settle()?.onAbandon();
    known.watch = watch;
    known.reader = reader;
  } else if (!watchStream(stream, createIterator, { target: stream, watch, reader })) {
    return false;
  }
  abandoned.register(reader, watch, watch);
  return true;
}

function watchStream(stream: object, createIterator: () => AsyncIterator<unknown>, watched: Watched): boolean {
  const createWatched = function (this: unknown, ...args: []): AsyncIterator<unknown> {
    const iterator = createIterator.apply(this, args);
    if (!observeIterator(iterator, watched)) watched.watch.settle()?.onAbandon();
    return iterator;
  };
  createWatched[WATCHED] = watched;
  return putInPlace(stream, Symbol.asyncIterator, createWatched);
}

function begin(iterator: WatchedIterator, stream: Watched): void {
  iterator.stream = undefined;
  // The stream may be for another call meanwhile, or read before.
  if (iterator.watch !== stream.watch || !stream.reader) return;
  iterator.reader = stream.reader;
  stream.reader = undefined;
}

/**
 * Shadows the iterator's methods on the object itself, so that its identity and prototype stay what they were.
 *
 * @returns false when that cannot be done.
 */
function observeIterator(iterator: AsyncIterator<unknown>, stream: Watched): boolean {
  const { watch } = stream;
  const { next, return: stop, throw: fail } = iterator;
  const known = watchedBy<WatchedIterator>(next, iterator);
  if (known) {
    if (known.watch !== watch) known.watch.settle()?.onAbandon();
    Object.assign(known, { watch, stream });
    return true;
  }
  const watched: WatchedIterator = { target: iterator, watch, reader: undefined, stream };
  const onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result?.done) watched.watch.settle()?.onEnd();
    else watched.watch.observer?.onChunk(result?.value);
    return result;
  };
  const onError = (error: unknown): never => {
    watched.watch.settle()?.onError(error);
    throw error;
  };

  const nextWatched = (...args: [] | [unknown]): unknown => {
    if (watched.stream) begin(watched, watched.stream);
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
    watched.watch.settle()?.onAbandon();
    return result;
  };
  nextWatched[WATCHED] = watched;
  if (!putInPlace(iterator, 'next', nextWatched)) return false;
  if (stop) {
    putInPlace(iterator, 'return', (...args: [] | [unknown]) => {
      watched.watch.settle()?.onAbandon();
      return stop.apply(iterator, args);
    });
  }
  if (fail) {
    putInPlace(iterator, 'throw', (...args: [] | [unknown]) => {
      watched.watch.settle()?.onAbandon();
      return fail.apply(iterator, args);
    });
  }
  return true;
}
