/** The fold for `chat.completion.chunk` objects. */

import { asNumber, asObject, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { IndexedParts } from './indexed-parts.js';
import { OpenAiHead } from './openai-head.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';
import { addPiece, StreamedText } from './streamed-text.js';

export function createOpenAiChatFold({ content }: FoldOptions): StreamFold {
  const head = new OpenAiHead();
  const choices = new IndexedParts<Choice>();
  const isComplete = (): boolean => choices.size > 0 && choices.every(({ finishReason }) => finishReason !== undefined);
  return {
    add(chunk) {
      head.add(chunk);
      for (const raw of asObjects(chunk['choices'])) {
        const choice = choices.at(raw['index'], () => ({
          index: asNumber(raw['index']) ?? 0,
          message: content ? { content: [], toolCalls: [] } : undefined,
          finishReason: undefined,
        }));
        choice.finishReason = asString(raw['finish_reason']) ?? asString(raw['stop_reason']) ?? choice.finishReason;
        // Mistral Large calls the piece `message`. So does a whole answer that comes as one chunk.
        if (choice.message) addDelta(choice.message, asObject(raw['delta']) ?? asObject(raw['message']) ?? {});
      }
    },
    body() {
      return choices.size > 0 ? head.body(choices.inOrder().map(finishChoice), isComplete()) : undefined;
    },
    isComplete,
  };
}

interface Choice {
  readonly index: number;
  /** Undefined if no content is recorded. */
  readonly message: ChatMessage | undefined;
  finishReason: string | undefined;
}

/** A message while its deltas arrive. */
interface ChatMessage {
  role?: string | undefined;
  /** Texts, and items of models that stream a list of items (Magistral's `thinking`). */
  readonly content: (StreamedText | JsonObject)[];
  reasoning?: StreamedText;
  refusal?: StreamedText;
  readonly toolCalls: ToolCall[];
}

interface ToolCall {
  readonly index: number | undefined;
  id?: string | undefined;
  name?: string | undefined;
  arguments?: StreamedText;
}

function addDelta(message: ChatMessage, delta: JsonObject): void {
  message.role ??= asString(delta['role']);
  addContent(message.content, delta['content']);
  const reasoning = asString(delta['reasoning_content']) ?? asString(delta['reasoning']);
  if (reasoning !== undefined) message.reasoning = addPiece(message.reasoning, reasoning);
  const refusal = asString(delta['refusal']);
  if (refusal !== undefined) message.refusal = addPiece(message.refusal, refusal);
  for (const piece of asObjects(delta['tool_calls'])) addToolCall(message.toolCalls, piece);
}

function addContent(content: ChatMessage['content'], piece: JsonValue | undefined): void {
  if (typeof piece === 'string') {
    const last = content.at(-1);
    if (last instanceof StreamedText) last.add(piece);
    else content.push(addPiece(undefined, piece));
    return;
  }
  for (const item of asObjects(piece)) addItem(content, item);
}

/** Magistral sends one item of reasoning as several consecutive items. */
function addItem(content: ChatMessage['content'], item: JsonObject): void {
  const { thinking } = item;
  if (!Array.isArray(thinking)) {
    content.push(item);
    return;
  }
  const last = content.at(-1);
  const known = last instanceof StreamedText ? undefined : last?.['thinking'];
  if (Array.isArray(known)) known.push(...thinking);
  else content.push({ ...item, thinking: [...thinking] });
}

/** A piece belongs to the call with its index. If it has no index, a new id opens a new call. */
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

function finishChoice({ index, message, finishReason }: Choice): JsonObject {
  return { index, ...(message && { message: finishMessage(message) }), finish_reason: finishReason ?? null };
}

function finishMessage(message: ChatMessage): JsonObject {
  const toolCalls = [...message.toolCalls]
    .sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
    .map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments?.toString() ?? '' },
    }));
  return {
    role: message.role ?? 'assistant',
    content: finishContent(message.content),
    ...(message.reasoning === undefined ? {} : { reasoning_content: message.reasoning.toString() }),
    ...(message.refusal === undefined ? {} : { refusal: message.refusal.toString() }),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
  };
}

function finishContent(content: ChatMessage['content']): JsonValue {
  const [only] = content;
  if (only === undefined) return null;
  if (only instanceof StreamedText && content.length === 1) return only.toString();
  return content.map((item) => (item instanceof StreamedText ? { type: 'text', text: item.toString() } : item));
}
