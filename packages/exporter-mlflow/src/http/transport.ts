import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { say } from '../common/shown-text.js';
import { withoutTracing } from '../common/suppress.js';
import { isOver, type Limit, within } from '../common/waiting.js';
import type { ResolvedConnection } from './connection.js';
import { type ProvidedHeaders, provideHeaders } from './credentials.js';
import { type HttpResult, NO_ANSWER_IN_TIME, NO_CREDENTIALS_CODE, TOO_LONG_CODE, toNoAnswer } from './result.js';
import { openRoute, type Route } from './route.js';

/** One request to the server. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the tracking URI, with a leading slash and its query. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Whether sending the request twice may do harm; then only a request that had no effect is repeated. Default: `false`. */
  once?: boolean;
  /**
   * Whether the server may fail on the content of this request alone. An internal error is then repeated only once, so
   * that the sender has time to look for the fault. Default: `false`.
   */
  mayBeAtFault?: boolean;
  /** Recorded values that this request carries. Messages do not show what an answer quotes of them. Default: none. */
  recorded?: () => Iterable<string>;
  /** Whether a successful answer is plain text, which MLflow labels as HTML. Default: `false`. */
  plainText?: boolean;
  /** Whether only the beginning of a successful answer is read. Default: `false`. */
  beginningOnly?: boolean;
  /** The longest successful answer to read, in bytes. Default: 64 MB. */
  maxAnswerBytes?: number;
  /** Ends the request before its deadline, also while it waits for a repetition. */
  signal?: AbortSignal;
}

/** Sends one request and returns one answer. */
export interface Transport {
  /** Waits for the answer until `deadline` on the clock of `runningTime()`. Never throws. */
  send(request: HttpRequest, deadline: number): Promise<HttpResult>;
  /** Makes later requests use new connections. Those under way keep theirs. */
  renew(): void;
  /** Closes all connections. A later request opens new ones. */
  close(): void;
}

// They describe the connection. Undici sets them itself, and refuses a request that has them.
const CONNECTION_HEADERS = new Set(['content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']);
// The largest traces are some megabytes. A longer answer must not fill the application's memory.
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
// Messages show one line of an error.
const MAX_KEPT_BYTES = 64 * 1024;
const UTF8 = new TextDecoder();

/**
 * Creates a transport that keeps connections alive, and uses a proxy if the settings name one. It does not follow
 * redirects, because they could carry credentials to another server.
 *
 * @param learn receives the headers of each request whose credentials come from a function, before it is sent
 */
export function createHttpTransport(
  connection: ResolvedConnection,
  learn: (headers: Readonly<Record<string, string>>) => void = () => {},
): Transport {
  let route: Promise<Route> | undefined;
  const open = (): Promise<Route> => {
    route ??= openRoute(connection);
    return route;
  };
  return {
    // Otherwise each upload would create a span that needs another upload. So would functions that fetch a token.
    send: (request, deadline) => withoutTracing(() => send(request, deadline, open, connection, learn)),
    renew() {
      route?.then(({ retire }) => retire()).catch(() => {});
      route = undefined;
    },
    close() {
      route?.then(({ close }) => close()).catch(() => {});
      route = undefined;
    },
  };
}

async function send(
  request: HttpRequest,
  deadline: number,
  open: () => Promise<Route>,
  { headers, providers }: ResolvedConnection,
  learn: (headers: Readonly<Record<string, string>>) => void,
): Promise<HttpResult> {
  const { signal } = request;
  const limit: Limit = signal === undefined ? { deadline } : { deadline, signal };
  const exchangeWith = (credentials: Record<string, string>): Promise<HttpResult> => {
    if (providers !== undefined) learn(credentials);
    const complete = { ...request, headers: { ...headers, ...credentials, ...request.headers } };
    return endBy(limit, async (ended) => exchange(await open(), complete, ended));
  };
  if (providers === undefined) return exchangeWith({});
  const first = await provideHeaders(providers, deadline);
  if (first.kind === 'none') return withoutCredentials(first);
  const refused = await exchangeWith(first.headers);
  if (refused.kind !== 'answer' || refused.status !== 401) return refused;
  // The token may have expired since the function received it.
  const second = await provideHeaders(providers, deadline);
  if (second.kind === 'none') return withoutCredentials(second);
  if (signal?.aborted) return refused;
  const result = await exchangeWith(second.headers);
  return result.kind === 'answer' ? { ...result, askedForCredentials: true } : result;
}

function withoutCredentials({ reason }: Extract<ProvidedHeaders, { kind: 'none' }>): HttpResult {
  return { kind: 'no-answer', message: reason, isOwn: true, code: NO_CREDENTIALS_CODE };
}

/**
 * Resolves at the limit, even if `work` goes on. Undici cannot end a request that still waits for a connection. It drops
 * such a request when the connection is open.
 */
async function endBy(limit: Limit, work: (ended: AbortSignal) => Promise<HttpResult>): Promise<HttpResult> {
  if (isOver(limit)) return NO_ANSWER_IN_TIME;
  const ending = new AbortController();
  const result = await within(limit, work(ending.signal).catch(toNoAnswer));
  if (result === undefined) ending.abort();
  return result ?? NO_ANSWER_IN_TIME;
}

async function exchange(
  { dispatcher, origin, base, headers: proxyHeaders }: Route,
  { method, path, body, beginningOnly = false, maxAnswerBytes = MAX_ANSWER_BYTES, ...request }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResult> {
  const headers = withoutConnectionHeaders({ ...request.headers, ...proxyHeaders });
  const target = { origin, path: `${base}${path}`, method, headers, signal };
  const answer = await dispatcher.request(body === undefined ? target : { ...target, body });
  return readAnswer(answer, { beginningOnly, maxAnswerBytes });
}

function withoutConnectionHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name)));
}

async function readAnswer(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  { beginningOnly, maxAnswerBytes }: { beginningOnly: boolean; maxAnswerBytes: number },
): Promise<HttpResult> {
  const success = status < 300;
  const isBeginningEnough = beginningOnly || !success;
  const limit = isBeginningEnough ? MAX_KEPT_BYTES : maxAnswerBytes;
  const bytes = await readBytes(body, limit);
  // Undici frees a connection one turn of the event loop after its answer. A request before that opens another one.
  await nextTurn();
  const isWhole = bytes.byteLength <= limit;
  if (!isWhole && !isBeginningEnough) {
    const message = say`answer of more than ${limit / 1024 / 1024} MB`;
    return { kind: 'no-answer', message, isOwn: true, code: TOO_LONG_CODE };
  }
  const text = UTF8.decode(bytes.subarray(0, limit));
  return { kind: 'answer', status, headers, body: text, ...(success && beginningOnly && isWhole ? { bytes } : {}) };
}

/** Reads the whole body, or its beginning if the body is longer than `limit`; the connection ends then. */
async function readBytes(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > limit) break;
  }
  return Buffer.concat(chunks);
}
