import { isRecord } from '../common/json.js';
import type { HttpClient } from '../http/client.js';
import { type Failure, notMlflow } from '../http/outcome.js';
import type { HttpRequest } from '../http/transport.js';

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
  /** What every MLflow server's answer holds: a text or an object at this place, the steps to it parted by dots. */
  needs?: string;
}

// Answers give nanoseconds as JSON numbers, beyond what a JavaScript number holds exactly. Inside of string values the
// quotes are escaped, so that this never matches there.
const NANOSECONDS = /"((?:start_|end_)?time_unix_nano)":\s*(\d+)/g;

export function createRestClient(http: HttpClient, signal?: AbortSignal): RestClient {
  return {
    async call<T>(
      { method, path, query, body, once = false, needs }: RestCall,
      deadline: number,
    ): Promise<RestResult<T>> {
      const request: HttpRequest = { method, path: query ? `${path}?${new URLSearchParams(query)}` : path, once };
      if (body !== undefined) {
        request.headers = { 'content-type': 'application/json' };
        request.body = Buffer.from(JSON.stringify(body));
      }
      if (signal !== undefined) request.signal = signal;
      const outcome = await http.send(request, deadline);
      if (outcome.kind !== 'success') return outcome;
      const value = parseAnswer(outcome.body);
      if (!isRecord(value) || !holds(value, needs)) return { kind: 'configuration', reason: notMlflow(http.url) };
      return { kind: 'success', value: value as T };
    },
  };
}

/** `undefined` when it is not JSON. */
function parseAnswer(body: string): unknown {
  if (body === '' || body.trim() === '') return {};
  try {
    return JSON.parse(body.includes('time_unix_nano') ? body.replace(NANOSECONDS, '"$1":"$2"') : body);
  } catch {
    return undefined;
  }
}

function holds(answer: Record<string, unknown>, needs: string | undefined): boolean {
  if (needs === undefined) return true;
  let found: unknown = answer;
  for (const step of needs.split('.')) found = isRecord(found) ? found[step] : undefined;
  return isRecord(found) || (typeof found === 'string' && found !== '');
}
