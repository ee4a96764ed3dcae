/** Event streams of the SDK: each event is an object whose one member names its kind. */

import { asObject, firstKey, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import type { ShownChunk } from './operation.js';

/** Returns the event; undefined if it has no member. */
export function asEvent(event: unknown): JsonObject | undefined {
  return isObject(event) && firstKey(event) !== undefined ? event : undefined;
}

/** Returns the event as a span event shows it: the name and the value of its member. */
export function showEvent(event: JsonValue): ShownChunk {
  const members = asObject(event) ?? {};
  const name = firstKey(members) ?? 'chunk';
  return { name, value: members[name] ?? null };
}
