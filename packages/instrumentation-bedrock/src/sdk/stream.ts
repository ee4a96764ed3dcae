/** Observes streams in place: the application keeps the objects and promises that the SDK gave it. */

import { setTimeout } from 'node:timers';
import { types } from 'node:util';
import type { Context } from '@opentelemetry/api';
import { isThenable } from '../data/promise.js';
import { isByteStream, observeEmits } from './byte-stream.js';
import type { SdkClient } from './client.js';
import { observedInput } from './input-stream.js';
import { isWebStream, observeWebStream } from './web-stream.js';

/** Gets what happens to a stream. One of `onEnd`, `onError` and `onAbandon` is called, once, as the last call. */
export interface StreamObserver {
  onChunk(chunk: unknown): void;
  /**
   * The stream has ended by itself.
   *
   * @param isCut true if the connection was lost before the end of the answer. Only byte streams show it. Default: false.
   */
  onEnd(isCut?: boolean): void;
  onError(error: unknown): void;
  /** The application has stopped reading, or will not begin. */
  onAbandon(): void;
}

/** One observed stream. It refers to no stream, iterator or client, so that an abandoned stream can be collected. */
export class Observation {
  isRead = false;
  /** Absent after the end. */
  #observer: StreamObserver | undefined;
  /** The sets of open streams that contain this one. */
  readonly #open: readonly Set<Observation>[];

  constructor(observer: StreamObserver, open: readonly Set<Observation>[]) {
    this.#observer = observer;
    this.#open = open;
    for (const observations of open) observations.add(this);
  }

  get isOpen(): boolean {
    return this.#observer !== undefined;
  }

  chunk(value: unknown): void {
    this.#observer?.onChunk(value);
  }

  end(isCut = false): void {
    this.#settle()?.onEnd(isCut);
  }

  fail(error: unknown): void {
    this.#settle()?.onError(error);
  }

  abandon(): void {
    this.#settle()?.onAbandon();
  }

  #settle(): StreamObserver | undefined {
    const observer = this.#observer;
    this.#observer = undefined;
    collected.unregister(this);
    for (const observations of this.#open) observations.delete(this);
    return observer;
  }
}

/** Abandons streams that the application dropped before their end. */
const collected = new FinalizationRegistry<Observation>((observation) => observation.abandon());

/** Functions that return a stream destroy their client before the reader begins, which can wait for other work. */
const MILLIS_UNTIL_READ = 1000;

/** The methods of an object that reads a stream. `read` returns `{done, value}`, or a promise of it. */
interface ReaderMethods {
  readonly read: string;
  /** With these, the application reads no further. */
  readonly leave: readonly string[];
}

const ITERATOR: ReaderMethods = { read: 'next', leave: ['return', 'throw'] };

/** What an iterator reads. It keeps the stream alive for applications that keep only the iterator. */
interface Reading {
  readonly observation: Observation;
  readonly stream: object;
}

// An application can keep a stream, or the iterator of a stream, and get it again as the answer to a later call.
const ofStreams = new WeakMap<object, Observation>();
const ofReaders = new WeakMap<object, Reading>();

/** The streams of one instrumentation that have not ended yet. */
export class OpenStreams {
  readonly #open = new Set<Observation>();
  readonly #ofClients = new WeakMap<SdkClient, Set<Observation>>();

  get size(): number {
    return this.#open.size;
  }

  /**
   * Reports to `observer` what the application reads from `stream`, at the moment when it reads. Never reads by itself.
   *
   * @param client the client that made the stream.
   * @returns false if the object is neither an async iterable nor a stream of bytes, if its methods cannot be replaced, or
   *   if it is still observed for another call. Then the observer is never called.
   */
  observe(stream: unknown, observer: StreamObserver, client?: SdkClient): boolean {
    if (typeof stream !== 'object' || stream === null) return false;
    const known = ofStreams.get(stream);
    if (known?.isOpen || !(known || replaceMethods(stream))) return false;
    const observation = new Observation(observer, client ? [this.#open, this.#ofClient(client)] : [this.#open]);
    ofStreams.set(stream, observation);
    collected.register(stream, observation, observation);
    return true;
  }

  /**
   * Returns an iterable that yields what `events` yields and reports it to `observer`, at the moment when the SDK reads it.
   * The application's object stays unchanged. Returns `events` itself if it is no iterable; then `observer` is never called.
   *
   * @param caller the context in which the application has made the call.
   */
  observeInput(events: unknown, caller: Context, observer: StreamObserver): unknown {
    return observedInput(events, caller, (iterator) => {
      const observation = new Observation(observer, [this.#open]);
      observation.isRead = true;
      // The SDK drops an iterator that waits for the application, if the service has ended the call.
      collected.register(iterator, observation, observation);
      return observation;
    });
  }

  /**
   * Starts an observation to which the caller reports what it sees of an object. It is abandoned at the latest when the
   * object is collected.
   */
  track(object: object, observer: StreamObserver): Observation {
    const observation = new Observation(observer, [this.#open]);
    collected.register(object, observation, observation);
    return observation;
  }

  /** Ends the observation of all streams. The application can read on. */
  abandonAll(): void {
    for (const observation of [...this.#open]) observation.abandon();
  }

  /**
   * Ends the observation of a client's streams that the application does not begin to read within a second. Over HTTP/2
   * a stream can be read long after `destroy()`. The process does not wait for that second.
   */
  abandonUnread(client: SdkClient): void {
    for (const observation of this.#ofClient(client)) {
      if (observation.isRead) continue;
      const decide = (): void => {
        if (!observation.isRead) observation.abandon();
      };
      setTimeout(decide, MILLIS_UNTIL_READ).unref();
    }
  }

  #ofClient(client: SdkClient): Set<Observation> {
    let observations = this.#ofClients.get(client);
    if (!observations) {
      observations = new Set();
      this.#ofClients.set(client, observations);
    }
    return observations;
  }
}

function replaceMethods(stream: object): boolean {
  const find = (): Observation | undefined => ofStreams.get(stream);
  // Every way to read a stream of bytes passes its `emit`. Event streams have no other method than that for an iterator.
  if (isByteStream(stream)) return observeEmits(stream, find, replaceMethod);
  if (isWebStream(stream)) return observeWebStream(stream, find, { replace: replaceMethod, observeReader });
  const createIterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator];
  return typeof createIterator === 'function' && replaceIteratorMethod(stream, createIterator);
}

/** Returns false if the object does not allow it. Its own properties stay as enumerable as they were. */
export function replaceMethod(object: object, name: PropertyKey, value: object): boolean {
  try {
    return Reflect.defineProperty(object, name, { value, writable: true, configurable: true });
  } catch {
    return false; // A proxy can throw. The application must not see that.
  }
}

function replaceIteratorMethod(stream: object, createIterator: () => AsyncIterator<unknown>): boolean {
  return replaceMethod(stream, Symbol.asyncIterator, function (this: unknown, ...args: []): AsyncIterator<unknown> {
    const iterator = createIterator.apply(this, args);
    observeReader(iterator, stream, ITERATOR);
    return iterator;
  });
}

/** @param reader an iterator, or another object that reads a stream in its way. */
function observeReader(reader: object, stream: object, names: ReaderMethods): void {
  const observation = ofStreams.get(stream);
  if (!observation?.isOpen) return;
  const known = ofReaders.get(reader)?.observation;
  if (known === observation) return;
  if (known?.isOpen || (!known && !replaceReadMethods(reader, names))) observation.abandon();
  else ofReaders.set(reader, { observation, stream });
}

/** Replaces the methods on the object itself, so that its identity and its prototype stay the same. */
function replaceReadMethods(reader: object, names: ReaderMethods): boolean {
  type Method = (...args: unknown[]) => unknown;
  const methods = reader as Readonly<Record<string, Method | undefined>>;
  const read = methods[names.read];
  const observed = (): Observation | undefined => ofReaders.get(reader)?.observation;
  if (!read) return false;
  const onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result?.done) observed()?.end();
    else observed()?.chunk(result?.value);
    return result;
  };
  const onError = (error: unknown): never => {
    observed()?.fail(error);
    throw error;
  };
  const isReplaced = replaceMethod(reader, names.read, (...args: unknown[]): unknown => {
    const observation = observed();
    if (observation) observation.isRead = true;
    let result: unknown;
    try {
      result = read.apply(reader, args);
    } catch (error) {
      return onError(error);
    }
    // The application gets the derived promise. A reaction to the original, beside it, would mark a rejection as handled
    // that the application never handles. `isPromise` works also if a library replaces the global Promise.
    if (types.isPromise(result)) return (result as Promise<IteratorResult<unknown>>).then(onResult, onError);
    // `for await` accepts a plain result too. A promise of another kind cannot be observed without a side effect.
    if (!isThenable(result)) return onResult(result as IteratorResult<unknown>);
    observed()?.abandon();
    return result;
  });
  if (!isReplaced) return false;
  for (const name of names.leave) {
    const leave = methods[name];
    if (!leave) continue;
    replaceMethod(reader, name, (...args: unknown[]) => {
      observed()?.abandon();
      return leave.apply(reader, args);
    });
  }
  return true;
}
