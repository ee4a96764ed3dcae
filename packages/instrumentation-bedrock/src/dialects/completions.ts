/** What the prompt-in, text-out dialects share. */

import { asNumber, asString, type JsonObject, type JsonValue } from '../data/json.js';
import { finishReason, type InputContent, type OutputMessage, textPart } from '../data/messages.js';
import type { StreamFold } from './dialect.js';
import { StreamedText } from './streamed-text.js';

/** The prompt as one user message. */
export function promptInput(prompt: JsonValue | undefined): InputContent {
  const text = asString(prompt);
  return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
}

/** One generated text as a message of the assistant. */
export function completionMessage(text: JsonValue | undefined, reason: JsonValue | undefined): OutputMessage {
  return {
    role: 'assistant',
    parts: [textPart(asString(text) ?? '')],
    finish_reason: finishReason(asString(reason)),
  };
}

/** The strings among the given values. */
export function strings(values: readonly (JsonValue | undefined)[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

/** The object with one of its texts emptied, so that what else it says stays where it was. */
export function withoutText(object: JsonObject, name: string): JsonObject {
  return typeof object[name] === 'string' ? { ...object, [name]: '' } : object;
}

/** One of several texts of an answer. */
export interface FinishedText {
  text: string;
  reason?: string;
}

/**
 * A fold for streams whose chunks each add a piece to one of several texts.
 *
 * @param read what a chunk adds: index of the text, piece, finish reason
 * @param finish the body with these texts, as it is without streaming
 */
export function createTextsFold(
  read: (chunk: JsonObject) => readonly { index?: JsonValue | undefined; text?: JsonValue; reason?: JsonValue }[],
  finish: (texts: readonly FinishedText[]) => JsonObject,
): StreamFold {
  const texts = new Map<number, { readonly text: StreamedText; reason?: string }>();
  return {
    add(chunk) {
      for (const { index, text, reason } of read(chunk)) {
        const key = asNumber(index) ?? 0;
        const piece = asString(text);
        const known = texts.get(key) ?? { text: new StreamedText() };
        if (piece !== undefined) known.text.add(piece);
        if (typeof reason === 'string') known.reason = reason;
        if (piece !== undefined || known.reason !== undefined) texts.set(key, known);
      }
    },
    body() {
      if (texts.size === 0) return undefined;
      return finish(
        [...texts.entries()]
          .sort(([a], [b]) => a - b)
          .map(([, { text, reason }]) => ({ text: text.toString(), ...(reason === undefined ? {} : { reason }) })),
      );
    },
    isComplete: () => texts.size > 0 && [...texts.values()].every(({ reason }) => reason !== undefined),
  };
}
