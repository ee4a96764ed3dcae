/**
 * The items of OpenAI's Responses API: messages, reasoning, and calls of tools with their outputs. Requests and answers have
 * the same items.
 */

import { asArray, asObject, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { type Message, message, type Part, textPart } from '../../data/messages.js';
import { parseToolInput } from '../fold/tool-input.js';
import {
  audioPart,
  blobPart,
  citationParts,
  filePart,
  mediaUrlPart,
  toolCallPart,
  toolError,
  toolResponsePart,
} from '../messages/parts.js';

/** Reads the input of a request. Consecutive items of the assistant are one message, as they are one turn. */
export function readInputItems(input: JsonValue | undefined): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [textPart(input)] }];
  const messages: { role: string; parts: Part[] }[] = [];
  for (const item of asObjects(input)) {
    const role = roleOf(item);
    const parts = readItem(item);
    const last = messages.at(-1);
    if (role !== 'assistant' || last?.role !== role) messages.push({ role, parts });
    // One by one: a list can be too long for the arguments of a call.
    else for (const part of parts) last.parts.push(part);
  }
  return messages.map(({ role, parts }) => message(role, parts));
}

/** Application and service run tools. Only an application sends the output of its own tools. */
function roleOf(item: JsonObject): string {
  const role = asString(item['role']);
  if (role !== undefined) return role;
  const type = asString(item['type']) ?? '';
  if (type.endsWith('_output')) return 'tool';
  return FROM_USER.has(type) ? 'user' : 'assistant';
}

const FROM_USER = new Set(['mcp_approval_response', 'item_reference', 'compaction_trigger', '']);

/** Reads one item of an input or an output. */
export function readItem(item: JsonObject): Part[] {
  const type = asString(item['type']) ?? 'message';
  const read = READERS.get(type);
  if (read) return read(item);
  if (type.endsWith('_call_output')) return [readOutput(item)];
  return type.endsWith('_call') ? readOwnCall(item, type) : [{ ...item, type }];
}

const READERS: ReadonlyMap<string, (item: JsonObject) => Part[]> = new Map<string, (item: JsonObject) => Part[]>([
  ['message', ({ content }) => readContent(content)],
  ['reasoning', readReasoning],
  ['function_call', readFunctionCall],
  ['function_call_output', (item) => [readOutput(item)]],
  ['custom_tool_call', readCustomCall],
  ['custom_tool_call_output', (item) => [readOutput(item)]],
  ['mcp_call', readMcpCall],
  ['image_generation_call', readImageCall],
]);

function readContent(content: JsonValue | undefined): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)];
  return asObjects(content).flatMap(readContentItem);
}

function readContentItem(item: JsonObject): Part[] {
  const type = asString(item['type']);
  switch (type) {
    case undefined:
      return [];
    case 'input_text':
    case 'output_text':
    case 'text':
      return [textPart(asString(item['text']) ?? ''), ...citationParts(item['annotations'])];
    case 'refusal':
      return [{ type, content: asString(item['refusal']) ?? '' }];
    case 'reasoning_text':
    case 'summary_text':
      return [{ type: 'reasoning', content: asString(item['text']) ?? '' }];
    case 'input_image':
      return [readMedia(item, 'image', item['image_url'])];
    case 'input_file':
      return [readMedia(item, 'document', item['file_data'] ?? item['file_url'])];
    case 'input_audio':
      return [audioPart(item)];
    default:
      return [{ ...item, type }];
  }
}

/** @param source a data URL or another URL. If there is none, the file was uploaded before. */
function readMedia(item: JsonObject, modality: string, source: JsonValue | undefined): Part {
  const { file_id: id, filename } = item;
  const name = typeof filename === 'string' ? { filename } : {};
  if (typeof source === 'string') return { ...mediaUrlPart(modality, source), ...name };
  return { ...filePart({ modality, mimeType: undefined }, asString(id) ?? ''), ...name };
}

function readReasoning({ summary, content, encrypted_content: encrypted }: JsonObject): Part[] {
  const texts = [...asObjects(summary), ...asObjects(content)].flatMap(readContentItem);
  return typeof encrypted === 'string' ? [...texts, { type: 'redacted_reasoning', data: encrypted }] : texts;
}

function readFunctionCall({ type, id, call_id: callId, name, arguments: args, status, ...others }: JsonObject): Part[] {
  return [toolCallPart(callId, name, typeof args === 'string' ? parseToolInput(args) : args, others)];
}

/** The input of a custom tool is free text, also if it looks like JSON. */
function readCustomCall({ type, id, call_id: callId, name, input, status, ...others }: JsonObject): Part[] {
  return [toolCallPart(callId, name, input, { ...others, tool_type: 'custom' })];
}

/** A result is a text, or a list of items as messages have them. */
function readOutput({ type, id, call_id: callId, output, status, ...others }: JsonObject): Part {
  const [only, ...more] = asArray(output);
  const text = more.length === 0 ? asString(asObject(only)?.['text']) : undefined;
  return toolResponsePart(callId ?? id, text ?? output ?? null, others);
}

/** The service calls the tool of an MCP server, so call and result are in one item. */
function readMcpCall({ type, id, name, arguments: args, output, error, status, ...others }: JsonObject): Part[] {
  const input = typeof args === 'string' ? parseToolInput(args) : args;
  const call = toolCallPart(id, name, input, { ...others, tool_type: 'mcp' });
  const failed = error !== undefined && error !== null;
  const result = failed ? error : output;
  return result === undefined || result === null ? [call] : [call, toolResponsePart(id, result, toolError(failed))];
}

function readImageCall({ type, result, output_format: format, ...others }: JsonObject): Part[] {
  const [call] = readOwnCall(others, 'image_generation_call');
  const mimeType = typeof format === 'string' ? `image/${format}` : undefined;
  const image = typeof result === 'string' ? [blobPart({ modality: 'image', mimeType }, result)] : [];
  return [call, ...image];
}

/** A call of one of OpenAI's own tools, such as `web_search_call`. Its members are the arguments and sometimes the result. */
function readOwnCall(
  { id, call_id: callId, type: _, status, ...members }: JsonObject,
  type: string,
): [Part, ...Part[]] {
  const name = type.slice(0, -'_call'.length);
  const { outputs, results, ...args } = members;
  const call = toolCallPart(callId ?? id, name, args, { tool_type: name });
  const result = outputs ?? results;
  return result === undefined || result === null ? [call] : [call, toolResponsePart(callId ?? id, result)];
}
