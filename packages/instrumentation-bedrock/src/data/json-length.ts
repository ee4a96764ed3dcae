/** How long values are as JSON, without writing them. */

import { asBytes, type JsonObject, MAX_DEPTH, MAX_VALUES } from './json.js';

/** In characters of JSON, with the signs around it. */
const SHORTEST_VALUE = 4;

/**
 * Returns the length of all texts and bytes, and of names and values about as JSON has them: a stream of numbers and empty
 * texts would not end otherwise.
 */
export function lengthOf(value: unknown, count = { values: 0 }, depth = 0): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 0;
  const bytes = asBytes(value);
  if (bytes) return bytes.byteLength;
  let length = 0;
  if (Array.isArray(value)) {
    // This runs for each chunk, and the names of indexes would be texts.
    for (const item of value) {
      if (++count.values > MAX_VALUES) break;
      length += SHORTEST_VALUE + lengthOf(item, count, depth + 1);
    }
    return length;
  }
  for (const key in value) {
    if (++count.values > MAX_VALUES) break;
    length += key.length + SHORTEST_VALUE + lengthOf((value as JsonObject)[key], count, depth + 1);
  }
  return length;
}
