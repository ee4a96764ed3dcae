/** The span events of the chunks of one stream. */

import type { Span } from '@opentelemetry/api';

/** Writes chunks as span events, as long as those that the span keeps are within a limit. */
export class ChunkEvents {
  readonly #span: Span;
  readonly #maxLength: number;
  /** The lengths of the chunks that the span keeps. A span that keeps a number of events only drops the oldest. */
  #lengths: number[] = [];
  #dropped = 0;
  #length = 0;
  #leftOut = 0;

  /** @param maxLength in characters. */
  constructor(span: Span, maxLength: number) {
    this.#span = span;
    this.#maxLength = maxLength;
  }

  /** In characters: the JSON of the chunks that the span keeps. */
  get length(): number {
    return this.#length;
  }

  write(name: string, json: string): void {
    if (this.#length + json.length > this.#maxLength) {
      this.#leftOut++;
      return;
    }
    this.#span.addEvent(name, { json });
    this.#lengths.push(json.length);
    this.#length += json.length;
    this.#forgetDropped();
  }

  /** Writes a note about the chunks that were left out. */
  finish(): void {
    if (this.#leftOut > 0) {
      this.#span.addEvent('chunk', { json: JSON.stringify(`[${this.#leftOut} more chunks not recorded]`) });
    }
    this.#leftOut = 0;
  }

  #forgetDropped(): void {
    const { events } = this.#span as { readonly events?: readonly unknown[] };
    if (!events) return;
    for (; this.#lengths.length - this.#dropped > events.length; this.#dropped++) {
      this.#length -= this.#lengths[this.#dropped] ?? 0;
    }
    if (this.#dropped <= events.length) return;
    this.#lengths = this.#lengths.slice(this.#dropped);
    this.#dropped = 0;
  }
}
