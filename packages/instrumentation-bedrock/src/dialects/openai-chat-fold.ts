/** Folds `chat.completion.chunk` objects into a chat completion. */

import { asArray, asNumber, asObject, asString, isObject, type JsonObject, type JsonValue } from '../data/json.js';
import type { StreamFold } from './dialect.js';
import { addPiece, StreamedText } from './streamed-text.js';

interface Choice {
  role?: string | undefined;
  /** Texts, and content items where the model streams items (Magistral's `thinking`). */
  readonly content: (StreamedText | JsonObject)[];
  reasoning?: StreamedText;
  refusal?: string;
  finishReason?: string;
  readonly toolCalls: ToolCall[];
}

interface ToolCall {
  readonly index: number | undefined;
  id?: string | undefined;
  name?: string | undefined;
  arguments?: StreamedText;
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
  if (reasoning !== undefined) choice.reasoning = addPiece(choice.reasoning, reasoning);
  const refusal = asString(delta['refusal']);
  if (refusal !== undefined) choice.refusal = (choice.refusal ?? '') + refusal;
  const finish = asString(raw['finish_reason']) ?? asString(raw['stop_reason']);
  if (finish !== undefined) choice.finishReason = finish;
  for (const piece of asArray(delta['tool_calls']).filter(isObject)) addToolCall(choice.toolCalls, piece);
}

function addContent(content: Choice['content'], piece: JsonValue | undefined): void {
  if (typeof piece === 'string') {
    const last = content.at(-1);
    if (last instanceof StreamedText) last.add(piece);
    else content.push(addPiece(undefined, piece));
  }
  for (const item of asArray(piece).filter(isObject)) {
    const latest = content.at(-1);
    const last = latest instanceof StreamedText ? undefined : latest;
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
    call = { index };
    calls.push(call);
  }
  call.id ??= id;
  const definition = asObject(piece['function']);
  call.name ??= asString(definition?.['name']);
  const args = asString(definition?.['arguments']);
  if (args !== undefined) call.arguments = addPiece(call.arguments, args);
}

function finishChoice(index: number, choice: Choice): JsonObject {
  const toolCalls = [...choice.toolCalls]
    .sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
    .map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments?.toString() ?? '' },
    }));
  return {
    index,
    message: {
      role: choice.role ?? 'assistant',
      content: finishContent(choice.content),
      ...(choice.reasoning === undefined ? {} : { reasoning_content: choice.reasoning.toString() }),
      ...(choice.refusal === undefined ? {} : { refusal: choice.refusal }),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    },
    finish_reason: choice.finishReason ?? null,
  };
}

function finishContent(content: Choice['content']): JsonValue {
  const [only] = content;
  if (only === undefined) return null;
  if (only instanceof StreamedText && content.length === 1) return only.toString();
  return content.map((item) => (item instanceof StreamedText ? { type: 'text', text: item.toString() } : item));
}

function sorted<Value>(map: ReadonlyMap<number, Value>): [number, Value][] {
  return [...map.entries()].sort(([a], [b]) => a - b);
}
