import type { IncomingHttpHeaders } from 'node:http';
import { type ShownText, say } from '../../common/shown-text.js';

/** The result of one request. It is a value and not an error, because failed requests are normal here. */
export type HttpResult = HttpAnswer | NoAnswer;

/** What the server answered. */
export interface HttpAnswer {
  kind: 'answer';
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** The body of a success as it arrived; only if the request asked for its beginning and there is no more. */
  bytes?: Uint8Array;
  /** Whether this is the second answer, to newer credentials after a refusal. Default: `false`. */
  isRenewed?: boolean;
}

/** The server did not answer, or the request was never sent. */
export type NoAnswer = {
  kind: 'no-answer';
  /** Code of the error, of Node.js, OpenSSL, undici or this package. */
  code: string | undefined;
} & ({ message: ShownText; isOwn: true } | { message: string; isOwn?: false });

/** An error in words of this package. */
export class OwnError extends Error {
  readonly text: ShownText;
  readonly code: string;

  constructor(code: string, text: ShownText) {
    super(text);
    this.text = text;
    this.code = code;
  }
}

/** The server, or a proxy before it, answers with these during an outage. */
export const OUTAGE_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export const TIMEOUT_CODE = 'ETIMEDOUT';
/** The server answered with more than this package reads. */
export const TOO_LONG_CODE = 'ANSWER_TOO_LONG';
/** There are no credentials at the moment, so the request was not sent. */
export const NO_CREDENTIALS_CODE = 'NO_CREDENTIALS';
/** There are no credentials until a user changes a setting, so the request was not sent. */
export const CREDENTIALS_MISSING_CODE = 'CREDENTIALS_MISSING';
/** No connection was made in time, so the request was not sent. The code is undici's. */
export const CONNECT_TIMEOUT_CODE = 'UND_ERR_CONNECT_TIMEOUT';

/** The proxy refuses to let requests through until a user changes a setting. */
export const PROXY_REFUSED_CODE = 'PROXY_REFUSED';
/** The proxy, or the server behind it, cannot be reached at the moment, so the request was not sent. */
export const PROXY_UNAVAILABLE_CODE = 'PROXY_UNAVAILABLE';

/** No answer arrived before the deadline. */
export const NO_ANSWER_IN_TIME: NoAnswer = {
  kind: 'no-answer',
  message: say`no answer in time`,
  isOwn: true,
  code: TIMEOUT_CODE,
};

/** Returns the result of a request that ended with this error. */
export function toNoAnswer(error: NodeJS.ErrnoException): NoAnswer {
  if (error instanceof OwnError) return { kind: 'no-answer', message: error.text, isOwn: true, code: error.code };
  // Undici's message lists the addresses it tried.
  if (error.code === CONNECT_TIMEOUT_CODE) return { ...NO_ANSWER_IN_TIME, code: error.code };
  return { kind: 'no-answer', message: describeError(error), code: error.code };
}

/** Returns one line about the error; never empty. */
export function describeError(error: NodeJS.ErrnoException): string {
  if (error.code === CONNECT_TIMEOUT_CODE) return NO_ANSWER_IN_TIME.message;
  // Node.js tries both address families of "localhost" and reports an AggregateError with an empty message.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || first?.message || error.code || 'connection failed';
}
