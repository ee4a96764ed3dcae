/** The fold for `chat.completion.chunk` objects. */

import { asNumber, asObject, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { OpenAiHead } from './openai-head.js';
import { OpenAiToolCalls } from './openai-tool-calls.js';
import { IndexedParts } from './pieces/indexed-parts.js';
import { addPiece, StreamedText } from './pieces/streamed-text.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

export function createOpenAiChatFold(options: FoldOptions): StreamFold {
  const head = new OpenAiHead(options);
  const choices = new IndexedParts<Choice>();
  const isComplete = (): boolean => choices.size > 0 && choices.every(({ finishReason }) => finishReason !== undefined);
  return {
    add(chunk) {
      for (const raw of asObjects(chunk['choices'])) {
        const choice = choices.at(raw['index'], () => ({
          index: asNumber(raw['index']) ?? 0,
          message: options.content ? new StreamedMessage() : undefined,
          others: new StreamedMembers(),
          finishReason: undefined,
        }));
        addChoice(choice, raw);
      }
      head.add(chunk, isComplete());
    },
    body() {
      return choices.size > 0 ? head.body(choices.inOrder().map(finishChoice)) : undefined;
    },
    isComplete,
  };
}

interface Choice {
  readonly index: number;
  /** Undefined if no content is recorded. */
  readonly message: StreamedMessage | undefined;
  /** What the choice has beside its message, such as `logprobs`. */
  readonly others: StreamedMembers;
  finishReason: string | undefined;
}

const OF_CHOICE = new Set(['index', 'delta', 'message', 'finish_reason', 'stop_reason']);

function addChoice(choice: Choice, raw: JsonObject): void {
  choice.finishReason = asString(raw['finish_reason']) ?? asString(raw['stop_reason']) ?? choice.finishReason;
  if (!choice.message) return;
  // Mistral Large calls the piece `message`. So does a whole answer that comes as one chunk.
  choice.message.add(asObject(raw['delta']) ?? asObject(raw['message']) ?? {});
  for (const name in raw) if (!OF_CHOICE.has(name)) choice.others.add(name, raw[name]);
}

function finishChoice({ index, message, others, finishReason }: Choice): JsonObject {
  return {
    index,
    ...(message && { message: message.finish() }),
    ...others.finish(),
    finish_reason: finishReason ?? null,
  };
}

/** A message while its deltas arrive. */
class StreamedMessage {
  #role: string | undefined;
  /** Texts, and items of models that stream a list of items (Magistral's `thinking`). */
  readonly #content: (StreamedText | JsonObject)[] = [];
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
      content: finishContent(this.#content),
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
        addContent(this.#content, value);
        break;
      case 'tool_calls':
        for (const piece of asObjects(value)) this.#toolCalls.add(piece);
        break;
      default:
        this.#others.add(name, value);
    }
  }
}

function addContent(content: (StreamedText | JsonObject)[], piece: JsonValue | undefined): void {
  if (typeof piece === 'string') {
    const last = content.at(-1);
    if (last instanceof StreamedText) last.add(piece);
    else content.push(addPiece(undefined, piece));
    return;
  }
  for (const item of asObjects(piece)) addItem(content, item);
}

/** Hosts send one item of text, and Magistral one of reasoning, as several consecutive items. */
function addItem(content: (StreamedText | JsonObject)[], item: JsonObject): void {
  const { type, text, thinking, ...others } = item;
  if (type === 'text' && typeof text === 'string' && Object.keys(others).length === 0) {
    addContent(content, text);
    return;
  }
  if (!Array.isArray(thinking)) {
    content.push(item);
    return;
  }
  const last = content.at(-1);
  const known = last instanceof StreamedText ? undefined : last?.['thinking'];
  if (Array.isArray(known)) known.push(...thinking);
  else content.push({ ...item, thinking: [...thinking] });
}

function finishContent(content: readonly (StreamedText | JsonObject)[]): JsonValue {
  const [only] = content;
  if (only === undefined) return null;
  if (only instanceof StreamedText && content.length === 1) return only.toString();
  return content.map((item) => (item instanceof StreamedText ? { type: 'text', text: item.toString() } : item));
}
