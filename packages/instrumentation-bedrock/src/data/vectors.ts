/** Embedding vectors: long lists of numbers that say nothing to a reader. */

import { counted } from './counted.js';
import { asNumber, isObject, type JsonObject, type JsonValue, MAX_DEPTH, setMember } from './json.js';

/** Members that can hold a vector as base64 text of 32-bit numbers. */
const BASE64_MEMBERS: ReadonlySet<string> = new Set(['base64', 'embedding']);
const BYTES_PER_NUMBER = 4;

/**
 * Copies an answer with notes in the place of vectors that are longer than `maxLength` numbers. Shorter vectors are not
 * copied, the copy refers to them.
 *
 * @param member the key of the member that has the value.
 * @param level how deep the value is.
 */
export function leaveOutVectors(
  value: JsonValue,
  maxLength: number = Number.POSITIVE_INFINITY,
  member: string = '',
  level: number = 0,
): JsonValue {
  // Records have no deeper levels.
  if (level > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    if (asNumber(value[0]) === undefined)
      return value.map((item) => leaveOutVectors(item, maxLength, member, level + 1));
    return value.length > maxLength ? note(value.length, 'number') : value;
  }
  if (isObject(value)) {
    const copy: JsonObject = {};
    for (const key of Object.keys(value)) {
      const inner = value[key];
      setMember(copy, key, inner === undefined ? inner : leaveOutVectors(inner, maxLength, key, level + 1));
    }
    return copy;
  }
  if (typeof value !== 'string' || !BASE64_MEMBERS.has(member)) return value;
  const bytes = Buffer.byteLength(value, 'base64');
  return bytes > maxLength * BYTES_PER_NUMBER ? note(bytes, 'byte') : value;
}

function note(length: number, unit: string): string {
  return `[embedding of ${counted(length, unit)} not recorded]`;
}

/** Returns the number of dimensions of a vector that is a list of numbers or base64 text; undefined if it is neither. */
export function vectorLength(vector: JsonValue | undefined): number | undefined {
  if (Array.isArray(vector)) return vector.length;
  const numbers = typeof vector === 'string' ? Buffer.byteLength(vector, 'base64') / BYTES_PER_NUMBER : undefined;
  return Number.isInteger(numbers) ? numbers : undefined;
}
