import { MlflowError } from '../common/error.js';
import { isRecord } from '../common/json.js';
import { runningTime } from '../common/running-time.js';
import type { Show, ShownText } from '../common/shown-text.js';
import type { Limit } from '../common/waiting.js';
import type { AwsAccess } from '../http/aws/access.js';
import type { FileServer, HttpClient } from '../http/client.js';
import { type Failure, notMlflow, type Outcome } from '../http/exchange/outcome.js';
import type { HttpRequest } from '../http/exchange/request.js';
import type { TrackingService } from '../http/tracking-uri/destination.js';

/** The parsed answer, or why there is none. */
export type RestResult<T> = { kind: 'success'; value: T } | Failure;

/** One request to MLflow's REST interface. `W` is the answer as it arrives, `T` what the caller gets. */
export interface RestCall<W, T> {
  method: HttpRequest['method'];
  /** Below the tracking URI, with a leading slash. */
  path: string;
  query?: Record<string, string>;
  body?: object;
  /** See {@link HttpRequest.once}. Default: `false`. */
  once?: boolean;
  /** See {@link HttpRequest.maxAnswerBytes}. */
  maxAnswerBytes?: number;
  /** See {@link HttpRequest.recorded}. Default: none. */
  recorded?: HttpRequest['recorded'];
  /**
   * Reads the answer. It throws an {@link MlflowError} if the answer is not what the caller asked for, and any other
   * error if no MLflow server answers like this.
   */
  parse: (answer: W) => T;
}

/** Learns how requests go. */
export interface Watch {
  /** An attempt failed after this time, in milliseconds, and the request is sent again. */
  retried(cause: Failure, millis: number): void;
  /** The server took or refused a request. */
  answered(): void;
}

interface RestOptions {
  /** Recorded values of requests that have none of their own. See {@link HttpRequest.recorded}. Default: none. */
  recorded?: HttpRequest['recorded'];
  watch?: Watch;
}

/** Requests to one MLflow server, all within one time limit. None of them throws. */
export class Rest {
  readonly limit: Limit;
  readonly #http: HttpClient;
  readonly #options: RestOptions;

  constructor(http: HttpClient, limit: Limit, options: RestOptions = {}) {
    this.#http = http;
    this.limit = limit;
    this.#options = options;
  }

  /** Address of the server without credentials, for messages. */
  get url(): ShownText {
    return this.#http.url;
  }

  /** The operator of the server. */
  get service(): TrackingService {
    return this.#http.service;
  }

  /** Signs requests to AWS, for {@link FileServer.authorizer}. */
  get aws(): AwsAccess {
    return this.#http.aws;
  }

  /** Makes foreign text fit for messages. */
  get show(): Show {
    return this.#http.show;
  }

  /** The same, but to a server that keeps files for the tracking server. Paths begin at its origin. */
  beside(server: FileServer): RestResult<Rest> {
    const http = this.#http.beside(server);
    return 'kind' in http ? http : { kind: 'success', value: new Rest(http, this.limit, this.#options) };
  }

  /** The same, but with at most this time, in milliseconds. */
  withTime(millis: number): Rest {
    const deadline = Math.min(this.limit.deadline, runningTime() + millis);
    return new Rest(this.#http, { ...this.limit, deadline }, this.#options);
  }

  /** The same, but for requests about these recorded values: a server may quote them in any answer. */
  about(recorded: NonNullable<HttpRequest['recorded']>): Rest {
    return new Rest(this.#http, this.limit, { ...this.#options, recorded });
  }

  /** Sends any request. */
  async send(request: Omit<HttpRequest, 'signal'>): Promise<Outcome> {
    const { deadline, signal } = this.limit;
    const { recorded, watch } = this.#options;
    const complete = { ...optional('recorded', recorded), ...request, ...optional('signal', signal) };
    const outcome = await this.#http.send(complete, deadline, (cause, millis) => watch?.retried(cause, millis));
    if (outcome.kind !== 'retryable') watch?.answered();
    return outcome;
  }

  /** Sends JSON and parses the JSON of the answer. */
  async call<W, T>({
    method,
    path,
    query,
    body,
    once = false,
    maxAnswerBytes,
    recorded,
    parse,
  }: RestCall<W, T>): Promise<RestResult<T>> {
    const outcome = await this.send({
      method,
      path: query === undefined ? path : `${path}?${encodeQuery(query)}`,
      once,
      ...optional('maxAnswerBytes', maxAnswerBytes),
      ...optional('recorded', recorded),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) }),
    });
    if (outcome.kind !== 'success') return outcome;
    try {
      return { kind: 'success', value: parse(parseAnswer(outcome.body)) };
    } catch (error) {
      if (error instanceof MlflowError) return { kind: 'rejected', reason: this.show(error.message) };
      return { kind: 'configuration', reason: notMlflow(this.url) };
    }
  }
}

/** Sends a request whose answer holds nothing of interest. */
export function command(
  rest: Rest,
  method: HttpRequest['method'],
  path: string,
  body?: object,
): Promise<RestResult<void>> {
  return rest.call({ method, path, ...optional('body', body), parse: () => undefined });
}

/** The reason of a failure; undefined after a success. */
export function failureOf(result: RestResult<unknown>): Failure | undefined {
  return result.kind === 'success' ? undefined : result;
}

/** The text of an id or name. Throws if it is missing. */
export function requireText(text: unknown): string {
  if (typeof text !== 'string' || text === '') throw new TypeError('an id is missing');
  return text;
}

/** An object with this member, or without members if the value is undefined. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V };
}

/** Entries of an object in the form of MLflow's lists. */
export function pairs<T>(entries: Record<string, T>): { key: string; value: T }[] {
  return Object.entries(entries).map(([key, value]) => ({ key, value }));
}

/** The opposite of {@link pairs}. */
export function keyed<T>(entries: readonly { key: string; value: T }[] = []): Record<string, T> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

/** The path with each name percent-encoded. Slashes stay. */
export function encodePath(path: string): string {
  return path.split('/').map(encode).join('/');
}

/**
 * Encodes as AWS does. `URLSearchParams` writes a space as `+`, which signatures read as a plus:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function encodeQuery(query: Record<string, string>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

// Answers hold nanoseconds and recorded integers as JSON numbers, beyond what a JavaScript number holds exactly.
// JSON.parse of Node.js 20 cannot show the digits. Inside of strings quotes are escaped, so that this expression never
// matches there.
const LONG_INTEGERS = /"((?:start_|end_)?time_unix_nano|int_value)":\s*(-?\d{16,})/g;

/** An object, empty for an empty answer. */
function parseAnswer<W>(body: string): W {
  if (body.trim() === '') return {} as W;
  const answer: unknown = JSON.parse(body.includes('time_unix_nano') ? body.replace(LONG_INTEGERS, '"$1":"$2"') : body);
  if (!isRecord(answer)) throw new TypeError('not an object');
  return answer as W;
}
