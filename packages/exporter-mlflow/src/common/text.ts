import { inspect } from 'node:util';
import type { Attributes, AttributeValue } from '@opentelemetry/api';

/**
 * Returns a value for MLflow's text columns: text unchanged and anything else as JSON, cut to `limit` characters.
 * Undefined for an empty text.
 */
export function columnText(
  value: AttributeValue | undefined,
  limit: number = Number.POSITIVE_INFINITY,
): string | undefined {
  if (value === undefined || value === '') return undefined;
  return truncate(typeof value === 'string' ? value : writeJson(value), limit);
}

/** A value as JSON, or as Node.js shows it if JSON lacks it: a circle, a bigint, more levels than the stack holds. */
export function writeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? inspect(value);
  } catch {
    return inspect(value);
  }
}

/** At most `limit` characters that every database can hold. A longer text ends with three dots. */
export function truncate(text: string, limit: number): string {
  const cut = text.length > limit ? `${beginning(text, limit - 3)}...` : text;
  // Half of a surrogate pair, which the application has cut off, is not valid UTF-8.
  return withoutZeroBytes(cut.toWellFormed());
}

/** The first `length` UTF-16 units of a text, or one less where they would end with half of a surrogate pair. */
export function beginning(text: string, length: number): string {
  const isInsidePair = length > 0 && (text.codePointAt(length - 1) ?? 0) > 0xffff;
  return text.slice(0, isInsidePair ? length - 1 : length);
}

/** The text with the replacement character in place of zero bytes, which PostgreSQL refuses. */
function withoutZeroBytes(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}

// An escape counts only after an even number of backslashes: "\\u0000" is a backslash and text.
const ESCAPED_ZERO = /(?<!\\)((?:\\\\)*)\\u0000/g;
const ESCAPED_HALF = /\\ud[89a-f]/i;
const ESCAPED_HALVES = /(?<!\\)((?:\\\\)*)(?:(\\ud[89ab]..\\ud[c-f]..)|\\ud[89a-f]..)/gi;

/**
 * The text with the replacement character in place of what the server cannot store. If the text is JSON, it contains zero
 * bytes and halves of surrogate pairs as escapes.
 */
export function storableText(text: string): string {
  const plain = withoutZeroBytes(text);
  // Zeros are rarer than backslashes, so this check takes a fraction of the time.
  const isZero = plain.includes('0000') && plain.includes('\\u0000');
  const mended = isZero ? plain.replace(ESCAPED_ZERO, '$1\\ufffd') : plain;
  if (!ESCAPED_HALF.test(mended)) return mended;
  return mended.replace(ESCAPED_HALVES, (_, slashes: string, pair = '\\ufffd') => slashes + pair);
}

/** The first of these attributes that is a non-empty text. */
export function firstString(attributes: Attributes, ...keys: string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** The attributes named `<prefix><key>` as text, by key. */
export function withPrefix(attributes: Attributes, prefix: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in attributes) {
    if (name.length <= prefix.length || !name.startsWith(prefix)) continue;
    const text = columnText(attributes[name]);
    if (text !== undefined) found[name.slice(prefix.length)] = text;
  }
  return found;
}

/** The text with a full stop, unless it ends with a mark of its own. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** A number with its noun, such as `1 span`. A verb can follow the noun: `counted(2, 'span was', 'spans were')`. */
export function counted(amount: number, one: string, many: string = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

const KILOBYTE = 1024;

/** A number of bytes for messages, such as `54 MB`. */
export function readableBytes(bytes: number): string {
  const kilobytes = bytes / KILOBYTE;
  return kilobytes < KILOBYTE ? `${Math.round(kilobytes)} kB` : `${Math.round(kilobytes / KILOBYTE)} MB`;
}
