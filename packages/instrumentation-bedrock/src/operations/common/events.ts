/** Event streams of the SDK: each event is an object whose one member names its kind. */

import { asMembers, firstKey, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import type { Dialect } from '../../dialects/dialect.js';
import { createFold } from '../../dialects/index.js';
import type { OperationAnswer, ShownChunk, StreamOptions, StreamReader } from './operation.js';

/** Returns the event; undefined if it has no member. */
export function asEvent(event: unknown): JsonObject | undefined {
  return isObject(event) && firstKey(event) !== undefined ? event : undefined;
}

/** Returns the event as a span event shows it: the name and the value of its member. */
function showEvent(event: JsonValue): ShownChunk {
  const members = asMembers(event);
  const name = firstKey(members) ?? 'chunk';
  return { name, value: members[name] ?? null };
}

/**
 * Creates a reader for events that the dialect adds up.
 *
 * @param answer returns the answer for the body that has arrived; the body is undefined if no event has.
 */
export function eventReader(
  dialect: Dialect,
  options: StreamOptions,
  answer: (body: JsonObject | undefined, hasEnded: boolean) => OperationAnswer,
): StreamReader {
  const { withContent: content, maxRecordLength: maxLength, maxMediaBytes } = options;
  const fold = createFold(dialect, { content, maxLength, maxMediaBytes });
  return {
    read(event) {
      const chunk = asEvent(event);
      if (chunk) fold.add(chunk);
      return chunk;
    },
    show: showEvent,
    answer: (hasEnded) => answer(fold.body(), hasEnded),
    isComplete: fold.isComplete,
  };
}
