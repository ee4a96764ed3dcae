/** The span events of the chunks of one stream. */

import type { Span } from '@opentelemetry/api';
import { counted } from '../data/counted.js';
import type { RecordableFacts } from './facts.js';

/** Something that happened while the call lasted. */
export interface SpanMoment {
  readonly name: string;
  readonly time: Date;
  readonly facts: RecordableFacts;
}

/** In characters: about what the facts of a moment need. */
const FACTS_LENGTH = 128;

/** Writes chunks and moments as span events, as long as those that the span keeps are within a limit. */
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
    this.#count(json.length);
  }

  writeMoment({ name, time, facts }: SpanMoment, json: string | undefined): void {
    const length = FACTS_LENGTH + (json?.length ?? 0);
    if (this.#length + length > this.#maxLength) {
      this.#leftOut++;
      return;
    }
    this.#span.addEvent(name, json === undefined ? facts : { ...facts, json }, time);
    this.#count(length);
  }

  /** Writes a note about the chunks that were left out. */
  finish(): void {
    if (this.#leftOut > 0) {
      this.#span.addEvent('chunk', { json: JSON.stringify(`[${counted(this.#leftOut, 'more chunk')} not recorded]`) });
    }
    this.#leftOut = 0;
  }

  #count(length: number): void {
    this.#lengths.push(length);
    this.#length += length;
    this.#forgetDropped();
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
