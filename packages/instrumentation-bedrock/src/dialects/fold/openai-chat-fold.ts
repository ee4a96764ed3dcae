/** The fold for `chat.completion.chunk` objects. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../data/json.js';
import { OpenAiContent } from './openai-content.js';
import { OpenAiHead } from './openai-head.js';
import { OpenAiToolCalls } from './openai-tool-calls.js';
import { FinishedParts } from './pieces/indexed-parts.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

export function createOpenAiChatFold(options: FoldOptions): StreamFold {
  const head = new OpenAiHead(options);
  const choices = new FinishedParts<Choice>();
  return {
    add(chunk) {
      for (const raw of asObjects(chunk['choices'])) {
        const choice = choices.at(raw['index'], () => ({
          index: asNumber(raw['index']) ?? 0,
          message: options.content ? new StreamedMessage() : undefined,
          others: new StreamedMembers(),
          reason: undefined,
        }));
        const reason = asString(raw['finish_reason']) ?? asString(raw['stop_reason']);
        if (reason !== undefined) choices.finish(choice, reason);
        addChoice(choice, raw);
      }
      head.add(chunk, choices.isComplete);
    },
    body() {
      return choices.size > 0 ? head.body(choices.inOrder().map(finishChoice)) : undefined;
    },
    isComplete: () => choices.isComplete,
  };
}

interface Choice {
  readonly index: number;
  /** Undefined if no content is recorded. */
  readonly message: StreamedMessage | undefined;
  /** What the choice has beside its message, such as `logprobs`. */
  readonly others: StreamedMembers;
  reason: string | undefined;
}

const OF_CHOICE = new Set(['index', 'delta', 'message', 'finish_reason', 'stop_reason']);

function addChoice(choice: Choice, raw: JsonObject): void {
  if (!choice.message) return;
  // Mistral Large calls the piece `message`. So does a whole answer that comes as one chunk.
  choice.message.add(asObject(raw['delta']) ?? asMembers(raw['message']));
  for (const name in raw) if (!OF_CHOICE.has(name)) choice.others.add(name, raw[name]);
}

function finishChoice({ index, message, others, reason }: Choice): JsonObject {
  return {
    index,
    ...(message && { message: message.finish() }),
    ...others.finish(),
    finish_reason: reason ?? null,
  };
}

/** A message while its deltas arrive. */
class StreamedMessage {
  #role: string | undefined;
  readonly #content = new OpenAiContent();
  readonly #toolCalls = new OpenAiToolCalls();
  /** Reasoning, refusal, the older `function_call`, and members that are not known. */
  readonly #others = new StreamedMembers();

  add(delta: JsonObject): void {
    for (const name in delta) this.#addMember(name, delta[name]);
  }

  finish(): JsonObject {
    const toolCalls = this.#toolCalls.finish();
    return {
      role: this.#role ?? 'assistant',
      content: this.#content.finish(),
      ...this.#others.finish(),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    };
  }

  #addMember(name: string, value: JsonValue | undefined): void {
    switch (name) {
      case 'role':
        this.#role ??= asString(value);
        break;
      case 'content':
        this.#content.add(value);
        break;
      case 'tool_calls':
        for (const piece of asObjects(value)) this.#toolCalls.add(piece);
        break;
      default:
        this.#others.add(name, value);
    }
  }
}
