/** Cohere Command R and R+. */

import { asMembers, asNumber, asObjects, asString, asStrings, type JsonObject } from '../data/json.js';
import { finishReason, type Message, type Part, textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { addPiece, type StreamedText } from './fold/pieces/streamed-text.js';
import { StreamedMembers } from './fold/pieces/streamed-value.js';
import { type FoldOptions, isOfService, type StreamFold } from './fold/stream-fold.js';
import { parseToolInput } from './fold/tool-input.js';
import { toolCallPart, toolResponsePart } from './messages/parts.js';

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
    const results = asObjects(body['tool_results']);
    const messages: Message[] = asObjects(body['chat_history']).map(readMessage);
    if (typeof body['message'] === 'string' && (body['message'] !== '' || results.length === 0)) {
      messages.push({ role: 'user', parts: [textPart(body['message'])] });
    }
    if (results.length > 0) {
      messages.push({ role: 'tool', parts: results.map(readToolResult) });
    }
    return { messages, systemInstructions: preamble === undefined ? undefined : [textPart(preamble)] };
  },
  readTools: (body) =>
    asObjects(body['tools']).flatMap((tool) => {
      const name = asString(tool['name']);
      if (name === undefined) return [];
      const description = asString(tool['description']);
      return [{ type: 'function', name, description, parameters: tool['parameter_definitions'] }];
    }),
  // Token counts in the body include the service's own template. Headers and stream metrics have the billed ones.
  readResponse: (body) => ({
    id: asString(body['response_id']),
    finishReasons: asStrings([body['finish_reason']]),
  }),
  readOutput(body) {
    const text = asString(body['text']);
    const calls = asObjects(body['tool_calls']).map(readToolCall);
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
};

function readMessage(raw: JsonObject): Message {
  const role = asString(raw['role']) ?? 'USER';
  const text = asString(raw['message']);
  return {
    role: Object.hasOwn(ROLES, role) ? (ROLES[role] as string) : role.toLowerCase(),
    parts: [
      ...(text === undefined ? [] : [textPart(text)]),
      ...asObjects(raw['tool_calls']).map(readToolCall),
      ...asObjects(raw['tool_results']).map(readToolResult),
    ],
  };
}

function readToolResult(result: JsonObject): Part {
  return toolResponsePart(undefined, result);
}

function readToolCall(call: JsonObject): Part {
  return toolCallPart(undefined, call['name'], call['parameters'] ?? {});
}

/** Members of events that are no members of the answer. */
const OF_EVENT = new Set(['event_type', 'is_finished', 'finish_reason', 'response']);

/** The closing event repeats the whole answer, so its text replaces the pieces. */
function createFold({ content }: FoldOptions): StreamFold {
  let text: StreamedText | undefined;
  let toolCalls: JsonObject['tool_calls'];
  let closing: JsonObject | undefined;
  // Citations, searches, documents, and what events of unknown kinds have.
  const others = new StreamedMembers();
  const callPieces = new StreamedMembers();
  const addOthers = (chunk: JsonObject): void => {
    for (const name of Object.keys(chunk)) {
      if (!OF_EVENT.has(name) && !isOfService(name)) others.add(name, chunk[name]);
    }
  };
  return {
    add(chunk) {
      switch (chunk['event_type']) {
        case 'text-generation':
          if (content) text = addPiece(text, asString(chunk['text']) ?? '');
          break;
        case 'tool-calls-generation':
          if (content) toolCalls = chunk['tool_calls'];
          break;
        case 'tool-calls-chunk':
          // Pieces of the plan, then of the calls. A later event has the whole calls, unless the stream breaks off.
          if (content && typeof chunk['text'] === 'string') text = addPiece(text, chunk['text']);
          if (content && chunk['tool_call_delta']) callPieces.add('calls', [chunk['tool_call_delta']]);
          break;
        case 'stream-end': {
          const { response_id, finish_reason = chunk['finish_reason'], ...rest } = asMembers(chunk['response']);
          closing = content ? { response_id, finish_reason, ...rest } : { response_id, finish_reason };
          break;
        }
        default:
          if (content) addOthers(chunk);
      }
    },
    body() {
      if (text === undefined && toolCalls === undefined && callPieces.size === 0 && !closing) return undefined;
      const pieces = callPieces.finish()['calls'];
      return {
        ...others.finish(),
        ...(text === undefined ? {} : { text: text.toString() }),
        tool_calls: toolCalls ?? (pieces && asObjects(pieces).map(finishCall)),
        ...closing,
      };
    },
    isComplete: () => closing !== undefined,
  };
}

function finishCall({ name, parameters }: JsonObject): JsonObject {
  return { name, parameters: parseToolInput(asString(parameters)) };
}
