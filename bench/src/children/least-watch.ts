/** How the yardsticks are told of streams and of the HTTP exchange. */

import type { Span } from '@opentelemetry/api';
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

/** Ends once. */
class Watch {
  readonly #onEnd: () => void;
  #isOver = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    dropped.unregister(this);
    this.#onEnd();
  }
}

class WatchedIterator<Item> implements AsyncIterableIterator<Item> {
  readonly #iterator: AsyncIterator<Item>;
  readonly #watch: Watch;
  readonly #tell: (result: IteratorResult<Item>) => IteratorResult<Item>;
  readonly #fail: (error: unknown) => never;

  constructor(iterator: AsyncIterator<Item>, watch: Watch, onChunk: (chunk: Item) => void) {
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
  stream[Symbol.asyncIterator] = () => {
    const iterator = new WatchedIterator(createIterator.call(stream), watch, onChunk);
    dropped.register(iterator, watch, watch);
    return iterator;
  };
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

/** What is seen of the latest attempt of a call. */
interface Seen {
  server?: string;
  status?: number;
  requestId?: string | undefined;
  inputTokens?: string | undefined;
}

const exchanges = new WeakMap<Span, Seen>();
const watched = new WeakSet<object>();

/** Sees where the calls that have this span go, and what the head of the answer says. */
export function seeExchange(requestHandler: object, span: Span): void {
  exchanges.set(span, {});
  if (watched.has(requestHandler)) return;
  watched.add(requestHandler);
  const handler = requestHandler as HttpHandler;
  const { handle } = handler;
  handler.handle = async (request, options) => {
    const active = trace.getSpan(context.active());
    const seen = active && exchanges.get(active);
    const result = await handle.call(handler, request, options);
    if (seen) {
      const { statusCode, headers } = result.response;
      seen.server = request.hostname;
      seen.status = statusCode;
      seen.requestId = headers['x-amzn-requestid'];
      seen.inputTokens = headers['x-amzn-bedrock-input-token-count'];
    }
    return result;
  };
}
