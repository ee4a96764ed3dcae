import { arrayOf, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import {
  CACHE_POINT,
  type Conversation,
  type Message,
  type PromptPart,
  type Reply,
  type ToolCall,
} from '../../../model/conversation.js';
import { MEDIA_TOKENS, toPieces } from '../../../model/tokens.js';
import { type ChatDialect, invocationMetrics } from './dialect.js';

const STOP_REASONS = { end: 'end_turn', tool: 'tool_use', length: 'max_tokens' } as const;

/** Anthropic Messages, the format of Claude 3 and later. */
export const anthropic: ChatDialect = {
  kind: 'chat',
  cacheHeaders: true,
  read: readRequest,
  write(reply, modelId) {
    return {
      ...emptyMessage(reply, modelId),
      content: [
        ...(reply.text === '' ? [] : [{ type: 'text', text: reply.text }]),
        ...reply.toolCalls.map((call) => toolUse(call, call.input)),
      ],
      stop_reason: STOP_REASONS[reply.finish],
      usage: { ...inputUsage(reply), output_tokens: reply.usage.output },
    };
  },
  chunks(reply, modelId) {
    // The service sends a small placeholder here and the real count in message_delta.
    const usage = { ...inputUsage(reply), output_tokens: Math.min(1, reply.usage.output) };
    const textBlocks = reply.text === '' ? 0 : 1;
    const text = block(
      0,
      { type: 'text', text: '' },
      reply.pieces.map((piece) => ({ type: 'text_delta', text: piece })),
    );
    return [
      { type: 'message_start', message: { ...emptyMessage(reply, modelId), usage } },
      ...(textBlocks ? text : []),
      ...reply.toolCalls.flatMap((call, index) => block(textBlocks + index, toolUse(call, {}), inputDeltas(call))),
      {
        type: 'message_delta',
        delta: { stop_reason: STOP_REASONS[reply.finish], stop_sequence: null },
        usage: { output_tokens: reply.usage.output },
      },
      { type: 'message_stop', ...invocationMetrics(reply, reply.caching) },
    ];
  },
};

function readRequest(body: JsonObject): Conversation {
  const tools = arrayOf(body['tools']).map(objectOf);
  const messages = arrayOf(body['messages']).map(objectOf);
  return {
    prompt: [
      ...tools.flatMap((tool) => [JSON.stringify(tool), ...cachePoint(tool)]),
      ...blocksOf(body['system']).flatMap(blockPrompt),
      ...messages.flatMap((message) => blocksOf(message['content']).flatMap(blockPrompt)),
    ],
    messages: messages.map(readMessage),
    tools: tools.map((tool) => ({ name: stringOf(tool['name']), schema: objectOf(tool['input_schema']) })),
    forceTool: readToolChoice(objectOf(body['tool_choice'])),
    maxTokens: numberOf(body['max_tokens']),
  };
}

function readMessage(message: JsonObject): Message {
  const blocks = blocksOf(message['content']);
  return {
    role: stringOf(message['role']),
    text: blocks.map((part) => stringOf(part['text'])).join(''),
    toolCalls: blocks
      .filter((part) => part['type'] === 'tool_use')
      .map((part) => ({ id: stringOf(part['id']), name: stringOf(part['name']), input: objectOf(part['input']) })),
    toolResults: blocks
      .filter((part) => part['type'] === 'tool_result')
      .map((part) => ({
        id: stringOf(part['tool_use_id']),
        text: resultText(part),
        failed: part['is_error'] === true,
      })),
  };
}

function readToolChoice(choice: JsonObject): boolean | string {
  return choice['type'] === 'tool' ? stringOf(choice['name']) : choice['type'] === 'any';
}

/** Returns blocks also for a string, which content and system may be. */
function blocksOf(content: unknown): JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : arrayOf(content).map(objectOf);
}

function resultText(part: JsonObject): string {
  return blocksOf(part['content'])
    .map((inner) => stringOf(inner['text']))
    .join(' ');
}

function blockPrompt(part: JsonObject): PromptPart[] {
  return [partText(part), ...cachePoint(part)];
}

function partText(part: JsonObject): string {
  switch (part['type']) {
    case 'text':
      return stringOf(part['text']);
    case 'tool_use':
      return JSON.stringify([part['name'], part['input']]);
    case 'tool_result':
      return resultText(part);
    default:
      return MEDIA_TOKENS;
  }
}

function cachePoint(part: JsonObject): PromptPart[] {
  return isObject(part['cache_control']) ? [CACHE_POINT] : [];
}

function emptyMessage(reply: Reply, modelId: string): JsonObject {
  return {
    id: `msg_bdrk_${reply.id}`,
    type: 'message',
    role: 'assistant',
    model: modelName(modelId),
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

/** Returns the model's name as in the body, without vendor, region and version: `claude-3-haiku-20240307`. */
function modelName(modelId: string): string {
  return /(claude-.*?)(?:-v\d+(?::\d+)?)?$/.exec(modelId)?.[1] ?? modelId;
}

function inputUsage({ usage }: Reply): JsonObject {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0 },
  };
}

function toolUse(call: ToolCall, input: JsonObject): JsonObject {
  return { type: 'tool_use', id: `toolu_bdrk_${call.id}`, name: call.name, input };
}

/** Returns an empty delta first, then the pieces of the tool call's JSON. */
function inputDeltas(call: ToolCall): JsonObject[] {
  return ['', ...toPieces(JSON.stringify(call.input))].map((piece) => ({
    type: 'input_json_delta',
    partial_json: piece,
  }));
}

function block(index: number, start: JsonObject, deltas: readonly JsonObject[]): JsonObject[] {
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}
