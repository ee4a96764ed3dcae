/** Watches an async iterable in place: the application keeps the very object, and iterators that are as the SDK's own. */

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

// Entries are removed when they are no longer needed. What is left to the garbage collector here, and in the registry
// above, keeps the whole call until it goes through all memory, and is moved there first (bench/README.md).
const watchedStreams = new WeakMap<object, WatchedStream>();
/** Those that were shadowed. */
const watchedIterators = new WeakMap<object, WatchedIterator>();

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
  if (known) known.observe(watch, reader);
  else if (!watchStream(stream, watch, reader)) return false;
  abandoned.register(reader, watch, watch);
  return true;
}

function watchStream(stream: object, watch: Watch, reader: Reader): boolean {
  const createIterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator];
  if (typeof createIterator !== 'function' || !Object.isExtensible(stream)) return false;
  const own = Object.getOwnPropertyDescriptor(stream, Symbol.asyncIterator);
  if (own && !own.configurable) return false;

  const watched = new WatchedStream(stream, watch, reader);
  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: (...args: []) => {
      const iterator = createIterator.apply(stream as AsyncIterable<unknown>, args);
      return isNewGenerator(iterator, createIterator)
        ? new WatchedIterator(iterator, iterator, watched)
        : watchIterator(iterator, watched);
    },
    enumerable: own?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
  watchedStreams.set(stream, watched);
  return true;
}

/** Middleware may give the same stream for several calls. */
class WatchedStream {
  watch: Watch;
  readonly #stream: object;
  /** Absent after the first chunk. */
  #reader: Reader | undefined;

  constructor(stream: object, watch: Watch, reader: Reader) {
    this.#stream = stream;
    this.watch = watch;
    this.#reader = reader;
  }

  observe(watch: Watch, reader: Reader): void {
    this.watch.settle()?.onAbandon();
    this.watch = watch;
    this.#reader = reader;
  }

  /** With its first chunk the iterator decides: it may outlive the stream object, or be dropped unread before. */
  start(): Reader | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    watchedStreams.delete(this.#stream);
    return reader;
  }
}

/** What all async generators inherit. There is no such object where a bundler has made functions of them. */
const ASYNC_GENERATOR: object | undefined = Object.getPrototypeOf(async function* () {}).prototype;

/** True for a generator that this call of its function has made: nobody has it yet, and it has no members of its own. */
function isNewGenerator(iterator: object, createIterator: () => unknown): boolean {
  if (!types.isGeneratorFunction(createIterator)) return false;
  const prototype = Object.getPrototypeOf(iterator);
  return Object.getPrototypeOf(prototype) === ASYNC_GENERATOR && Reflect.ownKeys(prototype).length === 0;
}

/** Watches what may be known to others: on the object itself, so that its identity and prototype stay what they were. */
function watchIterator(iterator: AsyncIterator<unknown>, stream: WatchedStream): AsyncIterator<unknown> {
  const known = WatchedIterator.of(iterator);
  if (known) WatchedIterator.observe(known, stream.watch);
  else if (!shadow(iterator, stream)) stream.watch.settle()?.onAbandon();
  return iterator;
}

/** @returns false when that cannot be done: a frozen iterator, say. */
function shadow(iterator: AsyncIterator<unknown>, stream: WatchedStream): boolean {
  const { next, return: stop, throw: fail } = iterator;
  const watched = new WatchedIterator(iterator, { next, return: stop, throw: fail }, stream);
  if (!define(iterator, 'next', watched.next.bind(watched))) return false;
  watchedIterators.set(iterator, watched);
  if (stop) define(iterator, 'return', watched.return.bind(watched));
  if (fail) define(iterator, 'throw', watched.throw.bind(watched));
  return true;
}

function define(object: object, name: string, value: unknown): boolean {
  try {
    return Reflect.defineProperty(object, name, { value, enumerable: false, configurable: true, writable: true });
  } catch {
    return false; // A proxy may throw; the application's loop is not to see that.
  }
}

type Method = (...args: [] | [unknown]) => unknown;

interface Methods {
  readonly next: Method;
  readonly return?: Method | undefined;
  readonly throw?: Method | undefined;
}

/**
 * The methods of an iterator, watched. They shadow its own, or the application gets this in the place of a generator that
 * nobody has yet. Shadowing would take far longer there: every generator of the SDK is of a shape of its own.
 */
class WatchedIterator {
  readonly #iterator: object;
  readonly #methods: Methods;
  #watch: Watch;
  /** Before the first chunk it is the stream that has it. */
  #reader: Reader | WatchedStream | undefined;

  /** @param methods those of `iterator`, as they were before. */
  constructor(iterator: object, methods: Methods, stream: WatchedStream) {
    this.#iterator = iterator;
    this.#methods = methods;
    this.#watch = stream.watch;
    this.#reader = stream;
  }

  static of(iterator: object): WatchedIterator | undefined {
    return #watch in iterator ? iterator : watchedIterators.get(iterator);
  }

  static observe(watched: WatchedIterator, watch: Watch): void {
    if (watched.#watch !== watch) watched.#watch.settle()?.onAbandon();
    watched.#watch = watch;
  }

  next(...args: [] | [unknown]): unknown {
    if (this.#reader instanceof WatchedStream) this.#reader = this.#reader.start();
    let result: unknown;
    try {
      result = this.#methods.next.apply(this.#iterator, args);
    } catch (error) {
      return this.#onError(error);
    }
    // The promise that is handed out is the one derived here: watching the original beside it would mark a rejection
    // as handled that the application never handled. Told by its kind, for libraries replace the global Promise.
    if (types.isPromise(result)) {
      return (result as Promise<IteratorResult<unknown>>).then(this.#onResult, this.#onError);
    }
    // `for await` takes a plain result too. What another kind of promise brings cannot be seen without a trace.
    if (!isThenable(result)) return this.#onResult(result as IteratorResult<unknown>);
    this.#end()?.onAbandon();
    return result;
  }

  return(...args: [] | [unknown]): unknown {
    this.#end()?.onAbandon();
    return this.#methods.return?.apply(this.#iterator, args);
  }

  throw(...args: [] | [unknown]): unknown {
    this.#end()?.onAbandon();
    return this.#methods.throw?.apply(this.#iterator, args);
  }

  readonly #onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result?.done) this.#end()?.onEnd();
    else this.#watch.observer?.onChunk(result?.value);
    return result;
  };

  readonly #onError = (error: unknown): never => {
    this.#end()?.onError(error);
    throw error;
  };

  #end(): StreamObserver | undefined {
    watchedIterators.delete(this.#iterator);
    return this.#watch.settle();
  }
}

// As a generator shows itself, in `console.log` for one.
if (ASYNC_GENERATOR) Object.setPrototypeOf(WatchedIterator.prototype, ASYNC_GENERATOR);
Reflect.deleteProperty(WatchedIterator.prototype, 'constructor');
