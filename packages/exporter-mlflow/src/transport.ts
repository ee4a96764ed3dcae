import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { ResolvedConnection } from './connection.js';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the tracking URI, with a leading slash and its query. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Sending it twice may do harm, so it is repeated only when the server cannot have seen it. Default: `false`. */
  once?: boolean;
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

/** Plain HTTP on Node's own client, connections kept alive. Redirects are not followed: they could carry credentials away. */
export function createHttpTransport(connection: ResolvedConnection): Transport {
  const secure = connection.url.startsWith('https:');
  const pool = { keepAlive: true, maxSockets: connection.maxSockets };
  const agent = secure ? new HttpsAgent({ ...pool, ...connection.tls }) : new HttpAgent(pool);
  const openRequest = secure ? requestHttps : requestHttp;

  const exchange = ({ method, path, headers, body }: HttpRequest, deadline: number): Promise<HttpResult> =>
    new Promise((resolve) => {
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
        const { statusCode: status = 0, headers } = response;
        text(response).then((body) => resolve({ kind: 'answer', status, headers, body }), fail);
      });
      client.once('error', fail);
      client.once('close', () => clearTimeout(timer));
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

function describe(error: NodeJS.ErrnoException): string {
  // "localhost" tried on both address families gives an AggregateError, whose own message is empty.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || first?.message || error.code || 'connection failed';
}
