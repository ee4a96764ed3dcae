import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { performance } from 'node:perf_hooks';
import { urlToHttpOptions } from 'node:url';
import { withoutTracing } from '../common/suppress.js';
import type { ResolvedConnection } from './connection.js';
import { type ProvidedHeaders, provideHeaders } from './credentials.js';
import { createForwardAgent, TunnelAgent, throughForwardProxy } from './proxy.js';
import { createRedactor } from './redact.js';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the tracking URI, with a leading slash and its query. */
  path: string;
  headers?: Record<string, string>;
  /** Bytes: with a text Node.js would encode the headers, too, as it does the text. */
  body?: Uint8Array;
  /** Sending it twice may do harm, so it is repeated only when the server cannot have seen it. Default: `false`. */
  once?: boolean;
  /** Of the body of a successful answer no more than the beginning is read. Default: `false`. */
  beginningOnly?: boolean;
  /** Ends it before its deadline, also while it waits for a repetition. */
  signal?: AbortSignal;
}

/** What became of one request; a value, because a failed request is nothing exceptional here. */
export type HttpResult =
  | {
      kind: 'answer';
      status: number;
      headers: IncomingHttpHeaders;
      body: string;
      /** The body of a success as it came, when only its beginning was asked for and there is no more. */
      bytes?: Uint8Array;
      /** The credentials came from a function of the application. Default: `false`. */
      askedForCredentials?: boolean;
    }
  | { kind: 'no-answer'; message: string; code: string | undefined };

/** Sends one request and waits for its answer until `deadline`, on the clock of `performance.now()`. Never throws. */
export interface Transport {
  send(request: HttpRequest, deadline: number): Promise<HttpResult>;
  /** Ends what is under way, as at its deadline, and closes the connections. */
  close(): void;
}

export const TIMEOUT_CODE = 'ETIMEDOUT';
/** Nothing was answered before the deadline. */
export const NO_ANSWER_IN_TIME: Extract<HttpResult, { kind: 'no-answer' }> = {
  kind: 'no-answer',
  message: 'no answer in time',
  code: TIMEOUT_CODE,
};
export const TOO_LONG_CODE = 'ANSWER_TOO_LONG';
/** The application's function for token or headers failed, so that nothing was sent. */
export const NO_CREDENTIALS_CODE = 'NO_CREDENTIALS';

// The largest traces are some megabytes; whatever sends more must not fill the application's memory.
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
// Of errors one line is shown.
const MAX_KEPT_BYTES = 64 * 1024;
const UTF8 = new TextDecoder();

/**
 * HTTP on Node's own client, connections kept alive, through a proxy where there is one. Redirects are not followed: they
 * could carry credentials away.
 */
export function createHttpTransport(connection: ResolvedConnection): Transport {
  const { providers } = connection;
  const { agent, open } = createOpener(connection);
  const underWay = new Set<() => void>();
  let closings = 0;

  const exchange = (
    { method, path, body, beginningOnly = false, signal, ...request }: HttpRequest,
    credentials: Record<string, string>,
    deadline: number,
  ): Promise<HttpResult> =>
    new Promise((resolve) => {
      let answered = false;
      const fail = (error: NodeJS.ErrnoException): void =>
        resolve({ kind: 'no-answer', message: describe(error), code: error.code });
      const headers: OutgoingHttpHeaders = { ...connection.headers, ...credentials, ...request.headers };
      if (body !== undefined) headers['content-length'] = body.byteLength;
      const client = open(path, method, headers);
      const end = (): void => {
        const error = Object.assign(new Error(NO_ANSWER_IN_TIME.message), { code: TIMEOUT_CODE });
        client.destroy(error);
        // A request that waits for a connection, or for a proxy to make one, does not tell that it was destroyed.
        clearTimeout(timer);
        underWay.delete(end);
        fail(error);
      };
      const timer = setTimeout(end, Math.max(0, deadline - performance.now()));
      underWay.add(end);
      signal?.addEventListener('abort', end, { once: true });
      client.once('response', (response) => {
        answered = true;
        const redact = (text: string): string => createRedactor(client.getHeaders())(text);
        readAnswer(response, beginningOnly, redact).then(resolve, fail);
      });
      client.on('error', fail);
      client.once('close', () => {
        clearTimeout(timer);
        underWay.delete(end);
        signal?.removeEventListener('abort', end);
        // Neither an answer nor an error, as after "101 Switching Protocols".
        if (!answered)
          resolve({ kind: 'no-answer', message: 'connection closed without an answer', code: 'ECONNRESET' });
      });
      client.end(body);
    });

  const send = async (request: HttpRequest, deadline: number): Promise<HttpResult> => {
    if (performance.now() >= deadline) return NO_ANSWER_IN_TIME;
    if (providers === undefined) return await exchange(request, {}, deadline);
    const before = closings;
    const isEnded = (): boolean => closings !== before || request.signal?.aborted === true;
    const first = await provideHeaders(providers, deadline);
    if (first.kind === 'none') return withoutCredentials(first);
    if (isEnded()) return NO_ANSWER_IN_TIME;
    const refused = await exchange(request, first.headers, deadline);
    if (refused.kind !== 'answer' || refused.status !== 401) return refused;
    // A token that expired since the function got it: a new one may do.
    const second = await provideHeaders(providers, deadline);
    if (second.kind === 'none') return withoutCredentials(second);
    if (isEnded()) return refused;
    const result = await exchange(request, second.headers, deadline);
    return result.kind === 'answer' ? { ...result, askedForCredentials: true } : result;
  };

  return {
    send: (request, deadline) =>
      // Without it, an instrumented http module would make a span of each upload, to be uploaded again. The same goes for
      // functions that fetch a token.
      withoutTracing(() =>
        send(request, deadline).catch((error: Error) => ({
          kind: 'no-answer' as const,
          message: describe(error),
          code: undefined,
        })),
      ),
    close() {
      closings += 1;
      for (const end of underWay) end();
      agent.destroy();
    },
  };
}

function withoutCredentials({ reason }: Extract<ProvidedHeaders, { kind: 'none' }>): HttpResult {
  return { kind: 'no-answer', message: reason, code: NO_CREDENTIALS_CODE };
}

interface Opener {
  agent: HttpAgent;
  open(path: string, method: string, headers: OutgoingHttpHeaders): ClientRequest;
}

/** Requests straight to the server, through a proxy that forwards them, or through a tunnel. */
function createOpener({ url, tls, proxy, maxSockets }: ResolvedConnection): Opener {
  const pool = { keepAlive: true, maxSockets };
  // Taken apart once: parsing the address costs a third of a request.
  const { hostname, port, path: base } = urlToHttpOptions(new URL(url));
  const below = base === '/' ? '' : base;
  const direct =
    (request: typeof requestHttp, agent: HttpAgent): Opener['open'] =>
    (path, method, headers) =>
      request({ hostname, port, path: `${below}${path}`, method, agent, headers });
  if (url.startsWith('https:')) {
    const options = { ...pool, ...tls };
    const agent = proxy === undefined ? new HttpsAgent(options) : new TunnelAgent(proxy, options);
    return { agent, open: direct(requestHttps, agent) };
  }
  if (proxy === undefined) {
    const agent = new HttpAgent(pool);
    return { agent, open: direct(requestHttp, agent) };
  }
  const agent = createForwardAgent(proxy, pool);
  const request = proxy.secure ? requestHttps : requestHttp;
  return {
    agent,
    open(path, method, headers) {
      const through = throughForwardProxy(proxy, new URL(`${url}${path}`));
      return request({ ...through, method, agent, headers: { ...headers, ...through.headers } });
    },
  };
}

async function readAnswer(
  response: IncomingMessage,
  beginningOnly: boolean,
  redact: (text: string) => string,
): Promise<HttpResult> {
  const { statusCode: status = 0, headers } = response;
  const success = status < 300;
  const isBeginningEnough = beginningOnly || !success;
  const limit = isBeginningEnough ? MAX_KEPT_BYTES : MAX_ANSWER_BYTES;
  const bytes = await readBytes(response, limit);
  const length = bytes.byteLength;
  if (length > limit && !isBeginningEnough) {
    return { kind: 'no-answer', message: `answer of more than ${limit / 1024 / 1024} MB`, code: TOO_LONG_CODE };
  }
  const body = UTF8.decode(bytes.subarray(0, limit));
  if (success) {
    return { kind: 'answer', status, headers, body, ...(beginningOnly && length <= limit ? { bytes } : {}) };
  }
  // Errors are shown to people, and some servers repeat in them what they were sent.
  const { location } = headers;
  const shown = location === undefined ? headers : { ...headers, location: redact(location) };
  return { kind: 'answer', status, headers: shown, body: redact(body) };
}

/** The whole body, or its beginning when it is longer than `limit`; the connection ends then. */
function readBytes(response: IncomingMessage, limit: number): Promise<Buffer> {
  // Iterating over the response does the same, at twice the cost of an answer as short as MLflow's.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length <= limit) return;
      resolve(Buffer.concat(chunks));
      response.destroy();
    });
    response.once('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', reject);
  });
}

function describe(error: NodeJS.ErrnoException): string {
  // "localhost" tried on both address families gives an AggregateError, whose own message is empty.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || first?.message || error.code || 'connection failed';
}
