import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { performance } from 'node:perf_hooks';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { ResolvedConnection } from './connection.js';
import { createRedactor } from './redact.js';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the tracking URI, with a leading slash and its query. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Sending it twice may do harm, so it is repeated only when the server cannot have seen it. Default: `false`. */
  once?: boolean;
  /** Only the status of a successful answer matters: of its body no more than the beginning is read. Default: `false`. */
  statusOnly?: boolean;
}

/** What became of one request; a value, because a failed request is nothing exceptional here. */
export type HttpResult =
  | { kind: 'answer'; status: number; headers: IncomingHttpHeaders; body: string }
  | { kind: 'no-answer'; message: string; code: string | undefined };

/** Sends one request and waits for its answer until `deadline`, on the clock of `performance.now()`. Never throws. */
export interface Transport {
  send(request: HttpRequest, deadline: number): Promise<HttpResult>;
  /** Closes idle connections. */
  close(): void;
}

export const TIMEOUT_CODE = 'ETIMEDOUT';
export const TOO_LONG_CODE = 'ANSWER_TOO_LONG';

// The largest traces are some megabytes; whatever sends more must not fill the application's memory.
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
// Of errors one line is shown.
const MAX_KEPT_BYTES = 64 * 1024;

/** Plain HTTP on Node's own client, connections kept alive. Redirects are not followed: they could carry credentials away. */
export function createHttpTransport(connection: ResolvedConnection): Transport {
  const secure = connection.url.startsWith('https:');
  const pool = { keepAlive: true, maxSockets: connection.maxSockets };
  const agent = secure ? new HttpsAgent({ ...pool, ...connection.tls }) : new HttpAgent(pool);
  const openRequest = secure ? requestHttps : requestHttp;
  const redact = createRedactor(connection.headers);

  const exchange = (
    { method, path, headers, body, statusOnly = false }: HttpRequest,
    deadline: number,
  ): Promise<HttpResult> =>
    new Promise((resolve) => {
      let answered = false;
      const fail = (error: NodeJS.ErrnoException): void =>
        resolve({ kind: 'no-answer', message: describe(error), code: error.code });
      const client = openRequest(`${connection.url}${path}`, {
        method,
        agent,
        headers: { ...connection.headers, ...headers, ...(body ? { 'content-length': body.byteLength } : {}) },
      });
      const timer = setTimeout(
        () => client.destroy(Object.assign(new Error('no answer in time'), { code: TIMEOUT_CODE })),
        Math.max(0, deadline - performance.now()),
      );
      client.once('response', (response) => {
        answered = true;
        readAnswer(response, statusOnly, redact).then(resolve, fail);
      });
      client.on('error', fail);
      client.once('close', () => {
        clearTimeout(timer);
        // Neither an answer nor an error, as after "101 Switching Protocols".
        if (!answered)
          resolve({ kind: 'no-answer', message: 'connection closed without an answer', code: 'ECONNRESET' });
      });
      client.end(body);
    });

  return {
    send: (request, deadline) => {
      if (performance.now() >= deadline) {
        return Promise.resolve({ kind: 'no-answer', message: 'no answer in time', code: TIMEOUT_CODE });
      }
      // Without it, an instrumented http module would make a span of each upload, to be uploaded again.
      return context.with(suppressTracing(context.active()), () =>
        exchange(request, deadline).catch((error: Error) => ({
          kind: 'no-answer' as const,
          message: describe(error),
          code: undefined,
        })),
      );
    },
    close: () => agent.destroy(),
  };
}

async function readAnswer(
  response: IncomingMessage,
  statusOnly: boolean,
  redact: (text: string) => string,
): Promise<HttpResult> {
  const { statusCode: status = 0, headers } = response;
  const success = status < 300;
  const isBeginningEnough = statusOnly || !success;
  const limit = isBeginningEnough ? MAX_KEPT_BYTES : MAX_ANSWER_BYTES;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.byteLength;
    // Leaving the loop ends the connection.
    if (length > limit) break;
  }
  if (length > limit && !isBeginningEnough) {
    return { kind: 'no-answer', message: `answer of more than ${limit / 1024 / 1024} MB`, code: TOO_LONG_CODE };
  }
  const body = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, limit));
  if (success) return { kind: 'answer', status, headers, body };
  // Errors are shown to people, and some servers repeat in them what they were sent.
  const { location } = headers;
  const shown = location === undefined ? headers : { ...headers, location: redact(location) };
  return { kind: 'answer', status, headers: shown, body: redact(body) };
}

function describe(error: NodeJS.ErrnoException): string {
  // "localhost" tried on both address families gives an AggregateError, whose own message is empty.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || first?.message || error.code || 'connection failed';
}
