/** How the yardsticks are told of streams and of the HTTP exchange. */

import type { Attributes, Span } from '@opentelemetry/api';
import { loadPeer } from '../peers.js';

const { context, trace } = loadPeer('@opentelemetry/api');

/** A thin wrapper: the application waits for one more promise, as it must when somebody is to be told. */
export function watchThinly<Item>(
  stream: AsyncIterable<Item>,
  onChunk: (chunk: Item) => void,
  onEnd: () => void,
): void {
  const createIterator = stream[Symbol.asyncIterator];
  stream[Symbol.asyncIterator] = () => {
    const iterator = createIterator.call(stream);
    const tell = (result: IteratorResult<Item>): IteratorResult<Item> => {
      if (result.done) onEnd();
      else onChunk(result.value);
      return result;
    };
    return { next: () => iterator.next().then(tell) };
  };
}

const dropped = new FinalizationRegistry<Watch>((watch) => watch.end());

/** Ends once, and lets go of what it told: in Node.js 20 the registry keeps it long after `unregister`. */
class Watch {
  #onEnd: (() => void) | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  end(): void {
    const onEnd = this.#onEnd;
    if (!onEnd) return;
    this.#onEnd = undefined;
    dropped.unregister(this);
    onEnd();
  }
}

class WatchedIterator<Item> implements AsyncIterableIterator<Item> {
  readonly #iterator: AsyncIterator<Item>;
  readonly #watch: Watch;
  /** Not dropped while this one is there. */
  readonly stream: object;
  readonly #tell: (result: IteratorResult<Item>) => IteratorResult<Item>;
  readonly #fail: (error: unknown) => never;

  constructor(stream: object, iterator: AsyncIterator<Item>, watch: Watch, onChunk: (chunk: Item) => void) {
    this.stream = stream;
    this.#iterator = iterator;
    this.#watch = watch;
    this.#tell = (result) => {
      if (result.done) watch.end();
      else onChunk(result.value);
      return result;
    };
    this.#fail = (error) => {
      watch.end();
      throw error;
    };
  }

  next(): Promise<IteratorResult<Item>> {
    return this.#iterator.next().then(this.#tell, this.#fail);
  }

  async return(value?: unknown): Promise<IteratorResult<Item>> {
    this.#watch.end();
    return this.#iterator.return?.(value) ?? { done: true, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Is told also when the stream fails, is left early, or is dropped unread. */
export function watchWhole<Item>(stream: AsyncIterable<Item>, onChunk: (chunk: Item) => void, onEnd: () => void): void {
  const createIterator = stream[Symbol.asyncIterator];
  const watch = new Watch(onEnd);
  dropped.register(stream, watch, watch);
  stream[Symbol.asyncIterator] = () => new WatchedIterator(stream, createIterator.call(stream), watch, onChunk);
}

interface HttpHandler {
  handle: (request: HttpRequest, options: unknown) => Promise<HttpResult>;
}

interface HttpRequest {
  readonly hostname: string;
  readonly port?: number;
}

interface HttpResult {
  readonly response: { readonly statusCode: number; readonly headers: Readonly<Record<string, string>> };
}

const exchanges = new WeakMap<Span, Attributes>();
const watched = new WeakSet<object>();

/** Returns what is seen of the latest attempt of the call that has this span: where it went, and what its answer's head says. */
export function seeExchange(requestHandler: object, span: Span): Attributes {
  const seen: Attributes = {};
  exchanges.set(span, seen);
  if (!watched.has(requestHandler)) watchHandler(requestHandler as HttpHandler);
  return seen;
}

function watchHandler(handler: HttpHandler): void {
  watched.add(handler);
  const { handle } = handler;
  handler.handle = (request, options) => {
    const active = trace.getSpan(context.active());
    const seen = active && exchanges.get(active);
    const answered = handle.call(handler, request, options);
    if (!seen) return answered;
    return answered.then((result) => {
      const { statusCode, headers } = result.response;
      seen['server.address'] = request.hostname;
      seen['http.response.status_code'] = statusCode;
      seen['aws.request_id'] = headers['x-amzn-requestid'];
      const tokens = headers['x-amzn-bedrock-input-token-count'];
      if (tokens !== undefined) seen['gen_ai.usage.input_tokens'] = Number(tokens);
      return result;
    });
  };
}
