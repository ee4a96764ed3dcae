import type { ShownText } from '../../common/shown-text.js';
import type { HttpRequest } from './request.js';
import type { HttpAnswer, HttpResult } from './result.js';

/** One attempt of a request as it goes on the wire, apart from headers that describe the connection. */
export interface WireRequest extends Pick<HttpRequest, 'method' | 'body'> {
  /** The whole address. Its path and query are on the wire as they are here. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers that authorize one attempt, or why there are none. */
export type Authorization =
  | {
      kind: 'headers';
      headers: Record<string, string>;
      /** Credentials behind the headers that are not sent themselves, by a name. No message shows them. Default: none. */
      unsent?: Record<string, string>;
    }
  | {
      kind: 'none';
      reason: ShownText;
      /** Whether later attempts fail as well, until a user changes a setting. Default: `false`. */
      isFinal?: boolean;
    };

/** Sends a request to the same server without authorizing it, within a deadline. Never throws, and is not traced. */
export type Exchange = (
  request: Pick<HttpRequest, 'method' | 'path' | 'headers' | 'body'>,
  deadline: number,
) => Promise<HttpResult>;

/** Authorizes requests whose credentials change while the process runs. */
export interface Authorizer {
  /**
   * Returns headers for one attempt. Each repetition of a request is a new attempt. Never throws.
   *
   * @param deadline on the clock of `runningTime()`
   * @param exchange for servers that issue their own credentials
   */
  authorize(request: WireRequest, deadline: number, exchange: Exchange): Promise<Authorization>;
  /**
   * Returns whether the request is worth another attempt, because this refusal is about its credentials and newer ones may
   * exist. Called once for each request. Never throws.
   *
   * @param sent the headers with which the refused attempt was authorized
   */
  renew(refusal: HttpAnswer, deadline: number, sent: Readonly<Record<string, string>>): Promise<boolean>;
}
