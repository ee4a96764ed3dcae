/**
 * Rewrites bodies of OpenAI's Responses API so that MLflow's chat view can parse them.
 *
 * The view shows no conversation if an item has a type or content that it does not know. Such an item gets a form that the
 * view can show, and is itself in the member `original`.
 *
 * This follows the parser of MLflow 3.17 for the message format `openai`.
 */

import { isMediaNote } from '../../data/cut.js';
import { asObject, asObjects, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { stringify } from '../../data/numbers.js';

export function viewResponsesRequest(body: JsonObject): JsonObject {
  if (!Array.isArray(body['input'])) return body;
  return { ...body, input: body['input'].flatMap(viewItem) };
}

export function viewResponsesAnswer(body: JsonObject): JsonObject {
  if (!Array.isArray(body['output'])) return body;
  return { ...body, output: body['output'].flatMap(viewItem) };
}

function viewItem(value: JsonValue): JsonValue[] {
  const item = asObject(value);
  if (!item) return [placeholder('unknown item', value)];
  const type = asString(item['type']) ?? 'message';
  switch (type) {
    case 'message':
      return [viewMessage(item)];
    case 'reasoning':
      return [viewReasoning(item)];
    case 'function_call':
      return [viewCall(item, item['name'], item['arguments'])];
    case 'custom_tool_call':
      return [viewCall(item, item['name'], item['input'])];
    case 'mcp_call':
      return viewMcpCall(item);
    case 'image_generation_call':
      return [isImage(item) ? item : placeholder(type, item)];
    default:
      return [viewOther(item, type)];
  }
}

function viewOther(item: JsonObject, type: string): JsonObject {
  if (type.endsWith('_call_output')) return viewOutput(item, item['output']);
  if (!type.endsWith('_call')) return placeholder(type, item);
  const { id, call_id, type: _, status, ...input } = item;
  return viewCall(item, type.slice(0, -'_call'.length), input);
}

/** The roles that the view knows. It knows `developer` only in messages without items of answers. */
const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system', 'tool']);
const INPUT_TYPES: ReadonlySet<unknown> = new Set(['input_text', 'input_image', 'input_file']);

function viewMessage(item: JsonObject): JsonObject {
  const { role, content } = item;
  const isInput = typeof content === 'string' || asObjects(content).every(({ type }) => INPUT_TYPES.has(type));
  if (isInput && ['user', 'assistant', 'system', 'developer'].includes(role as string)) return item;
  const shown = Array.isArray(content) ? content.map(viewContent) : (asString(content) ?? '');
  const known = ROLES.has(role) ? {} : { role: 'system', original: { role } };
  return { ...item, type: 'message', ...known, content: shown };
}

function viewContent(value: JsonValue): JsonValue {
  const item = asObject(value);
  const type = asString(item?.['type']) ?? 'unknown item';
  const isText = ['input_text', 'output_text', 'text'].includes(type) && typeof item?.['text'] === 'string';
  if (isText) return value;
  const text = type === 'refusal' ? asString(item?.['refusal']) : undefined;
  return { type: 'output_text', text: text ?? `[${type}]`, original: value };
}

/** The view shows the summary of reasoning. Models with open weights send their reasoning as it is. */
function viewReasoning(item: JsonObject): JsonObject {
  const { id, summary, content } = item;
  const shown = Array.isArray(summary) ? summary.filter(isObject) : [];
  const texts = shown.length > 0 ? shown : asObjects(content);
  const isShown = typeof id === 'string' && Array.isArray(summary) && texts === summary;
  return isShown
    ? item
    : {
        ...item,
        id: asString(id) ?? '',
        summary: texts,
        ...(texts === shown ? {} : { original: { summary: summary ?? null } }),
      };
}

function viewCall(item: JsonObject, name: JsonValue | undefined, input: JsonValue | undefined): JsonObject {
  const { type, call_id: callId, arguments: args } = item;
  const isShown = type === 'function_call' && [callId, name, args].every((member) => typeof member === 'string');
  if (isShown) return item;
  return {
    type: 'function_call',
    call_id: asString(callId) ?? asString(item['id']) ?? '',
    name: asString(name) ?? '',
    arguments: asText(input),
    original: item,
  };
}

function viewOutput(item: JsonObject, output: JsonValue | undefined): JsonObject {
  const { type, call_id: callId } = item;
  if (type === 'function_call_output' && typeof callId === 'string' && typeof output === 'string') return item;
  const texts = asObjects(output).map(({ text }) => asString(text));
  const isText = Array.isArray(output) && texts.length === output.length && texts.every((text) => text !== undefined);
  return {
    type: 'function_call_output',
    call_id: asString(callId) ?? asString(item['id']) ?? '',
    output: isText ? texts.join('\n\n') : asText(output),
    original: item,
  };
}

/** The service calls the tool of an MCP server, so call and result are in one item. */
function viewMcpCall(item: JsonObject): JsonObject[] {
  const call = viewCall(item, item['name'], item['arguments']);
  const result = item['error'] ?? item['output'];
  if (result === undefined || result === null) return [call];
  return [call, { type: 'function_call_output', call_id: call['call_id'], output: asText(result) }];
}

function isImage({ result, output_format: format }: JsonObject): boolean {
  return typeof result === 'string' && !isMediaNote(result) && ['png', 'jpeg', 'webp'].includes(format as string);
}

function placeholder(type: string, item: JsonValue): JsonObject {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: `[${type}]` }], original: item };
}

function asText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : stringify(value ?? null);
}
