import type { Failure } from './response.js';
import { classify } from './response.js';
import type { HttpRequest, Transport } from './transport.js';

/** The parsed answer, or why there is none. */
export type RestResult<T> = { kind: 'success'; value: T } | Failure;

/** MLflow's REST interface: JSON in, JSON out. */
export interface RestClient {
  call<T>(call: RestCall, deadline: number): Promise<RestResult<T>>;
}

export interface RestCall {
  method: HttpRequest['method'];
  /** Below the tracking URI, with a leading slash. */
  path: string;
  query?: Record<string, string>;
  body?: object;
  /** See {@link HttpRequest.once}. */
  once?: boolean;
}

// Answers give nanoseconds as JSON numbers, beyond what a JavaScript number holds exactly. Inside of string values the
// quotes are escaped, so that this never matches there.
const NANOSECONDS = /"((?:start_|end_)?time_unix_nano)":\s*(\d+)/g;

export function createRestClient(transport: Transport, url: string): RestClient {
  return {
    async call<T>({ method, path, query, body, once = false }: RestCall, deadline: number): Promise<RestResult<T>> {
      const request: HttpRequest = { method, path: query ? `${path}?${new URLSearchParams(query)}` : path, once };
      if (body !== undefined) {
        request.headers = { 'content-type': 'application/json' };
        request.body = Buffer.from(JSON.stringify(body));
      }
      const outcome = classify(await transport.send(request, deadline), url);
      if (outcome.kind !== 'success') return outcome;
      if (outcome.body.trim() === '') return { kind: 'success', value: {} as T };
      try {
        return { kind: 'success', value: JSON.parse(outcome.body.replace(NANOSECONDS, '"$1":"$2"')) as T };
      } catch {
        return {
          kind: 'configuration',
          reason: `${url} does not answer as an MLflow server does: check MLFLOW_TRACKING_URI.`,
        };
      }
    },
  };
}
