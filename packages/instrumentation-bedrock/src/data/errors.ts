/** Reads the texts of thrown values, without the caller's credentials. */

import { types } from 'node:util';
import { errorType } from './error-type.js';

/**
 * If a signature or a token is wrong, the service quotes the `Authorization` header, or the whole canonical request with
 * the session token.
 */
const CREDENTIALS: readonly RegExp[] = [
  // Prose such as "Bearer token" or "Bearer authentication" stays.
  /\b((?:Bearer|Basic)\s+)(?!(?:tokens?|auth\w*|scheme|credentials?)\b)[^\s,'"]+/gi,
  /\b((?:X-Amz-)?(?:Credential|Signature)\s*=\s*)[^\s,&'"]+/gi,
  /\b(x-amz-security-token['"]?\s*[:=]\s*['"]?)[^\s,&'"\\]+/gi,
  // Access key ids and Bedrock API keys.
  /\b()(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b|(?:ABSK|bedrock-api-key-)[\w+/=-]{8,})/g,
];

/** The SDK reads secrets from these variables. Their values are removed in any context. */
const SECRET_VARIABLES = ['AWS_BEARER_TOKEN_BEDROCK', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
/** In characters. Shorter values are no secrets and can be equal to words of the text. */
const SHORTEST_SECRET = 8;

const REDACTED = '[redacted]';

/** Replaces credentials, signatures and tokens with `[redacted]`. */
function redactCredentials(text: string): string {
  let redacted = text;
  for (const pattern of CREDENTIALS) redacted = redacted.replace(pattern, `$1${REDACTED}`);
  for (const name of SECRET_VARIABLES) {
    const secret = process.env[name];
    if (secret !== undefined && secret.length >= SHORTEST_SECRET) redacted = redacted.replaceAll(secret, REDACTED);
  }
  return redacted;
}

/** Returns the redacted message of any thrown value; an empty text if reading it throws. */
export function errorMessage(error: unknown): string {
  return textOf(() => (isError(error) ? error.message : error)) ?? '';
}

/** Returns the redacted stack trace; undefined if the value has none or reading it throws. */
export function errorStack(error: unknown): string | undefined {
  return textOf(() => (isError(error) ? error.stack : undefined));
}

/**
 * Returns the class of an error and the place where it was thrown, for messages: `TypeError at /app/hook.js:3:5`. The
 * error's own texts are left out, because they can quote content. Never throws.
 */
export function errorOrigin(error: unknown): string {
  const type = errorType(error, 'none');
  const place = originOf(error);
  return place === undefined ? type : `${type} at ${place}`;
}

/** The place in a line of a stack trace. The name of the function before it can be any text. */
const PLACE = /^\s+at (?:.*\()?((?:file:\/\/|node:|\/|[A-Za-z]:[\\/])[^\s()]{1,300}:\d+:\d+)\)?$/;

function originOf(error: unknown): string | undefined {
  const stack = errorStack(error);
  if (stack === undefined || !types.isNativeError(error)) return undefined;
  const [head = '', ...lines] = stack.split(/\n(?=\s+at )/);
  // A message can have lines like those of a stack trace, and can have been changed since.
  if (!isHead(head, errorMessage(error))) return undefined;
  for (const line of lines.slice(0, 10)) {
    const place = PLACE.exec(line)?.[1];
    if (place !== undefined) return place;
  }
  return undefined;
}

/** True if the text before the lines with places is the name of an error and its message. */
function isHead(head: string, message: string): boolean {
  return message === '' ? /^[\w$.]*$/.test(head) : head === message || head.endsWith(`: ${message}`);
}

/** Checks the shape, because an error of another realm (a test runner, a sandbox) is no instance of this `Error`. */
function isError(error: unknown): error is Error {
  return typeof (error as Partial<Error> | null | undefined)?.message === 'string';
}

function textOf(read: () => unknown): string | undefined {
  try {
    const value = read();
    return value === undefined ? undefined : redactCredentials(String(value));
  } catch {
    return undefined; // The value has no text.
  }
}
