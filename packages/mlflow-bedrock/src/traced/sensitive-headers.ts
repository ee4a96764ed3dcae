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

/** Characters of header names, as HTTP defines them. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,100}$/;
/** The head of a request or response, as a ServerResponse keeps it. In other texts, `Cookie:` can begin a sentence. */
const RAW_HEAD = /\r\n|\bHTTP\/\d(?:\.\d)?\b/;
/** A line of a raw HTTP message, with the lines that continue it. */
const LINE = /^([\w-]{1,100})[ \t]*:[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*/gm;
/** A member with a text in JSON text. */
const MEMBER = /"([\w-]{1,100})"(\s*:\s*)"(?:[^"\\]|\\.)*"/g;

/** @param more further names to hide, as the application has set them. */
export function hideHeaders(value: JsonValue, more: readonly string[] = []): JsonValue {
  const names = new Set(more.map(squash));
  const isSensitive = (name: unknown): boolean => {
    if (typeof name !== 'string' || name.length > LONGEST_NAME) return false;
    const squashed = squash(name);
    return KNOWN.has(squashed) || names.has(squashed) || ENDINGS.test(squashed);
  };
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
  let hidden = text;
  if (RAW_HEAD.test(text)) {
    hidden = hidden.replace(LINE, (line, name: string) => (isSensitive(name) ? `${name}: ${HIDDEN}` : line));
  }
  if (text.includes('"')) {
    hidden = hidden.replace(MEMBER, (member, name: string, colon: string) =>
      isSensitive(name) ? `"${name}"${colon}"${HIDDEN}"` : member,
    );
  }
  return hidden;
}
