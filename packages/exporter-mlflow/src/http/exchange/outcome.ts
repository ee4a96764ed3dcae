import { isRecord, parseJson } from '../../common/json.js';
import { type Show, type ShownText, say } from '../../common/shown-text.js';
import type { HttpRequest } from './request.js';
import {
  CREDENTIALS_MISSING_CODE,
  type HttpAnswer,
  type HttpResult,
  NO_CREDENTIALS_CODE,
  type NoAnswer,
  OUTAGE_STATUSES,
  PROXY_REFUSED_CODE,
  TOO_LONG_CODE,
} from './result.js';
import { explainTls, tlsCode } from './tls-failures.js';

/** Why a request failed. */
export interface Failure {
  /**
   * - `retryable`: an outage or a conflict; the same request may succeed later
   * - `rejected`: the server refuses this content
   * - `unsupported`: the server does not have this route
   * - `configuration`: no request succeeds until a user changes a setting
   */
  kind: 'retryable' | 'rejected' | 'unsupported' | 'configuration';
  /** One line that says what failed and, where it helps, what to do. */
  reason: ShownText;
  /** HTTP status; absent if there was no answer. */
  status?: number;
  /** MLflow's error code; absent if the answer has none. */
  errorCode?: string;
  /** The pause that the server asks for. */
  retryAfterMillis?: number;
  /** What a refusal says about a trace: it belongs to another experiment, or is archived. Absent for anything else. */
  about?: 'elsewhere' | 'archived';
  /** Whether the server has the trace, but not its spans. Default: `false`. */
  lacksSpans?: boolean;
  /** Ids in the text of a refusal that may be those of traces: 32 hexadecimal digits each. Absent if there are none. */
  namedIds?: string[];
  /** Status and words of a gateway, a proxy or a login page before MLflow. Absent if MLflow itself may have answered. */
  foreign?: ShownText;
  /** Whether a service in front of MLflow refuses the credentials, whatever the request is. Default: `false`. */
  ofCredentials?: boolean;
  /** Whether the answer was longer than the request allowed. Default: `false`. */
  tooLong?: boolean;
}

/** No time was left for the request, so it was not sent. */
export const OUT_OF_TIME: Failure = { kind: 'retryable', reason: say`The time for this export was over` };

/** An answer with status 2xx that is not a web page. */
export interface Success {
  kind: 'success';
  body: string;
  /** The body as it arrived; only if the request asked for the beginning of the answer and there is no more. */
  bytes?: Uint8Array;
  /** The header `content-type`; empty if the answer has none. */
  contentType: string;
  /** The header `date`; absent if the answer has none. */
  date?: string;
}

/** What became of a request. */
export type Outcome = Success | Failure;

// What MLflow says with status 403 besides an error code.
const OWN_REFUSALS = /^(?:Permission denied|Invalid Host header|Cross-origin)/i;
// MLflow answers some of them with status 500, but the same request never succeeds.
const REFUSAL_CODES = new Set([
  ...['INVALID_STATE', 'INVALID_PARAMETER_VALUE', 'BAD_REQUEST', 'MALFORMED_REQUEST', 'PERMISSION_DENIED'],
  ...['RESOURCE_DOES_NOT_EXIST', 'RESOURCE_ALREADY_EXISTS', 'NOT_FOUND', 'ALREADY_EXISTS'],
]);
// A user deleted the trace while MLflow stored the request. MLflow creates the trace again if the request is repeated.
const DELETED_MEANWHILE = /\btraces?\b.* no longer exists?\b/i;

// The status of this answer is 500. Spans that did not come by OTLP are in a file, or the server has none.
const LACKS_SPANS = /^Trace data not stored in tracking store\b/i;

/**
 * Classifies an answer, or the lack of one, by what to do about it.
 *
 * @param server `url`: the tracking URI, for messages. `show`: makes foreign text fit for messages. `explain`: see
 *   {@link Explain}. `unknownHost`: what to do if the host does not exist.
 */
export function classify(
  result: HttpResult,
  { url, name, show, explain, unknownHost }: Server,
  request: Partial<Pick<HttpRequest, 'path' | 'plainText' | 'recorded'>> = {},
): Outcome {
  if (result.kind === 'no-answer') return classifyNoAnswer(result, { url, name, show, unknownHost });
  const { status, headers, body, bytes } = result;
  const contentType = headers['content-type'] ?? '';
  const isHtml = /^text\/html/i.test(contentType);
  if (status >= 200 && status < 300) {
    const isPage = isHtml && !(request.plainText && /^[^<]*$/.test(body));
    if (!isPage) {
      const { date } = headers;
      return {
        kind: 'success',
        body,
        contentType,
        ...(bytes === undefined ? {} : { bytes }),
        ...(typeof date === 'string' ? { date } : {}),
      };
    }
    return {
      kind: 'configuration',
      status,
      foreign: say`${status}`,
      reason: say`${url} answers with a web page, not as an MLflow server: ${CHECK_URI}.`,
    };
  }
  const explained = explain?.(result, {
    url,
    path: request.path ?? '',
    show: (text) => show(text, request.recorded),
  });
  if (explained !== undefined) return { status, ...explained };
  const error = parseError(body, show);
  const details = { status, ...(error.code === undefined ? {} : { errorCode: error.code }) };
  // What it means is read before anything is hidden.
  const raw = error.message ?? (isHtml ? '' : body);
  const said = show(raw, request.recorded);
  const configuration = (reason: ShownText): Failure => ({ kind: 'configuration', ...details, reason });

  if (status >= 300 && status < 400) {
    const redirect = configuration(say`${url} redirects to ${describeRedirect(headers.location, { url, show })}.`);
    return { ...redirect, foreign: say`${status}` };
  }
  if (status === 401 && result.isRenewed)
    return configuration(
      say`MLflow at ${url} refuses the credentials (401), and so it did with those that the function of token or headers gave when asked again: correct what it gives.`,
    );
  if (status === 401) return configuration(say`MLflow at ${url} refuses the credentials (401): ${SET_CREDENTIALS}.`);
  if (status === 403) {
    const answer = said ? say`403: ${said}` : say`403`;
    const refusal = configuration(say`MLflow at ${url} does not allow this (${answer}): ${CHECK_ACCESS}.`);
    const isOwn = !isHtml && (error.code !== undefined || OWN_REFUSALS.test(raw));
    return isOwn ? refusal : { ...refusal, foreign: answer };
  }
  if (status === 407)
    return configuration(
      say`The proxy before ${url} refuses the credentials (407): put user name and password into http_proxy or HTTP_PROXY, as in http://user:password@host:port.`,
    );
  // The answer of a server without workspaces to every request that names one; its status is 500.
  if (error.code === 'FEATURE_DISABLED')
    return configuration(
      say`MLflow at ${url} has this feature disabled (${said}): unset workspace or MLFLOW_WORKSPACE if it is set.`,
    );
  if (status === 404 && /^Workspace '.*' not found/.test(raw))
    return configuration(say`MLflow at ${url} has no such workspace (${said}): correct workspace or MLFLOW_WORKSPACE.`);
  if ((status === 404 && error.code === undefined) || status === 405 || status === 501) {
    return {
      kind: 'unsupported',
      ...details,
      reason: say`${url} lacks a route that MLflow servers have (${status}): ${CHECK_URI}.`,
    };
  }
  const isRefusal = REFUSAL_CODES.has(error.code ?? '') || LACKS_SPANS.test(raw);
  const isOutage = !isRefusal && (OUTAGE_STATUSES.has(status) || status > 504);
  if (isOutage || DELETED_MEANWHILE.test(raw)) {
    const pause = parseRetryAfter(headers['retry-after']);
    return {
      kind: 'retryable',
      ...details,
      reason: say`MLflow at ${url} answered ${status}${said ? say` (${said})` : said}${pause ? say` and wants a pause of ${Math.ceil(pause / 1000)} s` : say``}`,
      ...(pause === undefined ? {} : { retryAfterMillis: pause }),
    };
  }
  const reason = said || say`status ${status}`;
  return { kind: 'rejected', ...details, reason, ...readRefusal(raw), ...findIds(body) };
}

/** Whether MLflow failed for a cause that it did not foresee: the content of the request, or something of its own. */
export function isInternalError(outcome: Outcome): boolean {
  return outcome.kind === 'retryable' && outcome.errorCode === 'INTERNAL_ERROR';
}

/** Returns the reason of a failure if the server does not have MLflow's interface. */
export function notMlflow(url: ShownText): ShownText {
  return say`What answers at ${url} is not an MLflow server: ${CHECK_URI}.`;
}

const CHECK_URI = say`check trackingUri or MLFLOW_TRACKING_URI`;
const SET_CREDENTIALS = say`set username and password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD), or token (MLFLOW_TRACKING_TOKEN)`;
const CHECK_ACCESS = say`check the user's permissions, and --allowed-hosts of the server`;

/**
 * Reads a refusal of a service in front of MLflow, in words of its own. Returns undefined if MLflow's own reading is right.
 *
 * `url` is the address of the service, `path` that of the request below it. `show` makes foreign text fit for messages.
 */
export type Explain = (
  answer: HttpAnswer,
  request: { url: ShownText; path: string; show: (text: string) => ShownText },
) => Failure | undefined;

interface Server {
  url: ShownText;
  /** Default: `MLflow`. */
  name?: ShownText | undefined;
  show: Show;
  explain?: Explain;
  unknownHost?: ShownText | undefined;
}

const MLFLOW = say`MLflow`;

function classifyNoAnswer(result: NoAnswer, { url, name, show, unknownHost }: Server): Failure {
  const { code } = result;
  const message = result.isOwn ? result.message : show(result.message);
  if (code === CREDENTIALS_MISSING_CODE) return { kind: 'configuration', reason: message };
  // The source of credentials may be down for a while.
  if (code === NO_CREDENTIALS_CODE)
    return { kind: 'retryable', reason: say`${name ?? MLFLOW} at ${url} gets no credentials: ${message}` };
  if (code === PROXY_REFUSED_CODE) return { kind: 'configuration', reason: message };
  const tls = explainTls(show(tlsCode(code ?? '', result.message)), url, name === undefined);
  if (tls !== undefined) return { kind: 'configuration', reason: tls };
  if (code === TOO_LONG_CODE)
    return {
      kind: 'configuration',
      reason: say`${url} sends an ${message}: ${CHECK_URI}, or ask for less.`,
      tooLong: true,
    };
  const reason = say`${name ?? MLFLOW} at ${url} cannot be reached (${message})`;
  // A resolver may be down for a while, too.
  if (code === 'ENOTFOUND' && unknownHost !== undefined)
    return { kind: 'retryable', reason: say`${reason}: ${unknownHost}` };
  return { kind: 'retryable', reason };
}

/** Says where the redirect leads. The setting must name the last address, because redirects are not followed. */
function describeRedirect(location: string | undefined, { url, show }: Server): ShownText {
  if (location === undefined) return say`another place: ${CHECK_URI}`;
  const shown = show(withoutCredentials(location));
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (target?.hostname === new URL(url).hostname && target.protocol === 'https:' && url.startsWith('http:')) {
    return say`${shown}: use https:// in trackingUri or MLFLOW_TRACKING_URI`;
  }
  return say`${shown}, and redirects are not followed: ${CHECK_URI}, and the credentials if that is a login page`;
}

const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
// These decide what to do, so they count even if a short secret is a part of such a word.
const KNOWN_CODES = new Set([...REFUSAL_CODES, 'FEATURE_DISABLED', 'INTERNAL_ERROR']);

/** Reads the error of MLflow, `{error_code, message}`, or of FastAPI, `{detail}`. */
function parseError(body: string, show: Show): { code?: string; message?: string } {
  const parsed = parseJson(body);
  if (!isRecord(parsed)) return {};
  const { error_code: code, message, detail } = parsed;
  const said = message ?? detail;
  return {
    ...(typeof code === 'string' && isShownCode(code, show) ? { code } : {}),
    ...(said === undefined ? {} : { message: typeof said === 'string' ? said : JSON.stringify(said) }),
  };
}

function isShownCode(code: string, show: Show): boolean {
  return KNOWN_CODES.has(code) || (ERROR_CODE.test(code) && show(code) === code);
}

/** Reads why the server refuses a trace. The words are the same in MLflow 3.17 and 3.18. */
function readRefusal(said: string): Pick<Failure, 'about' | 'lacksSpans'> {
  if (LACKS_SPANS.test(said)) return { lacksSpans: true };
  if (/another experiment/i.test(said)) return { about: 'elsewhere' };
  return /archived traces?/i.test(said) ? { about: 'archived' } : {};
}

/** Reads the whole text, because a reason shows only its beginning and the server may name a hundred traces. */
function findIds(body: string): Pick<Failure, 'namedIds'> {
  const ids = body.match(/(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/gi);
  return ids === null ? {} : { namedIds: [...new Set(ids.map((id) => id.toLowerCase()))] };
}

/** An address without user, query and fragment. */
export function withoutCredentials(location: string): string {
  return location.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/, '');
}

/** Reads `Retry-After`, which holds seconds or a date. Returns a pause in milliseconds, or undefined if it is neither. */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
