/**
 * Observes streams of bytes in place: the Readable of Node.js that the SDK returns for a body, such as the answer of an
 * agent runtime.
 *
 * Whatever the application reads from a Readable passes its `emit`: by an iterator, by listeners, by `pipe`, by `read()`, as
 * a web stream, and by the SDK's `transformToString`. So an own `emit` sees all of it, and a listener would start the flow.
 */

import { isReset } from '../data/reset.js';

/** Gets what happens to the stream. `end`, `fail` and `abandon` are the last calls. */
interface ByteObservation {
  readonly isOpen: boolean;
  isRead: boolean;
  chunk(bytes: unknown): void;
  /** @param isCut true if the connection was lost before the end. */
  end(isCut: boolean): void;
  fail(error: unknown): void;
  abandon(): void;
}

/** The parts of Node.js's Readable, IncomingMessage and ClientHttp2Stream in use. */
interface ByteStream {
  emit(...args: unknown[]): unknown;
  read(): unknown;
  readonly readableObjectMode: false;
  readonly readableLength?: unknown;
  readonly readableEncoding?: unknown;
  readonly destroyed?: unknown;
  readonly errored?: unknown;
  /** Of an answer over HTTP/1.1: true if all of it has arrived. */
  readonly complete?: unknown;
  /** Of an answer over HTTP/1.1. `aborted` is true if the application left it early, not if the SDK did. */
  readonly req?: { readonly aborted?: unknown };
}

export function isByteStream(stream: object): stream is ByteStream {
  const { emit, read, readableObjectMode } = stream as Partial<ByteStream>;
  return typeof emit === 'function' && typeof read === 'function' && readableObjectMode === false;
}

/**
 * @param find returns the present observation of the stream.
 * @param replace sets a method on an object; returns false if the object does not allow it.
 */
export function observeEmits(
  stream: ByteStream,
  find: () => ByteObservation | undefined,
  replace: (object: object, name: string, method: object) => boolean,
): boolean {
  const { emit } = stream;
  return replace(stream, 'emit', function (this: unknown, ...args: unknown[]): unknown {
    const observation = find();
    if (observation?.isOpen) report(this as ByteStream, observation, args);
    return emit.apply(this, args);
  });
}

function report(stream: ByteStream, observation: ByteObservation, [event, value]: unknown[]): void {
  // Node.js reads on, to free the connection, after the application has left an iterator.
  if (stream.req?.aborted === true) {
    observation.abandon();
    return;
  }
  switch (event) {
    case 'data':
      observation.isRead = true;
      observation.chunk(asBytes(value, stream.readableEncoding));
      if (isReadToEnd(stream)) observation.end(false);
      break;
    case 'readable':
      if (isReadToEnd(stream)) observation.end(false);
      break;
    case 'end':
      if (isCut(stream)) observation.end(true);
      // Over HTTP/2, a destroyed stream ends as well.
      else if (stream.destroyed === true) observation.abandon();
      else observation.end(false);
      break;
    case 'error':
      fail(observation, value);
      break;
    case 'close':
      // Node.js emits no error if there is no listener for it.
      if (stream.errored) fail(observation, stream.errored);
      else if (isCut(stream)) observation.end(true);
      else observation.abandon();
      break;
  }
}

/** Node.js emits `end` only to an application that reads on after the last byte. */
function isReadToEnd({ complete, readableLength }: ByteStream): boolean {
  return complete === true && readableLength === 0;
}

function isCut(stream: ByteStream): boolean {
  return stream.destroyed === true ? isReset(stream) : stream.complete === false;
}

/** Node.js destroys a stream with this error if the application leaves it before its end. */
function fail(observation: ByteObservation, error: unknown): void {
  if ((error as { readonly code?: unknown } | undefined)?.code === 'ABORT_ERR') observation.abandon();
  else observation.fail(error);
}

/** Returns the bytes of a chunk, which is text if the application has set an encoding. */
function asBytes(chunk: unknown, encoding: unknown): unknown {
  return typeof chunk === 'string' ? Buffer.from(chunk, (encoding ?? 'utf8') as BufferEncoding) : chunk;
}
