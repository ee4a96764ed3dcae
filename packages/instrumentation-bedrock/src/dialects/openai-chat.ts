/** OpenAI's chat completions format: AI21 Jamba, Mistral's chat models, gpt-oss, Qwen, Writer and many others. */

import {
  asArray,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../data/json.js';
import { finishReason, type Message, message, type OutputMessage, type Part, textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createOpenAiChatFold } from './openai-chat-fold.js';
import { readOpenAiUsage } from './openai-usage.js';
import { parseToolInput } from './tool-input.js';

export const openAiChat: Dialect = {
  name: 'openai-chat',
  operation: 'chat',
  chatView: { format: 'openai', request: (body) => body, response: (body) => body },
  // Only what no other dialect has: Anthropic and Nova have `messages` too.
  matchesRequest: (body) =>
    Array.isArray(body['messages']) &&
    body['anthropic_version'] === undefined &&
    body['schemaVersion'] === undefined &&
    body['inferenceConfig'] === undefined,
  matchesResponse: (body) =>
    asArray(body['choices']).some(
      (choice) => isObject(choice) && (isObject(choice['message']) || isObject(choice['delta'])),
    ),
  readParameters(body) {
    const stop = asString(body['stop']);
    return {
      maxTokens: asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']),
      temperature: asNumber(body['temperature']),
      topP: asNumber(body['top_p']),
      stopSequences: stop === undefined ? asStrings(body['stop']) : [stop],
      seed: asNumber(body['seed']),
      frequencyPenalty: asNumber(body['frequency_penalty']),
      presencePenalty: asNumber(body['presence_penalty']),
      choiceCount: asNumber(body['n']),
      outputType: asString(asObject(body['response_format'])?.['type'])?.startsWith('json') ? 'json' : undefined,
    };
  },
  readInput(body) {
    return { messages: asObjects(body['messages']).map(readMessage) };
  },
  readTools(body) {
    return asArray(body['tools']).flatMap((tool) => {
      const definition = asObject(asObject(tool)?.['function']);
      const name = asString(definition?.['name']);
      if (!definition || name === undefined) return [];
      return [
        {
          type: 'function' as const,
          name,
          description: asString(definition['description']),
          parameters: definition['parameters'],
        },
      ];
    });
  },
  readResponse: (body) => ({
    id: asString(body['id']),
    model: asString(body['model']),
    finishReasons: asStrings(asObjects(body['choices']).map(reason)),
    usage: readOpenAiUsage(body),
  }),
  readOutput(body) {
    return asObjects(body['choices']).map((choice): OutputMessage => {
      const raw = asObject(choice['message']) ?? {};
      const { role, parts } = readMessage({ role: 'assistant', ...raw });
      return { role, parts, finish_reason: finishReason(asString(reason(choice))) };
    });
  },
  createFold: createOpenAiChatFold,
};

/** Mistral calls it `stop_reason`. */
function reason(choice: JsonObject): JsonValue | undefined {
  return choice['finish_reason'] ?? choice['stop_reason'];
}

function readMessage(raw: JsonObject): Message {
  const content = readContent(raw['content'], raw['role'] === 'assistant');
  const toolCallId = asString(raw['tool_call_id']);
  if (raw['role'] === 'tool') {
    const only = content[0];
    const response: JsonValue =
      content.length === 1 && only?.type === 'text' ? (only.content as string) : (raw['content'] ?? null);
    return {
      role: 'tool',
      parts: [{ type: 'tool_call_response', ...(toolCallId === undefined ? {} : { id: toolCallId }), response }],
    };
  }
  const reasoning = asString(raw['reasoning_content']) ?? asString(raw['reasoning']);
  const refusal = asString(raw['refusal']);
  return message(asString(raw['role']) ?? 'user', [
    ...(reasoning === undefined ? [] : [{ type: 'reasoning' as const, content: reasoning }]),
    ...content,
    ...(refusal === undefined ? [] : [{ type: 'refusal', content: refusal }]),
    ...asArray(raw['tool_calls']).flatMap(readToolCall),
  ]);
}

function readContent(content: JsonValue | undefined, isAnswer: boolean): Part[] {
  if (typeof content === 'string') return isAnswer ? readAnswerText(content) : text(content);
  return asArray(content).flatMap((item): Part[] => {
    const block = asObject(item);
    const plain = asString(block?.['text']);
    if (plain !== undefined) return [textPart(plain)];
    // Magistral's own name for reasoning.
    const thinking = asArray(block?.['thinking']).map((thought) => asString(asObject(thought)?.['text']) ?? '');
    if (thinking.length > 0) return [{ type: 'reasoning', content: thinking.join('') }];
    const url = asString(asObject(block?.['image_url'])?.['url']);
    if (url !== undefined) return [readImage(url)];
    const type = asString(block?.['type']);
    return block && type !== undefined ? [{ ...block, type }] : [];
  });
}

function readImage(url: string): Part {
  const [, mimeType, content] = /^data:([^;,]+);base64,([\s\S]*)$/.exec(url) ?? [];
  if (mimeType === undefined || content === undefined) return { type: 'uri', modality: 'image', uri: url };
  return { type: 'blob', modality: 'image', mime_type: mimeType, content };
}

/** gpt-oss writes its reasoning in front of the answer, into the same text. */
function readAnswerText(content: string): Part[] {
  const [lead, reasoning] = /^\s*<reasoning>([\s\S]*?)<\/reasoning>/.exec(content) ?? [];
  if (lead === undefined || reasoning === undefined) return text(content);
  return [{ type: 'reasoning', content: reasoning }, ...text(content.slice(lead.length))];
}

function text(content: string): Part[] {
  return content === '' ? [] : [textPart(content)];
}

function readToolCall(call: JsonValue): Part[] {
  const raw = asObject(call);
  const definition = asObject(raw?.['function']);
  if (!definition) return [];
  const id = asString(raw?.['id']);
  const args = definition['arguments'];
  return [
    {
      type: 'tool_call',
      ...(id === undefined ? {} : { id }),
      name: asString(definition['name']) ?? '',
      arguments: typeof args === 'string' ? parseToolInput(args) : (args ?? {}),
    },
  ];
}
