/** Anthropic Messages, the format of Claude 3 and later. */

import {
  asArray,
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../data/json.js';
import { finishReason, type Message, message, type Part, type ToolDefinition, textPart } from '../data/messages.js';
import { asWord } from '../data/words.js';
import { readAnthropicUsage } from './anthropic-usage.js';
import type { ChatView, Dialect } from './dialect.js';
import { createAnthropicFold } from './fold/anthropic-messages-fold.js';
import {
  blobPart,
  citationParts,
  filePart,
  toolCallPart,
  toolError,
  toolResponsePart,
  uriPart,
} from './messages/parts.js';
import { readReasoning } from './parameters/reasoning.js';
import { readToolChoice } from './parameters/tool-choice.js';
import { viewAnthropicRequest, viewAnthropicResponse } from './view/anthropic.js';

export const anthropicMessages: Dialect & { readonly chatView: ChatView } = {
  name: 'anthropic-messages',
  operation: 'chat',
  chatView: { format: 'langchain', request: viewAnthropicRequest, response: viewAnthropicResponse },
  matchesRequest: (body) => Array.isArray(body['messages']) && typeof body['anthropic_version'] === 'string',
  matchesResponse: (body) =>
    (body['type'] === 'message' && Array.isArray(body['content'])) ||
    (body['type'] === 'message_start' && isObject(body['message'])),
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']),
    topK: asNumber(body['top_k']),
    stopSequences: asStrings(body['stop_sequences']),
    outputType: outputFormat(body)?.['type'] === 'json_schema' ? 'json' : undefined,
    ...readReasoning(body),
    toolChoice: readToolChoice(body['tool_choice']),
    serviceTier: asWord(body['service_tier']),
  }),
  readInput(body) {
    const system = readContent(body['system']);
    return {
      messages: asObjects(body['messages']).map(readMessage),
      systemInstructions: system.length > 0 ? system : undefined,
    };
  },
  readTools: (body) => asObjects(body['tools']).flatMap(readTool),
  readResponse: (body) => ({
    id: asString(body['id']),
    model: asString(body['model']),
    finishReasons: asStrings([body['stop_reason']]),
    usage: readAnthropicUsage(asObject(body['usage'])),
    serviceTier: asWord(asObject(body['usage'])?.['service_tier']),
  }),
  readOutput(body) {
    if (!Array.isArray(body['content'])) return [];
    const { role, parts } = message(asString(body['role']) ?? 'assistant', readContent(body['content']));
    return [{ role, parts, finish_reason: finishReason(asString(body['stop_reason'])) }];
  },
  createFold: createAnthropicFold,
};

/** The format of structured outputs. The beta of the API had it in `output_format`. */
function outputFormat(body: JsonObject): JsonObject | undefined {
  return asObject(asObject(body['output_config'])?.['format']) ?? asObject(body['output_format']);
}

function readTool(tool: JsonObject): ToolDefinition[] {
  // `cache_control` only marks where the service's prompt cache ends.
  const { type = 'custom', name, description: text, input_schema: parameters, cache_control, ...others } = tool;
  if (typeof name !== 'string' || typeof type !== 'string') return [];
  const description = asString(text);
  // Anthropic's own tools, such as `bash_20250124`, have settings in place of a schema.
  if (type !== 'custom') return [{ type, name, description }];
  return [{ type: 'function', name, description, parameters, ...others }];
}

function readMessage(raw: JsonObject): Message {
  return message(asString(raw['role']) ?? 'user', readContent(raw['content']));
}

function readContent(content: JsonValue | undefined): Part[] {
  if (typeof content === 'string') return [textPart(content)];
  return asObjects(content).flatMap(readBlock);
}

function readBlock(block: JsonObject): Part[] {
  const type = asString(block['type']);
  switch (type) {
    case undefined:
      return [];
    case 'text':
      return [textPart(asString(block['text']) ?? ''), ...citationParts(block['citations'])];
    case 'thinking':
      return [{ type: 'reasoning', content: asString(block['thinking']) ?? '' }];
    case 'redacted_thinking':
      return [{ type: 'redacted_reasoning', data: block['data'] }];
    case 'tool_use':
      return [toolCallPart(block['id'], block['name'], block['input'])];
    case 'tool_result':
      return [toolResponsePart(block['tool_use_id'], toolResponse(block['content']), toolError(block['is_error']))];
    case 'image':
    case 'document':
      return readMedia(block, type);
    default:
      return [{ ...block, type }];
  }
}

function toolResponse(content: JsonValue | undefined): JsonValue {
  const items = asArray(content);
  const text = items.length === 1 ? asString(asObject(items[0])?.['text']) : undefined;
  return text ?? content ?? null;
}

function readMedia(block: JsonObject, modality: string): Part[] {
  const source = asMembers(block['source']);
  if (source['type'] === 'text') return [textPart(asString(source['data']) ?? '')];
  // The application split the document into blocks, so that the answer can cite them.
  if (source['type'] === 'content') return readContent(source['content']);

  const media = { modality, mimeType: asString(source['media_type']) };
  const url = asString(source['url']);
  if (url !== undefined) return [uriPart(media, url)];
  const fileId = asString(source['file_id']);
  if (fileId !== undefined) return [filePart(media, fileId)];
  return [blobPart(media, asString(source['data']))];
}
