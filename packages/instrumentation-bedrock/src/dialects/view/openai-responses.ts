/**
 * Rewrites bodies of OpenAI's Responses API so that MLflow's chat view can parse them.
 *
 * The view shows no conversation if an item has a type or content that it does not know. Such an item gets a form that the
 * view can show, and is itself in the member `original`.
 *
 * This follows the parser of MLflow 3.17 for the message format `openai`.
 */

import { isMediaNote } from '../../data/cut.js';
import { asObject, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
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

/** The roles that the view knows in each form of message. */
const INPUT_ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system', 'developer']);
const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system', 'tool']);

function viewMessage(item: JsonObject): JsonObject {
  const { role, content } = item;
  const isInput = typeof content === 'string' || (Array.isArray(content) && content.every(isInputShown));
  if (isInput && INPUT_ROLES.has(role)) return item;
  const shown = Array.isArray(content) ? content.map(viewContent) : (asString(content) ?? '');
  const known = ROLES.has(role) ? {} : { role: 'system', original: { role: role ?? null } };
  return { ...item, type: 'message', ...known, content: shown };
}

function isInputShown(value: JsonValue): boolean {
  const item = asObject(value);
  const image = item?.['image_url'];
  const isNote = typeof image === 'string' && isMediaNote(image);
  return !isNote && ['input_text', 'input_image', 'input_file'].includes(item?.['type'] as string);
}

function viewContent(value: JsonValue): JsonValue {
  const item = asObject(value);
  const type = asString(item?.['type']) ?? 'unknown item';
  if (TEXTS.has(type) && typeof item?.['text'] === 'string') return value;
  const url = type === 'input_image' ? asString(item?.['image_url']) : undefined;
  if (url !== undefined && !isMediaNote(url)) return { type: 'image_url', image_url: { url }, original: value };
  const text = type === 'refusal' ? asString(item?.['refusal']) : undefined;
  return { type: 'output_text', text: text ?? `[${type}]`, original: value };
}

const TEXTS: ReadonlySet<string> = new Set(['input_text', 'output_text', 'text']);

/** The view shows the summary of reasoning. Models with open weights send their reasoning as it is. */
function viewReasoning(item: JsonObject): JsonObject {
  const { id, summary, content } = item;
  const summaries = asObjects(summary);
  const isShown = Array.isArray(summary) && summaries.length === summary.length;
  const texts = summaries.length > 0 ? summaries : asObjects(content);
  if (typeof id === 'string' && isShown && texts.length === summaries.length) return item;
  return { ...item, id: asString(id) ?? '', summary: texts, original: { summary: summary ?? null } };
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
