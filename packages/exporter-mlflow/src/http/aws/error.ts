import { isRecord, parseJson } from '../../common/json.js';
import type { HttpAnswer } from '../exchange/result.js';

/** An error in the form of AWS. Both members are foreign text. */
export interface AwsError {
  /** For example `ExpiredTokenException`; at S3 `ExpiredToken`. */
  readonly type: string;
  readonly message: string;
}

// Some services add a URL after a colon, or a namespace before "#".
const TYPE = /^(?:[^#]*#)?([A-Za-z]\w{2,80})(?::.*)?$/s;

/**
 * Reads a refusal in the form of AWS: the type from the header `x-amzn-errortype` or from JSON or XML, and the message.
 * Returns undefined for other answers, such as those of MLflow.
 */
export function readAwsError({ headers, body }: Pick<HttpAnswer, 'headers' | 'body'>): AwsError | undefined {
  const xml = /^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/.test(body) ? body : undefined;
  if (xml !== undefined) {
    const type = typeOf(memberOf(xml, 'Code'));
    return type === undefined ? undefined : { type, message: memberOf(xml, 'Message') ?? '' };
  }
  const parsed = parseJson(body);
  const json = isRecord(parsed) ? parsed : {};
  const type = [headers['x-amzn-errortype'], json['__type'], json['code'], json['Code']].map(typeOf).find(Boolean);
  if (type === undefined) return undefined;
  const message = json['message'] ?? json['Message'] ?? json['errorMessage'];
  return { type, message: typeof message === 'string' ? message : '' };
}

function typeOf(value: unknown): string | undefined {
  return typeof value === 'string' ? TYPE.exec(value.trim())?.[1] : undefined;
}

function memberOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

/** What a refusal is about, as far as newer credentials or another time may mend it. */
type MendableCause = 'credentials' | 'time';

const TIME_TYPES = /^(?:RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|AuthFailureTime)/;
const TIME_WORDS = /signature expired|signature not yet current/i;
const CREDENTIALS_TYPES =
  /^(?:ExpiredToken|TokenRefreshRequired|InvalidToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch)/;

/** Returns undefined if the refusal is about something else. */
export function mendableCauseOf({ type, message }: AwsError): MendableCause | undefined {
  if (TIME_TYPES.test(type) || TIME_WORDS.test(message)) return 'time';
  return CREDENTIALS_TYPES.test(type) ? 'credentials' : undefined;
}

/** What follows may be the whole request, with its credentials. */
export function firstSentence(message: string): string {
  return /^[^\n]*?(?=\.(?:\s|$)|\n|$)/.exec(message.trim())?.[0] ?? '';
}
