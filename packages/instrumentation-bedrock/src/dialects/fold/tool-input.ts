import { type JsonValue, parseJson } from '../../data/json.js';

/** Parses the arguments of a tool call. Text that is not JSON stays text; a call without arguments has `{}`. */
export function parseToolInput(text: string | undefined): JsonValue {
  if (text === undefined || text === '') return {};
  return parseJson(text) ?? text;
}
