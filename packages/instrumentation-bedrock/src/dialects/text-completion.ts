/** What dialects with a prompt in the request and a text in the answer share. */

import { asString, type JsonValue } from '../data/json.js';
import { finishReason, type InputContent, type OutputMessage, textPart } from '../data/messages.js';
import type { FoldOptions } from './dialect.js';
import { IndexedParts } from './indexed-parts.js';
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

/** One of the texts of a streamed answer. */
export interface FinishedText {
  /** Empty if the fold keeps no content. */
  readonly text: string;
  readonly reason: string | undefined;
}

/** Collects a stream whose chunks each add a piece to one of several texts. */
export class StreamedTexts {
  readonly #content: boolean;
  readonly #texts = new IndexedParts<{ text: StreamedText | undefined; reason: string | undefined }>();

  constructor({ content }: FoldOptions) {
    this.#content = content;
  }

  /** @param index which of the texts the piece and the finish reason belong to. Default: the only one. */
  add(piece: JsonValue | undefined, reason: JsonValue | undefined, index?: JsonValue): void {
    if (typeof piece !== 'string' && typeof reason !== 'string') return;
    let known = this.#texts.get(index);
    if (!known) {
      known = { text: this.#content ? new StreamedText() : undefined, reason: undefined };
      this.#texts.set(index, known);
    }
    if (typeof piece === 'string') known.text?.add(piece);
    if (typeof reason === 'string') known.reason = reason;
  }

  /** In the order of their index. */
  finish(): FinishedText[] {
    return this.#texts.inOrder().map(({ text, reason }) => ({ text: text?.toString() ?? '', reason }));
  }

  /** Whether every text has its finish reason. */
  isComplete(): boolean {
    return this.#texts.size > 0 && this.#texts.every(({ reason }) => reason !== undefined);
  }
}
