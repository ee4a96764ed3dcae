/** Hides HTTP headers with credentials in arguments and results of traced functions, such as `(req, res)`. */

import { type JsonObject, type JsonValue, parseJson, stringify } from 'opentelemetry-instrumentation-bedrock/recording';

/**
 * The headers that are always hidden, and the members of web frameworks with their values. Case and separators make no
 * difference: `X-Api-Key`, `x_api_key`, `xApiKey` and `HTTP_X_API_KEY` are one name. Every other name that ends with
 * `authorization` or `api-key` is hidden, too, and every name that begins with `x-` and ends with `auth`, `jwt`, `secret`
 * or `token`.
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
  'access-token',
  'refresh-token',
  'session-token',
  'id-token',
  'bearer-token',
  'x-auth-token',
  'x-access-token',
  'x-refresh-token',
  'x-session-token',
  'x-id-token',
  'x-auth-key',
  'x-functions-key',
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
const EXTENSION = /^(?:http[-_])?x[-_].*(?:auth|jwt|secret|token)$/i;
const LONGEST_NAME = 100;
/** Texts can have millions of lines, most of them with the same names. */
const MAX_DECIDED = 1000;

/** Characters of header names, as HTTP defines them, and of the base64 that stands for a name in bytes. */
const NAME = /^[\w!#$%&'*+.^`|~:/=-]{1,136}$/;
const BASE64 = /^[\w+/]{2,136}={0,2}$/;
/** The head of a request or response, as a ServerResponse keeps it. In other texts, `Cookie:` can begin a sentence. */
const RAW_HEAD = /\r\n|\bHTTP\/\d(?:\.\d)?\b/;
/** The begin of a line of a raw HTTP message. */
const LINE = /^([\w-]{1,100})[ \t]{0,20}:/gm;
const JSON_TEXT = /^\s{0,20}[[{"]/;
/** A name can be written with escapes. */
const ESCAPED = /\\u00[2-7]/i;
/** A text in JSON text that can be a name. JSON text can be inside of other JSON text. */
const QUOTED = /"([\w-]{1,100})\\{0,15}"/g;
/** The begin of a member with a text, in text that has JSON in it. */
const MEMBER = /"([\w-]{1,100})\\{0,15}"\s{0,20}:\s{0,20}(\\{0,15})"/g;

/** In lower case: members with the name of a header, as in HAR files and the events of CloudFront. */
const NAME_MEMBERS: ReadonlySet<string> = new Set(['name', 'key', 'header', 'headername']);
/** In lower case: the members with its value. */
const VALUE_MEMBERS: ReadonlySet<string> = new Set(['value', 'values', 'raw_value', 'rawvalue', 'headervalue']);

/** @param more further names to hide, as the application has set them. */
export function hideHeaders(value: JsonValue, more: readonly string[] = []): JsonValue {
  return new HeaderHider(more).hide(value);
}

class HeaderHider {
  readonly #more: ReadonlySet<string>;
  readonly #decided = new Map<string, boolean>();
  #hidden = 0;

  constructor(more: readonly string[]) {
    this.#more = new Set(more.map(squash));
  }

  /** Changes the value in place: it is the recorder's own copy. */
  hide(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.#hideInText(value);
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? this.#hideInList(value) : this.#hideInObject(value);
  }

  #isSensitive(name: unknown): boolean {
    if (typeof name !== 'string' || name.length > LONGEST_NAME) return false;
    const known = this.#decided.get(name);
    if (known !== undefined) return known;
    const squashed = squash(name);
    const isHidden =
      KNOWN.has(squashed) || this.#more.has(squashed) || ENDINGS.test(squashed) || EXTENSION.test(name.trim());
    if (this.#decided.size < MAX_DECIDED) this.#decided.set(name, isHidden);
    return isHidden;
  }

  #hideWhole(): string {
    this.#hidden++;
    return HIDDEN;
  }

  #hideInList(items: JsonValue[]): JsonValue[] {
    const isPaired = this.#isHeaderList(items);
    for (const [index, item] of items.entries()) {
      const isHidden = isPaired && index % 2 === 1 && this.#isSensitiveItem(items[index - 1]);
      items[index] = isHidden ? this.#hideWhole() : this.hide(item);
    }
    return items;
  }

  /** True for `rawHeaders` (name, value, name, value, …) and for an entry of `Headers` (name, value or values). */
  #isHeaderList(items: readonly JsonValue[]): boolean {
    if (items.length === 0 || items.length % 2 === 1) return false;
    if (items.length === 2) return this.#isSensitiveItem(items[0]);
    return items.every((item, index) => index % 2 === 1 || (typeof item === 'string' && NAME.test(item)));
  }

  /** HTTP clients and servers can have names and values of raw headers as bytes, of which the copy has base64. */
  #isSensitiveItem(item: JsonValue | undefined): boolean {
    if (this.#isSensitive(item)) return true;
    const isBytes = typeof item === 'string' && item.length % 4 === 0 && BASE64.test(item);
    return isBytes && this.#isSensitive(Buffer.from(item, 'base64').toString('latin1'));
  }

  #hideInObject(object: JsonObject): JsonObject {
    const keys = Object.keys(object);
    const isEntry = keys.some((key) => NAME_MEMBERS.has(key.toLowerCase()) && this.#isSensitiveItem(object[key]));
    for (const key of keys) {
      const member = object[key];
      if (member === undefined || member === null || typeof member === 'boolean') continue;
      const isHidden = this.#isSensitive(key) || (isEntry && VALUE_MEMBERS.has(key.toLowerCase()));
      Object.defineProperty(object, key, {
        value: isHidden ? this.#hideWhole() : this.hide(member),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return object;
  }

  #hideInText(text: string): string {
    const hidden = RAW_HEAD.test(text) ? this.#hideAfter(text, LINE, endOfLines) : text;
    if (!this.#hasName(hidden)) return hidden;
    const parsed = JSON_TEXT.test(hidden) ? parseJson(hidden) : undefined;
    if (parsed === undefined) return this.#hideAfter(hidden, MEMBER, endOfText);
    const before = this.#hidden;
    const copy = this.hide(parsed);
    return this.#hidden === before ? hidden : stringify(copy);
  }

  /** Parsing is slow, so only JSON text with a sensitive name is parsed. */
  #hasName(text: string): boolean {
    if (!text.includes('"')) return false;
    if (ESCAPED.test(text)) return true;
    for (const [, name] of text.matchAll(QUOTED)) if (this.#isSensitive(name)) return true;
    return false;
  }

  /**
   * Hides what follows the matches of `begin` with a sensitive name. One regular expression for name and value would
   * overflow the stack for long texts.
   *
   * @param endOf returns the end of the value that starts at an index.
   */
  #hideAfter(
    text: string,
    begin: RegExp,
    endOf: (text: string, start: number, match: RegExpExecArray) => number,
  ): string {
    const pattern = new RegExp(begin);
    const parts: string[] = [];
    let from = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      if (!this.#isSensitive(match[1])) continue;
      const start = pattern.lastIndex;
      const end = endOf(text, start, match);
      parts.push(text.slice(from, start), this.#hideWhole());
      from = end;
      pattern.lastIndex = end;
    }
    return parts.length === 0 ? text : parts.join('') + text.slice(from);
  }
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
