/** Cohere Command R and R+. */

import { asArray, asNumber, asObject, asString, asStrings, isObject, type JsonObject } from '../data/json.js';
import { finishReason, type Message, type Part, textPart } from '../data/messages.js';
import { strings } from './completions.js';
import type { Dialect, StreamFold } from './dialect.js';
import { addPiece, type StreamedText } from './streamed-text.js';

const ROLES: Readonly<Record<string, string>> = { CHATBOT: 'assistant', USER: 'user', SYSTEM: 'system', TOOL: 'tool' };

export const cohereCommandR: Dialect = {
  name: 'cohere-command-r',
  operation: 'chat',
  matchesRequest: (body) => typeof body['message'] === 'string',
  matchesResponse: (body) =>
    (typeof body['text'] === 'string' && body['generation_id'] !== undefined) || typeof body['event_type'] === 'string',
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['p']),
    topK: asNumber(body['k']),
    stopSequences: asStrings(body['stop_sequences']),
    seed: asNumber(body['seed']),
    frequencyPenalty: asNumber(body['frequency_penalty']),
    presencePenalty: asNumber(body['presence_penalty']),
  }),
  readInput(body) {
    const preamble = asString(body['preamble']);
    const results = asArray(body['tool_results']).filter(isObject);
    const messages: Message[] = asArray(body['chat_history']).filter(isObject).map(readMessage);
    if (typeof body['message'] === 'string' && (body['message'] !== '' || results.length === 0)) {
      messages.push({ role: 'user', parts: [textPart(body['message'])] });
    }
    if (results.length > 0) {
      const parts = results.map((result): Part => ({ type: 'tool_call_response', response: result }));
      messages.push({ role: 'tool', parts });
    }
    return { messages, systemInstructions: preamble === undefined ? undefined : [textPart(preamble)] };
  },
  readTools: (body) =>
    asArray(body['tools']).flatMap((tool) => {
      const definition = asObject(tool);
      const name = asString(definition?.['name']);
      if (!definition || name === undefined) return [];
      const description = asString(definition['description']);
      return [{ type: 'function' as const, name, description, parameters: definition['parameter_definitions'] }];
    }),
  // The body's token counts, where it has any, include the service's own template: what is billed is in the headers.
  readResponse: (body) => ({
    id: asString(body['response_id']),
    finishReasons: strings([body['finish_reason']]),
  }),
  readOutput(body) {
    const text = asString(body['text']);
    const calls = asArray(body['tool_calls']).filter(isObject).map(readToolCall);
    if (text === undefined && calls.length === 0) return [];
    return [
      {
        role: 'assistant',
        parts: [...(text === undefined || (text === '' && calls.length > 0) ? [] : [textPart(text)]), ...calls],
        finish_reason: finishReason(asString(body['finish_reason'])),
      },
    ];
  },
  createFold,
  withoutContent(chunk) {
    if (chunk['event_type'] !== 'stream-end') return undefined;
    // It repeats the whole answer.
    const { response_id, finish_reason = chunk['finish_reason'] } = asObject(chunk['response']) ?? {};
    return { ...chunk, response: { response_id, finish_reason } };
  },
};

function readMessage(raw: JsonObject): Message {
  const role = asString(raw['role']) ?? 'USER';
  const text = asString(raw['message']);
  return {
    role: Object.hasOwn(ROLES, role) ? (ROLES[role] as string) : role.toLowerCase(),
    parts: [
      ...(text === undefined ? [] : [textPart(text)]),
      ...asArray(raw['tool_calls']).filter(isObject).map(readToolCall),
      ...asArray(raw['tool_results'])
        .filter(isObject)
        .map((result): Part => ({ type: 'tool_call_response', response: result })),
    ],
  };
}

function readToolCall(call: JsonObject): Part {
  return { type: 'tool_call', name: asString(call['name']) ?? '', arguments: call['parameters'] ?? {} };
}

/** The closing event repeats the whole answer, so nothing is appended from it. */
function createFold(): StreamFold {
  let text: StreamedText | undefined;
  let toolCalls: JsonObject['tool_calls'];
  let closing: JsonObject | undefined;
  return {
    add(chunk) {
      switch (chunk['event_type']) {
        case 'text-generation':
          text = addPiece(text, asString(chunk['text']) ?? '');
          break;
        case 'tool-calls-generation':
          toolCalls = chunk['tool_calls'];
          break;
        case 'stream-end':
          closing = { finish_reason: chunk['finish_reason'], ...asObject(chunk['response']) };
          break;
        default: // `stream-start`, citations and searches add nothing to the answer's text.
      }
    },
    body() {
      if (text === undefined && toolCalls === undefined && !closing) return undefined;
      return {
        ...(text === undefined ? {} : { text: text.toString() }),
        ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
        ...closing,
      };
    },
    isComplete: () => closing !== undefined,
  };
}
