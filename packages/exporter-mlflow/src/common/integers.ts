import { endOfString, QUOTE } from './json.js';

/** A JSON text with quotes around the integers that a JavaScript number would round. */
export function quoteUnsafeIntegers(text: string): string {
  return quoteIntegers(text, 16, (literal) => !Number.isSafeInteger(Number(literal)));
}

/**
 * A JSON text with quotes around the integers that are too long.
 *
 * @param minDigits the fewest digits of an integer that `isTooLong` accepts
 */
export function quoteIntegers(text: string, minDigits: number, isTooLong: (literal: string) => boolean): string {
  if (!hasLongRun(text, minDigits)) return text;
  let quoted = '';
  let end = 0;
  for (const { start, literal } of integers(text)) {
    if (literal.length < minDigits || !isTooLong(literal)) continue;
    quoted += `${text.slice(end, start)}"${literal}"`;
    end = start + literal.length;
  }
  return quoted + text.slice(end);
}

/** A run of `digits` digits contains one of the positions in these steps, so most characters need no look. */
function hasLongRun(text: string, digits: number): boolean {
  for (let at = digits - 1; at < text.length; at += digits) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (isDigit(text.charCodeAt(start - 1))) start--;
    while (isDigit(text.charCodeAt(at + 1))) at++;
    if (at - start + 1 >= digits) return true;
  }
  return false;
}

/** The integers of a JSON text. */
function* integers(text: string): Generator<{ start: number; literal: string }> {
  const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || isDigit(code)) {
      number.lastIndex = at;
      const [literal] = number.exec(text) ?? [];
      if (literal === undefined) continue;
      if (/^-?\d+$/.test(literal)) yield { start: at, literal };
      at += literal.length - 1;
    }
  }
}

const MINUS = 0x2d;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
