/**
 * Rewrites bodies of OpenAI's chat format so that MLflow's chat view can parse them.
 *
 * The view shows no conversation if a message has a role, an item of content or a tool call that it does not know. Such a
 * part gets a form that the view can show, and keeps its own members beside it. The view reads reasoning in `reasoning`.
 * DeepSeek and others have it in `reasoning_content`, Magistral among its content.
 *
 * This follows the parser of MLflow 3.17 for the message format `openai`.
 */

import { isMediaNote } from '../../data/cut.js';
import { asObject, asObjects, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { stringify } from '../../data/numbers.js';

export function viewOpenAiRequest(body: JsonObject): JsonObject {
  if (!Array.isArray(body['messages'])) return body;
  return { ...body, messages: body['messages'].map(viewMessage) };
}

export function viewOpenAiResponse(body: JsonObject): JsonObject {
  if (!Array.isArray(body['choices'])) return body;
  return { ...body, choices: body['choices'].map(viewChoice) };
}

function viewChoice(choice: JsonValue): JsonValue {
  return isObject(choice) && isObject(choice['message'])
    ? { ...choice, message: viewMessage(choice['message']) }
    : choice;
}

/** The roles that the view knows in the place of those that it does not. */
const ROLES: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ['developer', 'system'],
  ['function', 'tool'],
]);

function viewMessage(message: JsonValue): JsonValue {
  if (!isObject(message)) return message;
  const { content, tool_calls: calls } = message;
  const role = ROLES.get(message['role']);
  const reasoning = reasoningOf(message);
  return {
    ...message,
    ...(role === undefined ? {} : { role, original: { role: message['role'] } }),
    ...(Array.isArray(content) ? { content: content.map(viewItem) } : {}),
    ...(Array.isArray(calls) ? { tool_calls: calls.map(viewCall) } : {}),
    ...(reasoning ? { reasoning } : {}),
  };
}

function reasoningOf({ reasoning_content: text, content }: JsonObject): string | undefined {
  if (typeof text === 'string') return text;
  const thoughts = asObjects(content).flatMap(({ type, thinking }) => (type === 'thinking' ? asObjects(thinking) : []));
  return thoughts.map((thought) => asString(thought['text']) ?? '').join('');
}

function viewItem(item: JsonValue): JsonValue {
  if (isObject(item) && isItemShown(item)) return item;
  const type = asString(asObject(item)?.['type']) ?? 'unknown item';
  return { type: 'text', text: `[${type}]`, original: item };
}

function isItemShown(item: JsonObject): boolean {
  switch (item['type']) {
    case 'text':
      return typeof item['text'] === 'string';
    case 'image_url': {
      const image = asObject(item['image_url']);
      const detail = image?.['detail'] ?? 'auto';
      return isMedia(image?.['url']) && ['auto', 'low', 'high'].includes(detail as string);
    }
    case 'input_audio': {
      const audio = asObject(item['input_audio']);
      return isMedia(audio?.['data']) && ['wav', 'mp3'].includes((audio?.['format'] ?? 'wav') as string);
    }
    default:
      return false;
  }
}

function isMedia(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && !isMediaNote(value);
}

/** The view shows functions with arguments as text. The input of a custom tool is shown as such arguments. */
function viewCall(call: JsonValue): JsonValue {
  if (!isObject(call)) return call;
  const custom = asObject(call['custom']);
  const definition = asObject(call['function']) ?? custom ?? {};
  const { name, arguments: args } = definition;
  const shown = { ...definition, name: asString(name) ?? '', arguments: asText(args ?? definition['input'] ?? '') };
  const isShown = typeof call['id'] === 'string' && !custom && shown.name === name && shown.arguments === args;
  return isShown ? call : { ...call, id: asString(call['id']) ?? '', function: shown };
}

function asText(value: JsonValue): string {
  return typeof value === 'string' ? value : stringify(value);
}
