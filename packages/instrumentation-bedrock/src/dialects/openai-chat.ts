/** OpenAI's chat completions format: AI21 Jamba, Mistral's chat models, gpt-oss, Qwen, Writer and many others. */

import { asArray, asObject, asObjects, asString, isObject, type JsonObject, type JsonValue } from '../data/json.js';
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
import { blobPart, toolCallPart, toolResponsePart, uriPart } from './messages/parts.js';
import { choiceReason, readOpenAiParameters, readOpenAiResponse } from './openai.js';

export const openAiChat: Dialect = {
  name: 'openai-chat',
  operation: 'chat',
  chatView: { format: 'openai', request: (body) => body, response: (body) => body },
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
  readTools: (body) => asObjects(body['tools']).flatMap(readTool),
  readResponse: readOpenAiResponse,
  readOutput(body) {
    return asObjects(body['choices']).map((choice): OutputMessage => {
      const raw = asObject(choice['message']) ?? {};
      const { role, parts } = readMessage({ role: 'assistant', ...raw });
      return { role, parts, finish_reason: finishReason(asString(choiceReason(choice))) };
    });
  },
  createFold: createOpenAiChatFold,
};

function readTool(tool: JsonObject): ToolDefinition[] {
  const definition = asObject(tool['function']);
  const name = asString(definition?.['name']);
  if (!definition || name === undefined) return [];
  const { description, parameters } = definition;
  return [{ type: 'function', name, description: asString(description), parameters }];
}

function readMessage(raw: JsonObject): Message {
  const content = readContent(raw['content'], raw['role'] === 'assistant');
  if (raw['role'] === 'tool') {
    const [only] = content;
    const isText = content.length === 1 && only?.type === 'text';
    const response = isText ? (only.content as string) : (raw['content'] ?? null);
    return { role: 'tool', parts: [toolResponsePart(raw['tool_call_id'], response)] };
  }
  const reasoning = asString(raw['reasoning_content']) ?? asString(raw['reasoning']);
  const refusal = asString(raw['refusal']);
  return message(asString(raw['role']) ?? 'user', [
    ...(reasoning === undefined ? [] : [{ type: 'reasoning' as const, content: reasoning }]),
    ...content,
    ...(refusal === undefined ? [] : [{ type: 'refusal', content: refusal }]),
    ...asObjects(raw['tool_calls']).flatMap(readToolCall),
  ]);
}

function readContent(content: JsonValue | undefined, isAnswer: boolean): Part[] {
  if (typeof content === 'string') return isAnswer ? readAnswerText(content) : text(content);
  return asObjects(content).flatMap(readItem);
}

function readItem(item: JsonObject): Part[] {
  const plain = asString(item['text']);
  if (plain !== undefined) return [textPart(plain)];
  // Magistral sends its reasoning as `thinking`.
  const thoughts = asObjects(item['thinking']);
  if (thoughts.length > 0) {
    return [{ type: 'reasoning', content: thoughts.map((thought) => asString(thought['text']) ?? '').join('') }];
  }
  const url = asString(asObject(item['image_url'])?.['url']);
  if (url !== undefined) return [readImage(url)];
  const type = asString(item['type']);
  return type === undefined ? [] : [{ ...item, type }];
}

function readImage(url: string): Part {
  const [, mimeType, content] = /^data:([^;,]+);base64,([\s\S]*)$/.exec(url) ?? [];
  if (content === undefined) return uriPart({ modality: 'image', mimeType: undefined }, url);
  return blobPart({ modality: 'image', mimeType }, content);
}

/** gpt-oss puts its reasoning at the start of the answer's text. */
function readAnswerText(content: string): Part[] {
  const [lead, reasoning] = /^\s*<reasoning>([\s\S]*?)<\/reasoning>/.exec(content) ?? [];
  if (lead === undefined || reasoning === undefined) return text(content);
  return [{ type: 'reasoning', content: reasoning }, ...text(content.slice(lead.length))];
}

function text(content: string): Part[] {
  return content === '' ? [] : [textPart(content)];
}

function readToolCall(call: JsonObject): Part[] {
  const definition = asObject(call['function']);
  if (!definition) return [];
  const { name, arguments: args = {} } = definition;
  return [toolCallPart(call['id'], name, typeof args === 'string' ? parseToolInput(args) : args)];
}
