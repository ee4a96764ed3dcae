/** Hides HTTP headers with credentials in arguments and results of traced functions, such as `(req, res)`. */

import type { JsonValue } from 'opentelemetry-instrumentation-bedrock/recording';

/**
 * The headers that are always hidden, and the members of web frameworks with their values. Case and separators make no
 * difference: `X-Api-Key`, `x_api_key`, `xApiKey` and `HTTP_X_API_KEY` are one name. Every other name that ends with
 * `authorization` or `api-key` is hidden, too.
 */
export const SENSITIVE_HEADERS: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'x-mlflow-authorization',
  'cookie',
  'cookie2',
  'set-cookie',
  'set-cookie2',
  'cookies',
  'signed-cookies',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
  'ocp-apim-subscription-key',
  'authorization-token',
  'auth-token',
  'x-auth-token',
  'x-access-token',
  'x-refresh-token',
  'x-session-token',
  'x-id-token',
  'x-amz-security-token',
  'x-amzn-oidc-accesstoken',
  'x-amzn-oidc-data',
  'x-forwarded-access-token',
  'x-goog-iap-jwt-assertion',
  'cf-access-jwt-assertion',
  'cf-access-client-secret',
  'x-ms-token-aad-access-token',
  'x-ms-token-aad-id-token',
  'csrf-token',
  'xsrf-token',
  'x-csrf-token',
  'x-xsrf-token',
  'x-vault-token',
  'private-token',
  'dpop',
];

const HIDDEN = '[redacted]';

/** A header's name without case and separators, as CGI, Node.js and code spell it. */
function squash(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/^http(?=.)/, '');
}

const KNOWN: ReadonlySet<string> = new Set(SENSITIVE_HEADERS.map(squash));
const ENDINGS = /(?:authorization|apikey)$/;
const LONGEST_NAME = 100;
/** Texts can have millions of lines, most of them with the same names. */
const MAX_DECIDED = 1000;

/** Characters of header names, as HTTP defines them. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,100}$/;
/** The head of a request or response, as a ServerResponse keeps it. In other texts, `Cookie:` can begin a sentence. */
const RAW_HEAD = /\r\n|\bHTTP\/\d(?:\.\d)?\b/;
/** The begin of a line of a raw HTTP message. */
const LINE = /^([\w-]{1,100})[ \t]{0,20}:/gm;
/** The begin of a member with a text in JSON text, which can be inside of other JSON text. */
const MEMBER = /"([\w-]{1,100})\\{0,15}"\s{0,20}:\s{0,20}(\\{0,15})"/g;

/** @param more further names to hide, as the application has set them. */
export function hideHeaders(value: JsonValue, more: readonly string[] = []): JsonValue {
  const names = new Set(more.map(squash));
  const decided = new Map<string, boolean>();
  const decide = (name: string): boolean => {
    const squashed = squash(name);
    const isHidden = KNOWN.has(squashed) || names.has(squashed) || ENDINGS.test(squashed);
    if (decided.size < MAX_DECIDED) decided.set(name, isHidden);
    return isHidden;
  };
  const isSensitive = (name: unknown): boolean =>
    typeof name === 'string' && name.length <= LONGEST_NAME && (decided.get(name) ?? decide(name));
  return hide(value, isSensitive);
}

type IsSensitive = (name: unknown) => boolean;

/** Changes the value in place: it is the recorder's own copy. */
function hide(value: JsonValue, isSensitive: IsSensitive): JsonValue {
  if (typeof value === 'string') return hideInText(value, isSensitive);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const isPaired = isHeaderList(value, isSensitive);
    for (const [index, item] of value.entries()) {
      const isHidden = isPaired && index % 2 === 1 && isSensitive(value[index - 1]);
      value[index] = isHidden ? HIDDEN : hide(item, isSensitive);
    }
    return value;
  }
  // As in HAR files and in the events of CloudFront: { name | key: 'Cookie', value: '…' }.
  const isEntry = isSensitive(value['name']) || isSensitive(value['key']) || isSensitive(value['header']);
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined || member === null || typeof member === 'boolean') continue;
    const isHidden = isSensitive(key) || (isEntry && (key === 'value' || key === 'values'));
    Object.defineProperty(value, key, {
      value: isHidden ? HIDDEN : hide(member, isSensitive),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return value;
}

/** True for `rawHeaders` (name, value, name, value, …) and for an entry of `Headers` (name, value or values). */
function isHeaderList(items: readonly JsonValue[], isSensitive: IsSensitive): boolean {
  if (items.length === 0 || items.length % 2 === 1) return false;
  if (items.length === 2) return isSensitive(items[0]);
  return items.every((item, index) => index % 2 === 1 || (typeof item === 'string' && TOKEN.test(item)));
}

function hideInText(text: string, isSensitive: IsSensitive): string {
  const hidden = RAW_HEAD.test(text) ? hideAfter(text, LINE, isSensitive, endOfLines) : text;
  return hidden.includes('"') ? hideAfter(hidden, MEMBER, isSensitive, endOfText) : hidden;
}

/**
 * Hides what follows the matches of `begin` with a sensitive name. One regular expression for name and value would overflow
 * the stack for long texts.
 *
 * @param endOf returns the end of the value that starts at an index.
 */
function hideAfter(
  text: string,
  begin: RegExp,
  isSensitive: IsSensitive,
  endOf: (text: string, start: number, match: RegExpExecArray) => number,
): string {
  const pattern = new RegExp(begin);
  const parts: string[] = [];
  let from = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (!isSensitive(match[1])) continue;
    const start = pattern.lastIndex;
    const end = endOf(text, start, match);
    parts.push(text.slice(from, start), HIDDEN);
    from = end;
    pattern.lastIndex = end;
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(from);
}

/** The end of a header: lines that begin with white space continue it. */
function endOfLines(text: string, start: number): number {
  let end = text.indexOf('\n', start);
  while (end >= 0 && (text[end + 1] === ' ' || text[end + 1] === '\t')) end = text.indexOf('\n', end + 1);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

/** The end of a text in JSON: a quote with as many backslashes before it as at the begin. */
function endOfText(text: string, start: number, [, , { length: level } = '']: RegExpExecArray): number {
  for (let quote = text.indexOf('"', start); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (quote - backslashes > start && text[quote - backslashes - 1] === '\\') backslashes++;
    if (backslashes <= level) return quote - backslashes;
  }
  return text.length;
}
