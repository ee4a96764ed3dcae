/** Collects a stream whose chunks each add a piece to one of several texts. */

import type { JsonObject, JsonValue } from '../../../data/json.js';
import { FinishedParts } from './indexed-parts.js';
import { StreamedText } from './streamed-text.js';
import { StreamedMembers } from './streamed-value.js';

/** One of the texts of a streamed answer. */
interface FinishedText {
  /** Empty if the fold keeps no content. */
  readonly text: string;
  readonly reason: string | undefined;
  /** What {@link StreamedTexts.addOther} added. */
  readonly others: JsonObject;
}

interface KnownText {
  readonly text: StreamedText | undefined;
  reason: string | undefined;
  others?: StreamedMembers;
}

export class StreamedTexts {
  readonly #content: boolean;
  readonly #texts = new FinishedParts<KnownText>();

  /** @param options `content` is false if only the finish reasons are kept. */
  constructor({ content }: { readonly content: boolean }) {
    this.#content = content;
  }

  /**
   * Adds a piece of a text and its finish reason, as far as they are strings.
   *
   * @param index which of the texts they belong to. Default: the only one.
   */
  add(piece: JsonValue | undefined, reason: JsonValue | undefined, index?: JsonValue): void {
    if (typeof piece !== 'string' && typeof reason !== 'string') return;
    const known = this.#at(index);
    if (typeof piece === 'string') known.text?.add(piece);
    if (typeof reason === 'string') this.#texts.finish(known, reason);
  }

  /** Adds a piece of a member that stands beside a text, such as `logprobs`. Only notes the text if no content is kept. */
  addOther(name: string, piece: JsonValue | undefined, index?: JsonValue): void {
    if (piece === null || piece === undefined) return;
    const known = this.#at(index);
    if (!this.#content) return;
    known.others ??= new StreamedMembers();
    known.others.add(name, piece);
  }

  /** Returns the texts in the order of their index. */
  finish(): FinishedText[] {
    return this.#texts.inOrder().map(({ text, reason, others }) => {
      return { text: text?.toString() ?? '', reason, others: others?.finish() ?? {} };
    });
  }

  /** Whether every text has its finish reason. */
  isComplete(): boolean {
    return this.#texts.isComplete;
  }

  #at(index: JsonValue | undefined): KnownText {
    return this.#texts.at(index, () => ({ text: this.#content ? new StreamedText() : undefined, reason: undefined }));
  }
}
