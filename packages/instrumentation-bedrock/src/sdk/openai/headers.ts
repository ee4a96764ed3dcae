/** Headers in the forms that OpenAI's SDK accepts and returns. */

import type { JsonObject } from '../../data/json.js';

/**
 * Copies headers to one object, with names in lower case. Later sources win. Never throws: the SDK ignores headers that
 * cannot be read, or throws an error of its own.
 *
 * @param sources `Headers`, lists of pairs, objects, or objects of the SDK that have `Headers` as `values`.
 */
export function plainHeaders(...sources: readonly unknown[]): JsonObject {
  const headers: JsonObject = {};
  for (const source of sources) {
    try {
      for (const [name, value] of entriesOf(source)) {
        if (typeof value === 'string') headers[String(name).toLowerCase()] = value;
      }
    } catch {
      // The headers before stay.
    }
  }
  return headers;
}

function entriesOf(source: unknown): Iterable<readonly [unknown, unknown]> {
  if (typeof source !== 'object' || source === null) return [];
  if (isIterable(source)) return source;
  const { values } = source as { readonly values?: unknown };
  return isIterable(values) ? values : Object.entries(source);
}

function isIterable(value: unknown): value is Iterable<readonly [unknown, unknown]> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
