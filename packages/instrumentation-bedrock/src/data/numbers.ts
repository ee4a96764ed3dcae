/**
 * Numbers that a JavaScript number cannot hold: integers beyond 2^53, decimals with many digits, `1e400`.
 *
 * `JSON.parse` rounds them. Node.js 20 has no access to the source text of a value (`context.source`) and cannot write raw
 * JSON (`JSON.rawJSON`), so such numbers pass `JSON.parse` and `JSON.stringify` as strings with a mark.
 */

import { randomUUID } from 'node:crypto';

/**
 * Stands in front of a number inside a string. Random, so that no text can forge it. Its first character is outside of
 * Latin-1, so V8 needs no search for it in Latin-1 text.
 */
const MARK = `\uE000${randomUUID()}:`;
const MARKED_STRING = new RegExp(`"${MARK}([^"]*)"`, 'g');

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A JSON number as it was sent. {@link stringify} writes it without quotes. */
export class ExactNumber {
  readonly #literal: string;

  constructor(literal: string) {
    this.#literal = literal;
  }

  /** Code that calls `JSON.stringify` by itself gets text without a mark. */
  toJSON(): string {
    return writer.isMarking ? MARK + this.#literal : this.#literal;
  }

  toString(): string {
    return this.#literal;
  }
}

/**
 * Returns the number in an object that AWS SDKs use for it (`NumericValue` of `@smithy/core`); undefined for any other
 * object. The SDK recognizes such objects by the same two members.
 */
export function readNumericValue(value: object): ExactNumber | undefined {
  // A getter of a class can have side effects, so only own members are read.
  if (!Object.hasOwn(value, 'string') || !Object.hasOwn(value, 'type')) return undefined;
  const { type, string } = value as { readonly type: unknown; readonly string: unknown };
  if (type !== 'bigDecimal' || typeof string !== 'string' || !JSON_NUMBER.test(string)) return undefined;
  return new ExactNumber(string);
}

/** Writes JSON. Every `ExactNumber` becomes a number with all its digits. */
export function stringify(value: unknown): string {
  writer.isMarking = true;
  try {
    const text = JSON.stringify(value);
    return text?.includes(MARK) ? text.replace(MARKED_STRING, '$1') : text;
  } finally {
    writer.isMarking = false;
  }
}

/** True while {@link stringify} runs. */
const writer = { isMarking: false };

/** Returns the number of a string that {@link markLongNumbers} has marked; undefined for any other string. */
export function unmark(text: string): ExactNumber | undefined {
  return text.startsWith(MARK) ? new ExactNumber(text.slice(MARK.length)) : undefined;
}

/**
 * Replaces the numbers in a JSON text that `JSON.parse` would change by marked strings. Returns undefined if there are
 * none, which is quick to find out.
 */
export function markLongNumbers(text: string): string | undefined {
  if (!mayHaveLongNumbers(text)) return undefined;
  const pieces: string[] = [];
  const strings = new StringScanner(text);
  let end = 0;
  for (const { 0: literal, index } of text.matchAll(LONG_NUMBER)) {
    if (isHeldByDouble(literal) || strings.isInside(index) || !JSON_NUMBER.test(literal)) continue;
    pieces.push(text.slice(end, index), `"${MARK}${literal}"`);
    end = index + literal.length;
  }
  return end === 0 ? undefined : pieces.join('') + text.slice(end);
}

/** A double holds any integer of 15 digits. */
const MAX_INTEGER_DIGITS = 15;
/** Services write a double with up to 17 digits, and then a double holds it. */
const MAX_DECIMAL_DIGITS = 17;

/** Closer to zero, a double holds fewer digits. */
const SMALLEST = 1e-290;

const LONG_NUMBER = /-?(?=[\d.]{16}|[\d.]+[eE][+-]?\d{3})\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_EXPONENT = /\d[eE][+-]?\d{3}/;

function isHeldByDouble(literal: string): boolean {
  const number = Number(literal);
  if (String(number) === literal) return true;
  const mantissa = literal.replace(/^-|e.*$/gi, '');
  return (
    !isLong(mantissa, 0, mantissa.length, mantissa.indexOf('.')) &&
    Math.abs(number) > SMALLEST &&
    Number.isFinite(number)
  );
}

/** True if the text contains a long run of digits or a long exponent, inside of strings or outside. */
function mayHaveLongNumbers(text: string): boolean {
  return hasLongRun(text) || LONG_EXPONENT.test(text);
}

/**
 * A run that is longer than the stride contains a character at a multiple of it. A regular expression looks at every
 * character, which takes as long as parsing.
 */
function hasLongRun(text: string): boolean {
  const stride = MAX_INTEGER_DIGITS + 1;
  for (let at = stride - 1; at < text.length; at += stride) {
    if (!isDigitOrPoint(text.charCodeAt(at))) continue;
    let start = at;
    let point = -1;
    for (let code = text.charCodeAt(at); isDigitOrPoint(code); code = text.charCodeAt(--start)) {
      if (code === POINT) point = start;
    }
    start++;
    for (let code = text.charCodeAt(at); isDigitOrPoint(code); code = text.charCodeAt(++at)) {
      if (code === POINT) point = at;
    }
    if (at - start > MAX_INTEGER_DIGITS && isLong(text, start, at, point)) return true;
  }
  return false;
}

/**
 * True if a number in a text has too many digits for a double. Zeros in front do not count.
 *
 * @param point the position of the decimal point; -1 if there is none.
 */
function isLong(text: string, start: number, end: number, point: number): boolean {
  let first = start;
  while (first < end && (first === point || text.charCodeAt(first) === ZERO)) first++;
  const digits = end - first - (point > first ? 1 : 0);
  return digits > (point < 0 ? MAX_INTEGER_DIGITS : MAX_DECIMAL_DIGITS);
}

const POINT = 46;
const ZERO = 48;
const NINE = 57;

function isDigitOrPoint(code: number): boolean {
  return code === POINT || (code >= ZERO && code <= NINE);
}

/** Finds out whether positions of a JSON text are inside of strings. Positions must ascend. */
class StringScanner {
  readonly #text: string;
  #nextQuote: number;
  #isOpen = false;

  constructor(text: string) {
    this.#text = text;
    this.#nextQuote = text.indexOf('"');
  }

  isInside(position: number): boolean {
    while (this.#nextQuote !== -1 && this.#nextQuote < position) {
      if (!this.#isOpen || !this.#isEscaped(this.#nextQuote)) this.#isOpen = !this.#isOpen;
      this.#nextQuote = this.#text.indexOf('"', this.#nextQuote + 1);
    }
    return this.#isOpen;
  }

  /** An odd number of backslashes escapes a quote. */
  #isEscaped(quote: number): boolean {
    let start = quote;
    while (this.#text[start - 1] === '\\') start--;
    return (quote - start) % 2 === 1;
  }
}
