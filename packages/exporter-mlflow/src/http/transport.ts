import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { say } from '../common/shown-text.js';
import { withoutTracing } from '../common/suppress.js';
import { isOver, type Limit, within } from '../common/waiting.js';
import type { ResolvedConnection } from './connection.js';
import type { Authorization, Exchange } from './exchange/authorizer.js';
import type { HttpRequest } from './exchange/request.js';
import {
  CREDENTIALS_MISSING_CODE,
  type HttpAnswer,
  type HttpResult,
  NO_ANSWER_IN_TIME,
  NO_CREDENTIALS_CODE,
  TOO_LONG_CODE,
  toNoAnswer,
} from './exchange/result.js';
import { openRoute, type Route } from './route.js';

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
 * @param learn receives the headers that authorize a request, before it is sent
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
  connection: ResolvedConnection,
  learn: (headers: Readonly<Record<string, string>>) => void,
): Promise<HttpResult> {
  const { signal } = request;
  const { authorizers } = connection;
  const limit: Limit = signal === undefined ? { deadline } : { deadline, signal };
  const own = withoutConnectionHeaders(request.headers ?? {});
  const base = withoutConnectionHeaders(connection.headers);
  const unauthorized: Exchange = (asked, until) => {
    const headers = withoutConnectionHeaders({ ...connection.headers, ...asked.headers });
    learn(headers);
    return endBy({ deadline: until }, async (ended) => exchange(await open(), { ...asked, headers }, ended));
  };
  let added: Readonly<Record<string, string>> = {};
  const attempt = async (): Promise<HttpResult> => {
    const authorization = await authorize({ ...request, base, own }, connection, deadline, unauthorized);
    if (authorization.kind === 'none') return withoutCredentials(authorization);
    added = authorization.headers;
    if (authorizers.length > 0) learn({ ...added, ...authorization.unsent });
    const headers = { ...base, ...added, ...own };
    return endBy(limit, async (ended) => exchange(await open(), { ...request, headers }, ended));
  };
  const first = await attempt();
  if (first.kind !== 'answer' || first.status < 400 || !(await renew(first, connection, deadline, added))) return first;
  if (signal?.aborted) return first;
  const second = await attempt();
  return second.kind === 'answer' ? { ...second, isRenewed: true } : second;
}

/** Later authorizers see the headers of earlier ones, as they go on the wire. */
async function authorize(
  { method, path, body, base, own }: HttpRequest & { base: Record<string, string>; own: Record<string, string> },
  { url, authorizers }: ResolvedConnection,
  deadline: number,
  unauthorized: Exchange,
): Promise<Authorization> {
  const added: Record<string, string> = {};
  const unsent: Record<string, string> = {};
  for (const authorizer of authorizers) {
    const headers = { ...base, ...added, ...own };
    const wire = { method, url: `${url}${path}`, headers, ...(body && { body }) };
    const authorization = await authorizer.authorize(wire, deadline, unauthorized);
    if (authorization.kind === 'none') return authorization;
    Object.assign(added, withoutConnectionHeaders(authorization.headers));
    Object.assign(unsent, authorization.unsent);
  }
  return { kind: 'headers', headers: added, unsent };
}

async function renew(
  refusal: HttpAnswer,
  { authorizers }: ResolvedConnection,
  deadline: number,
  sent: Readonly<Record<string, string>>,
): Promise<boolean> {
  let isRenewed = false;
  for (const authorizer of authorizers) isRenewed = (await authorizer.renew(refusal, deadline, sent)) || isRenewed;
  return isRenewed;
}

function withoutCredentials({ reason, isFinal }: Extract<Authorization, { kind: 'none' }>): HttpResult {
  const code = isFinal ? CREDENTIALS_MISSING_CODE : NO_CREDENTIALS_CODE;
  return { kind: 'no-answer', message: reason, isOwn: true, code };
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
  const headers = { ...request.headers, ...proxyHeaders };
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
