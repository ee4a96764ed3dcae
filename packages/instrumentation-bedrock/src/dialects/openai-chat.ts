/** OpenAI's chat completions format: AI21 Jamba, Mistral's chat models, gpt-oss, Qwen, Writer and many others. */

import {
  asArray,
  asMembers,
  asObject,
  asObjects,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../data/json.js';
import {
  finishReason,
  type Message,
  message,
  type OutputMessage,
  type Part,
  type ToolDefinition,
  textPart,
} from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createOpenAiChatFold } from './fold/openai-chat-fold.js';
import { parseToolInput } from './fold/tool-input.js';
import { audioPart, filePart, mediaUrlPart, toolCallPart, toolResponsePart } from './messages/parts.js';
import { readAnswerText } from './messages/tagged-reasoning.js';
import { choiceReason, readOpenAiParameters, readOpenAiResponse } from './openai.js';
import { viewOpenAiRequest, viewOpenAiResponse } from './view/openai.js';

export const openAiChat: Dialect = {
  name: 'openai-chat',
  operation: 'chat',
  chatView: { format: 'openai', request: viewOpenAiRequest, response: viewOpenAiResponse },
  // Anthropic and Nova have `messages` too, so their own members must be absent.
  matchesRequest: (body) =>
    Array.isArray(body['messages']) &&
    body['anthropic_version'] === undefined &&
    body['schemaVersion'] === undefined &&
    body['inferenceConfig'] === undefined,
  matchesResponse: (body) =>
    asArray(body['choices']).some(
      (choice) => isObject(choice) && (isObject(choice['message']) || isObject(choice['delta'])),
    ),
  readParameters: readOpenAiParameters,
  readInput: (body) => ({ messages: asObjects(body['messages']).map(readMessage) }),
  readTools,
  readResponse: readOpenAiResponse,
  readOutput(body) {
    return asObjects(body['choices']).map((choice): OutputMessage => {
      const raw = asMembers(choice['message']);
      const { role, parts } = readMessage({ role: 'assistant', ...raw });
      return { role, parts, finish_reason: finishReason(asString(choiceReason(choice))) };
    });
  },
  createFold: createOpenAiChatFold,
};

function readTools(body: JsonObject): ToolDefinition[] {
  const functions = asObjects(body['functions']).map((definition) => ({ type: 'function', function: definition }));
  // `functions` is the older form of `tools`.
  return [...asObjects(body['tools']), ...functions].flatMap(readTool);
}

/** A definition is in the member that the tool's type names: `function`, or `custom` for a tool whose input is text. */
function readTool(tool: JsonObject): ToolDefinition[] {
  const type = asString(tool['type']) ?? 'function';
  const { type: _, name, description, ...rest } = asObject(tool[type]) ?? tool;
  // A provider's own tool, such as `web_search`, can have a type only.
  const known = asString(name) ?? (OWN_TOOLS.has(type) ? undefined : type);
  return known === undefined ? [] : [{ type, name: known, description: asString(description), ...rest }];
}

/** Types of tools that the application defines. */
const OWN_TOOLS = new Set(['function', 'custom']);

function readMessage(raw: JsonObject): Message {
  const role = asString(raw['role']) ?? 'user';
  // `function` is the older form of `tool`.
  if (role === 'tool' || role === 'function') return { role: 'tool', parts: [readToolResult(raw)] };
  const reasoning = asString(raw['reasoning_content']) || asString(raw['reasoning']) || undefined;
  const content = readContent(raw['content'], role === 'assistant' && reasoning === undefined);
  const refusal = asString(raw['refusal']);
  const functionCall = asObject(raw['function_call']);
  return message(role, [
    ...(reasoning === undefined ? [] : [{ type: 'reasoning' as const, content: reasoning }]),
    ...content,
    ...(refusal === undefined ? [] : [{ type: 'refusal', content: refusal }]),
    ...asObjects(raw['tool_calls']).flatMap(readToolCall),
    // The older form of `tool_calls`.
    ...(functionCall ? readToolCall({ function: functionCall }) : []),
    ...readFurther(raw, 'audio'),
    ...readFurther(raw, 'annotations'),
  ]);
}

/** What an answer has beside its text: the audio of it, and the sources it cites. */
function readFurther(raw: JsonObject, member: 'audio' | 'annotations'): Part[] {
  const value = raw[member];
  const isEmpty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
  return isEmpty ? [] : [{ type: member, content: value }];
}

function readToolResult(raw: JsonObject): Part {
  const content = readContent(raw['content'], false);
  const [only] = content;
  const isText = content.length === 1 && only?.type === 'text';
  const response = isText ? (only.content as string) : (raw['content'] ?? null);
  const name = asString(raw['name']);
  return toolResponsePart(raw['tool_call_id'], response, name === undefined ? {} : { name });
}

/** @param isTagged whether the text can begin with reasoning between tags. */
function readContent(content: JsonValue | undefined, isTagged: boolean): Part[] {
  if (typeof content === 'string') return readText(content, isTagged);
  return asObjects(content).flatMap((item, index) => readItem(item, isTagged && index === 0));
}

function readText(content: string, isTagged: boolean): Part[] {
  if (content === '') return [];
  return isTagged ? readAnswerText(content) : [textPart(content)];
}

function readItem(item: JsonObject, isTagged: boolean): Part[] {
  const plain = asString(item['text']);
  if (plain !== undefined) return isTagged ? readAnswerText(plain) : [textPart(plain)];
  // Magistral sends its reasoning as `thinking`.
  const thoughts = asObjects(item['thinking']);
  if (thoughts.length > 0) {
    return [{ type: 'reasoning', content: thoughts.map((thought) => asString(thought['text']) ?? '').join('') }];
  }
  const url = asString(asObject(item['image_url'])?.['url']) ?? asString(item['image_url']);
  if (url !== undefined) return [mediaUrlPart('image', url)];
  const video = asString(asObject(item['video_url'])?.['url']);
  if (video !== undefined) return [mediaUrlPart('video', video)];
  const file = asObject(item['file']);
  if (file) return readFile(file);
  const type = asString(item['type']);
  if (type === 'input_audio') return [audioPart(item)];
  return type === undefined ? [] : [{ ...item, type }];
}

function readFile({ file_data: data, file_id: id, ...others }: JsonObject): Part[] {
  const modality = 'document';
  if (typeof data === 'string') return [{ ...mediaUrlPart(modality, data), ...others }];
  return [{ ...filePart({ modality, mimeType: undefined }, asString(id) ?? ''), ...others }];
}

function readToolCall(call: JsonObject): Part[] {
  const { id, type, function: plain, custom, index, name: _, arguments: __, ...others } = call;
  // The input of a custom tool is free text, also if it looks like JSON.
  const free = asObject(custom);
  if (free) return [toolCallPart(id, free['name'], free['input'], { ...others, tool_type: 'custom' })];
  const definition = asObject(plain);
  if (!definition) return typeof type === 'string' ? [{ ...call, type }] : [];
  const { name, arguments: args = {} } = definition;
  return [toolCallPart(id, name, typeof args === 'string' ? parseToolInput(args) : args, others)];
}
