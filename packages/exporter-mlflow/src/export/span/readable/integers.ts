import { quoteIntegers } from '../../../common/integers.js';
import { parseJson } from '../../../common/json.js';

// MLflow parses JSON text in attributes and returns its integers in 64 bits. Beyond that the server answers 500 for the
// trace. Measured on 3.17.2 and 3.18.0.
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/**
 * A JSON text with quotes around the integers that MLflow cannot return. Any other text stays unchanged.
 * Undefined if there are such integers and the text is JSON for Python only, with words such as NaN.
 */
export function quoteBeyond64Bits(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text)) return text;
  const quoted = quoteIntegers(text, 19, (literal) => {
    if (literal.length > 20) return true;
    const integer = BigInt(literal);
    return integer < MIN || integer > MAX;
  });
  return quoted === text || parseJson(text) !== undefined ? quoted : undefined;
}

/** Whether a whole text is an integer that is longer than so many characters. */
export function isIntegerBeyond(text: string, maxLength: number): boolean {
  return text.length > maxLength && /^\s*-?\d+\s*$/.test(text) && text.trim().length > maxLength;
}
