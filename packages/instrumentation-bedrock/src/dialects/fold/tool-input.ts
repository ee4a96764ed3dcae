import { type JsonValue, parseJson } from '../../data/json.js';

/** Parses the arguments of a tool call. Returns the text itself if it is not JSON, and `{}` if there is none. */
export function parseToolInput(text: string | undefined): JsonValue {
  if (text === undefined || text === '') return {};
  return parseJson(text) ?? text;
}
