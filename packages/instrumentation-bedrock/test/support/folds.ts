/** Folds the chunks of a stream, and makes chunks of OpenAI's chat format. */

import type { JsonObject } from '../../src/data/json.js';
import type { Dialect } from '../../src/dialects/dialect.js';
import type { FoldOptions } from '../../src/dialects/fold/stream-fold.js';

/** Returns the body that the chunks add up to; undefined if they add up to none. */
export function fold(
  dialect: Dialect,
  chunks: readonly JsonObject[],
  options: FoldOptions = { content: true },
): JsonObject | undefined {
  const reader = dialect.createFold(options);
  for (const chunk of chunks) reader.add(chunk);
  return reader.body();
}

/** Returns the messages that the dialect reads in that body. */
export function output(dialect: Dialect, chunks: readonly JsonObject[]): ReturnType<Dialect['readOutput']> {
  return dialect.readOutput(fold(dialect, chunks) ?? {});
}

/** A chunk with one delta. */
export function delta(members: JsonObject, finishReason: string | null = null): JsonObject {
  return { choices: [{ index: 0, delta: members, finish_reason: finishReason }] };
}

/** A tool call, as deltas and messages have it. */
export function call(id: string, name: string, args = ''): JsonObject {
  return { id, type: 'function', function: { name, arguments: args } };
}
