/** Observes the answer of a call in its `Response`, while the SDK or the application reads it. */

import type { TracedCall } from '../../call/call.js';
import { asBytes, asObject, decodeText, type JsonValue, parseJson } from '../../data/json.js';
import { isThenable } from '../../data/promise.js';
import { type Observation, type OpenStreams, replaceMethod, type StreamObserver } from '../stream.js';
import type { HttpResponse } from './client.js';
import { EventDecoder } from './server-sent-events.js';

/** The last event of a stream of chat completions. The other APIs end their streams with a last JSON event. */
const DONE = '[DONE]';

/** The body of a longer answer is not collected. */
const MAX_BODY_BYTES = 25_000_000;

/** The SDK throws a `SyntaxError`, too, if it parses the answer. */
const malformed = (): SyntaxError => new SyntaxError('The answer is no JSON.');

/** Reports the bytes of a stream of server-sent events to a call, as parsed JSON. */
export function eventObserver(call: TracedCall): StreamObserver {
  const decoder = new EventDecoder();
  const add = (events: readonly string[]): void => {
    for (const data of events) {
      if (data === DONE) {
        // The SDK cancels a body that it has read so far, or reads on until it ends.
        call.onEnd();
        return;
      }
      const chunk = parseJson(data);
      if (chunk === undefined) call.onError(malformed());
      else call.onChunk(chunk);
    }
  };
  return {
    onChunk: (bytes) => add(decoder.decode(bytes)),
    onEnd(isCut) {
      add(decoder.end());
      call.onEnd(isCut);
    },
    onError(error) {
      // An application that aborts the SDK's stream gets no error. Its signal, if it has one, is known to the call.
      if (isAbort(error)) call.onAbandon();
      else call.onError(error);
    },
    onAbandon: () => call.onAbandon(),
  };
}

function isAbort(error: unknown): boolean {
  return asObject(error)?.['name'] === 'AbortError';
}

type Answer = JsonValue | undefined;

/** The methods that read an answer as a whole, and how their result becomes its JSON. */
const READERS: Readonly<Record<string, (result: unknown) => Answer | Promise<Answer>>> = {
  json: (result) => result as JsonValue,
  text: (result) => (typeof result === 'string' ? parseJson(result) : undefined),
  arrayBuffer: parseBytes,
  blob: parseBlob,
  bytes: parseBytes,
  // Only `node-fetch` has it.
  buffer: parseBytes,
};

function parseBytes(result: unknown): Answer {
  const bytes = asBytes(result);
  const text = bytes && decodeText(bytes);
  return text === undefined ? undefined : parseJson(text);
}

/** @param result `Blob`, of Node.js or of `node-fetch`. */
async function parseBlob(result: unknown): Promise<Answer> {
  return parseBytes(await (result as Blob).arrayBuffer());
}

/**
 * Reports an answer in JSON to its call when it is read, by a method of the response or from its body. The call of an
 * answer that is never read ends when the response is collected.
 */
export function observeJson(response: HttpResponse, call: TracedCall, streams: OpenStreams): void {
  const observation = streams.track(response, {
    onChunk(answer) {
      if (answer === undefined) call.failed(malformed());
      else call.answered(answer, () => false);
    },
    onEnd: () => undefined,
    onError: (error) => call.failed(error),
    onAbandon: () => call.onAbandon(),
  });
  const known = readings.get(response);
  if (known) {
    known.add(observation);
    return;
  }
  const reading = new Reading(observation);
  readings.set(response, reading);
  for (const [name, parse] of Object.entries(READERS)) observeReader(response, name, parse, reading);
  observeBody(response, streams, reading);
}

/** A mock can return the same response for many calls. */
const readings = new WeakMap<object, Reading>();

/** What waits for an answer to be read. */
class Reading {
  /** True while a method that reads the answer as a whole starts: `node-fetch` takes the body from its own response. */
  isWhole = false;
  #observations: readonly Observation[];

  constructor(observation: Observation) {
    this.#observations = [observation];
  }

  get isOpen(): boolean {
    return this.#observations.some(({ isOpen }) => isOpen);
  }

  add(observation: Observation): void {
    this.#observations = [...this.#observations.filter(({ isOpen }) => isOpen), observation];
  }

  /** @param parse not called if nothing waits. */
  answer(parse: () => Answer | Promise<Answer>): void {
    if (!this.isOpen) return;
    const observations = this.#observations;
    const settle = (answer: Answer): void => {
      for (const observation of observations) {
        observation.chunk(answer);
        observation.end();
      }
    };
    const answer = parse();
    if (isThenable(answer)) answer.then(settle, () => this.abandon());
    else settle(answer);
  }

  fail(error: unknown): void {
    for (const observation of this.#observations) observation.fail(error);
  }

  abandon(): void {
    for (const observation of this.#observations) observation.abandon();
  }
}

function observeReader(
  response: object,
  name: string,
  parse: (result: unknown) => Answer | Promise<Answer>,
  reading: Reading,
): void {
  const read = (response as Readonly<Record<string, unknown>>)[name];
  if (typeof read !== 'function') return;
  const onResult = (result: unknown): unknown => {
    reading.answer(() => parse(result));
    return result;
  };
  const onError = (error: unknown): never => {
    reading.fail(error);
    throw error;
  };
  replaceMethod(response, name, function (this: unknown, ...args: unknown[]): unknown {
    reading.isWhole = true;
    try {
      const result: unknown = read.apply(this, args);
      return isThenable(result) ? result.then(onResult, onError) : onResult(result);
    } finally {
      reading.isWhole = false;
    }
  });
}

/** An application that asked for the response can read its body by itself. */
function observeBody(response: HttpResponse, streams: OpenStreams, reading: Reading): void {
  if (Object.hasOwn(response, 'body')) return;
  const get = function (this: unknown): unknown {
    const body: unknown = Reflect.get(Object.getPrototypeOf(response), 'body', this);
    if (!reading.isWhole && reading.isOpen) streams.observe(body, collector(reading));
    return body;
  };
  Reflect.defineProperty(response, 'body', { get, configurable: true });
}

/** Collects the bytes of an answer, of which the application reads the body. */
function collector(reading: Reading): StreamObserver {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    onChunk(chunk) {
      const bytes = asBytes(chunk);
      length += bytes?.length ?? 0;
      if (bytes && length <= MAX_BODY_BYTES) chunks.push(bytes);
    },
    onEnd: () => reading.answer(() => parseBytes(Buffer.concat(chunks))),
    onError: (error) => reading.fail(error),
    onAbandon: () => reading.abandon(),
  };
}
