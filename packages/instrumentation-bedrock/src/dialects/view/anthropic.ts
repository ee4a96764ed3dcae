/**
 * Rewrites bodies of Anthropic Messages so that MLflow's chat view can parse them.
 *
 * The view shows no message of a request or answer if it does not know one of its blocks. Such a block gets a text that
 * the view can show, and keeps its own members beside it.
 *
 * This follows the parser of MLflow 3.17 for the message format `anthropic`.
 */

import { isMediaNote } from '../../data/cut.js';
import { asArray, asObject, asObjects, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';

/** Rewrites an Anthropic Messages request. */
export function viewAnthropicRequest(body: JsonObject): JsonObject {
  return { ...body, messages: asArray(body['messages']).map(viewAnthropicMessage) };
}

/** Rewrites an Anthropic Messages answer. */
export function viewAnthropicResponse(body: JsonObject): JsonObject {
  return asObject(viewAnthropicMessage(body)) ?? body;
}

function viewAnthropicMessage(message: JsonValue): JsonValue {
  if (!isObject(message) || !Array.isArray(message['content'])) return message;
  return { ...message, content: asObjects(message['content']).map(viewAnthropicBlock) };
}

const ANTHROPIC_IMAGES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function viewAnthropicBlock(block: JsonObject): JsonObject {
  if (block['type'] === 'tool_result') {
    const { content = '' } = block;
    return { ...block, content: Array.isArray(content) ? asObjects(content).map(viewAnthropicBlock) : content };
  }
  if (isAnthropicBlockShown(block)) return block;
  return { type: 'text', text: `[${asString(block['type']) ?? 'unknown block'}]`, original: block };
}

function isAnthropicBlockShown(block: JsonObject): boolean {
  const source = asObject(block['source']);
  switch (block['type']) {
    case 'text':
      return typeof block['text'] === 'string';
    case 'thinking':
      return typeof block['thinking'] === 'string';
    case 'tool_use':
      return typeof block['id'] === 'string' && typeof block['name'] === 'string' && isObject(block['input']);
    case 'image':
      return (
        (source?.['type'] === 'base64' &&
          ANTHROPIC_IMAGES.has(asString(source['media_type']) ?? '') &&
          !isMediaNote(asString(source['data']) ?? '')) ||
        (source?.['type'] === 'url' && typeof source['url'] === 'string')
      );
    default:
      return false;
  }
}
