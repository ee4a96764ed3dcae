/** Folds `chat.completion.chunk` objects into a chat completion. */

import { asArray, asNumber, asObject, asString, isObject, type JsonObject, type JsonValue } from '../json.js';
import type { StreamFold } from './dialect.js';

interface Choice {
  role?: string | undefined;
  /** Texts, and content items where the model streams items (Magistral's `thinking`). */
  readonly content: (string | JsonObject)[];
  reasoning?: string;
  refusal?: string;
  finishReason?: string;
  readonly toolCalls: ToolCall[];
}

interface ToolCall {
  readonly index: number | undefined;
  id?: string | undefined;
  name?: string | undefined;
  arguments: string;
}

export function createOpenAiChatFold(): StreamFold {
  let id: JsonValue | undefined;
  let model: JsonValue | undefined;
  let usage: JsonObject | undefined;
  const choices = new Map<number, Choice>();
  return {
    add(chunk) {
      id ??= chunk['id'];
      model ??= chunk['model'];
      // Jamba repeats a cumulative usage on every chunk, others send it once at the end: the last one counts.
      usage = asObject(chunk['usage']) ?? usage;
      for (const raw of asArray(chunk['choices']).filter(isObject)) {
        const index = asNumber(raw['index']) ?? 0;
        let choice = choices.get(index);
        if (!choice) {
          choice = { content: [], toolCalls: [] };
          choices.set(index, choice);
        }
        addChoice(choice, raw);
      }
    },
    body() {
      if (choices.size === 0) return undefined;
      return {
        id,
        model,
        choices: sorted(choices).map(([index, choice]) => finishChoice(index, choice)),
        usage,
      };
    },
    isComplete: () => choices.size > 0 && [...choices.values()].every((choice) => choice.finishReason !== undefined),
  };
}

function addChoice(choice: Choice, raw: JsonObject): void {
  // Mistral Large calls the piece `message`, and so does a whole answer that comes as one chunk.
  const delta = asObject(raw['delta']) ?? asObject(raw['message']) ?? {};
  choice.role ??= asString(delta['role']);
  addContent(choice.content, delta['content']);
  const reasoning = asString(delta['reasoning_content']) ?? asString(delta['reasoning']);
  if (reasoning !== undefined) choice.reasoning = (choice.reasoning ?? '') + reasoning;
  const refusal = asString(delta['refusal']);
  if (refusal !== undefined) choice.refusal = (choice.refusal ?? '') + refusal;
  const finish = asString(raw['finish_reason']) ?? asString(raw['stop_reason']);
  if (finish !== undefined) choice.finishReason = finish;
  for (const piece of asArray(delta['tool_calls']).filter(isObject)) addToolCall(choice.toolCalls, piece);
}

function addContent(content: Choice['content'], piece: JsonValue | undefined): void {
  if (typeof piece === 'string') {
    if (typeof content.at(-1) === 'string') content.push(content.pop() + piece);
    else content.push(piece);
  }
  for (const item of asArray(piece).filter(isObject)) {
    const last = asObject(content.at(-1));
    const isMoreThinking = Array.isArray(last?.['thinking']) && Array.isArray(item['thinking']);
    if (isMoreThinking)
      content[content.length - 1] = { ...last, thinking: [...asArray(last['thinking']), ...asArray(item['thinking'])] };
    else content.push(item);
  }
}

/** Pieces belong to the call of their index; without one, an id that is new opens a call. */
function addToolCall(calls: ToolCall[], piece: JsonObject): void {
  const index = asNumber(piece['index']);
  const id = asString(piece['id']);
  const latest = calls.at(-1);
  const isOfLatest = id === undefined || latest?.id === undefined || latest.id === id;
  let call = index === undefined ? (isOfLatest ? latest : undefined) : calls.find((known) => known.index === index);
  if (!call) {
    call = { index, arguments: '' };
    calls.push(call);
  }
  call.id ??= id;
  const definition = asObject(piece['function']);
  call.name ??= asString(definition?.['name']);
  call.arguments += asString(definition?.['arguments']) ?? '';
}

function finishChoice(index: number, choice: Choice): JsonObject {
  const toolCalls = [...choice.toolCalls]
    .sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
    .map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    }));
  return {
    index,
    message: {
      role: choice.role ?? 'assistant',
      content: finishContent(choice.content),
      ...(choice.reasoning === undefined ? {} : { reasoning_content: choice.reasoning }),
      ...(choice.refusal === undefined ? {} : { refusal: choice.refusal }),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    },
    finish_reason: choice.finishReason ?? null,
  };
}

function finishContent(content: Choice['content']): JsonValue {
  const [only] = content;
  if (only === undefined) return null;
  if (typeof only === 'string' && content.length === 1) return only;
  return content.map((item) => (typeof item === 'string' ? { type: 'text', text: item } : item));
}

function sorted<Value>(map: ReadonlyMap<number, Value>): [number, Value][] {
  return [...map.entries()].sort(([a], [b]) => a - b);
}
