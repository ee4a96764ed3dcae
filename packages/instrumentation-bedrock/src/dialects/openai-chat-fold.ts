/** Folds `chat.completion.chunk` objects into a chat completion. */

import { asArray, asNumber, asObject, asString, isObject, type JsonObject, type JsonValue } from '../json.js';
import type { StreamFold } from './dialect.js';

interface Choice {
  role?: string | undefined;
  content?: string;
  reasoning?: string;
  finishReason?: string;
  readonly toolCalls: Map<number, ToolCall>;
}

interface ToolCall {
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
          choice = { toolCalls: new Map() };
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
  const delta = asObject(raw['delta']) ?? {};
  choice.role ??= asString(delta['role']);
  const content = asString(delta['content']);
  if (content !== undefined) choice.content = (choice.content ?? '') + content;
  const reasoning = asString(delta['reasoning_content']) ?? asString(delta['reasoning']);
  if (reasoning !== undefined) choice.reasoning = (choice.reasoning ?? '') + reasoning;
  const finish = asString(raw['finish_reason']) ?? asString(raw['stop_reason']);
  if (finish !== undefined) choice.finishReason = finish;
  for (const piece of asArray(delta['tool_calls']).filter(isObject)) {
    const index = asNumber(piece['index']) ?? 0;
    let call = choice.toolCalls.get(index);
    if (!call) {
      call = { arguments: '' };
      choice.toolCalls.set(index, call);
    }
    call.id ??= asString(piece['id']);
    const definition = asObject(piece['function']);
    call.name ??= asString(definition?.['name']);
    call.arguments += asString(definition?.['arguments']) ?? '';
  }
}

function finishChoice(index: number, choice: Choice): JsonObject {
  const toolCalls = sorted(choice.toolCalls).map(([, call]) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  return {
    index,
    message: {
      role: choice.role ?? 'assistant',
      content: choice.content ?? null,
      ...(choice.reasoning === undefined ? {} : { reasoning_content: choice.reasoning }),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    },
    finish_reason: choice.finishReason ?? null,
  };
}

function sorted<Value>(map: ReadonlyMap<number, Value>): [number, Value][] {
  return [...map.entries()].sort(([a], [b]) => a - b);
}
