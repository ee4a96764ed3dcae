/** Hides credentials that requests of OpenAI's API have for MCP servers and containers. Answers repeat them. */

import { asObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { withoutSecrets } from '../common/secrets.js';

/** Members that can have tools. The choice can name those that are allowed. */
const TOOLS = ['tools', 'tool_choice'];

/** @param content a copy of a request or an answer. Its items can have tools, too. */
export function redactTools(content: JsonValue): JsonValue {
  const members = asObject(withoutSecrets(content, TOOLS));
  if (!members) return content;
  const redacted: JsonObject = { ...members };
  for (const name of ITEMS) {
    const items = members[name];
    if (Array.isArray(items)) redacted[name] = items.map(redactItem);
  }
  return redacted;
}

/** Members that are lists of items. */
const ITEMS = ['input', 'instructions', 'output'];

/** @param chunk an event of a stream. It has an answer or an item, or neither. */
export function redactChunk(chunk: JsonObject): JsonObject {
  const { response, item } = chunk;
  return {
    ...chunk,
    ...(response !== undefined && { response: redactTools(response) }),
    ...(item !== undefined && { item: redactItem(item) }),
  };
}

function redactItem(item: JsonValue): JsonValue {
  return withoutSecrets(item, TOOLS);
}
