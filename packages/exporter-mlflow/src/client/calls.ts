import { performance } from 'node:perf_hooks';
import { MlflowError } from '../common/error.js';
import { createHttpClient } from '../http/client.js';
import { type MlflowConnectionConfig, resolveConnection } from '../http/connection.js';
import { notMlflow } from '../http/outcome.js';
import { createRestClient, type RestCall, type RestClient, type RestResult } from '../mlflow/rest.js';

/** Calls of the client: each with a time limit of its own, failures as {@link MlflowError}. */
export interface ClientCalls {
  readonly url: string;
  /** A call whose answer says nothing. */
  send(call: RestCall): Promise<void>;
  /** The same for the most common kind. */
  post(path: string, body: object): Promise<void>;
  /** A call with an answer that `parse` understands; what makes it throw is no answer of an MLflow server. */
  read<W, T>(call: RestCall, parse: (answer: W) => T): Promise<T>;
  /** Several requests under one time limit. */
  run<T>(work: (rest: RestClient, deadline: number) => Promise<RestResult<T>>): Promise<RestResult<T>>;
  close(): void;
}

/** @throws MlflowError when a setting cannot work */
export function createClientCalls(config: MlflowConnectionConfig): ClientCalls {
  const connection = resolveConnection(config);
  const { url, timeoutMillis } = connection;
  const http = createHttpClient(connection);
  const rest = createRestClient(http);
  const call = async <T>(call: RestCall): Promise<T> =>
    unwrap(await rest.call<T>(call, performance.now() + timeoutMillis));
  return {
    url,
    async send(request) {
      await call(request);
    },
    async post(path, body) {
      await call({ method: 'POST', path, body });
    },
    async read<W, T>(request: RestCall, parse: (answer: W) => T): Promise<T> {
      const answer = await call<W>(request);
      try {
        return parse(answer);
      } catch (error) {
        if (error instanceof MlflowError) throw error;
        throw new MlflowError(notMlflow(url));
      }
    },
    run: (work) => work(rest, performance.now() + timeoutMillis),
    close: () => http.close(),
  };
}

/** @throws MlflowError when there is none */
export function unwrap<T>(result: RestResult<T>): T {
  if (result.kind === 'success') return result.value;
  throw new MlflowError(result.reason, { status: result.status, errorCode: result.errorCode });
}

/** Takes the OpenTelemetry trace id too. */
export function toMlflowTraceId(traceId: string): string {
  return /^[0-9a-f]{32}$/i.test(traceId) ? `tr-${traceId.toLowerCase()}` : traceId;
}

export function tracePath(traceId: string): string {
  return `/api/3.0/mlflow/traces/${encodeURIComponent(toMlflowTraceId(traceId))}`;
}
