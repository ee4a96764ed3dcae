/**
 * Rewrites bodies of Anthropic Messages so that MLflow's chat view can parse them.
 *
 * MLflow's parser for the message format `anthropic` shows no system prompt, and no conversation that has one among its
 * messages. Its parser for `langchain` shows both, and reasoning: it reads the speaker of a message in `type`, calls in
 * `tool_calls`, and the blocks `text`, `thinking` and `image_url`. It ignores other blocks and members, so a message keeps
 * its own. A block that it would not show gets a text, and is itself in the member `original`.
 *
 * This follows the parsers of MLflow 3.17.
 */

import { isMediaNote } from '../../data/cut.js';
import { asArray, asMembers, asObjects, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';

/** Rewrites an Anthropic Messages request. The system prompt is also the first message. */
export function viewAnthropicRequest(body: JsonObject): JsonObject {
  const { system } = body;
  const prompt = typeof system === 'string' || Array.isArray(system) ? [{ role: 'system', content: system }] : [];
  return { ...body, messages: [...prompt, ...asArray(body['messages'])].flatMap(viewMessage) };
}

/** Rewrites an Anthropic Messages answer. The parser reads an answer in `messages`. */
export function viewAnthropicResponse(body: JsonObject): JsonObject {
  const { role = 'assistant', content } = body;
  return content === undefined ? body : { ...body, messages: viewMessage({ role, content }) };
}

const SPEAKERS: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system']);

/** Each result of a tool becomes a message, because a message of the view has the id of one call. */
function viewMessage(message: JsonValue): JsonObject[] {
  if (!isObject(message)) return [{ type: 'user', content: '[unknown message]', original: message }];
  const type = SPEAKERS.has(message['role']) ? message['role'] : 'user';
  if (!Array.isArray(message['content'])) return [{ ...message, type, content: asString(message['content']) ?? '' }];
  const blocks = asObjects(message['content']);
  const results = blocks.filter(isToolResult);
  const others = blocks.filter((block) => !isToolResult(block));
  if (others.length === 0 && results.length > 0) return results.map((block) => viewToolResult(message, block));
  const calls = others.filter(isToolUse).map(({ id, name, input }) => ({ id, name, args: input }));
  return [
    ...results.map((block) => viewToolResult(message, block)),
    { ...message, type, content: others.map(viewBlock), ...(calls.length > 0 ? { tool_calls: calls } : {}) },
  ];
}

function viewToolResult(message: JsonObject, { content = '', ...original }: JsonObject): JsonObject {
  return {
    ...message,
    type: 'tool',
    tool_call_id: original['tool_use_id'] ?? '',
    content: Array.isArray(content) ? asObjects(content).map(viewBlock) : content,
    original,
  };
}

function viewBlock(block: JsonObject): JsonObject {
  if (isBlockShown(block)) return block;
  const { source, ...rest } = block;
  const url = block['type'] === 'image' ? imageUrl(asMembers(source)) : undefined;
  if (url === undefined)
    return { type: 'text', text: `[${asString(block['type']) ?? 'unknown block'}]`, original: block };
  const { data: _inUrl, ...described } = asMembers(source);
  return { type: 'image_url', image_url: { url }, original: { ...rest, source: described } };
}

function isBlockShown(block: JsonObject): boolean {
  switch (block['type']) {
    case 'text':
      return typeof block['text'] === 'string';
    case 'thinking':
      return typeof block['thinking'] === 'string';
    default:
      return isToolUse(block);
  }
}

function isToolUse({ type, id, name, input }: JsonObject): boolean {
  return type === 'tool_use' && typeof id === 'string' && typeof name === 'string' && isObject(input);
}

/** The parser accepts no content but text and blocks. */
function isToolResult({ type, content = '' }: JsonObject): boolean {
  return type === 'tool_result' && (typeof content === 'string' || Array.isArray(content));
}

const IMAGE_TYPES: ReadonlySet<unknown> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function imageUrl({ type, media_type: mediaType, data, url }: JsonObject): string | undefined {
  if (type === 'url') return asString(url);
  if (type !== 'base64' || typeof data !== 'string' || isMediaNote(data) || !IMAGE_TYPES.has(mediaType))
    return undefined;
  return `data:${String(mediaType)};base64,${data}`;
}
