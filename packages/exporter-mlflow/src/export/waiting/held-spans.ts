import type { ReadableSpan } from '../../common/sdk-types.js';
import { HeldSpan } from './held-span.js';

export interface HeldSpansOptions {
  /** How much all of them may occupy together, in bytes. */
  maxBytes: number;
  maxSpans: number;
  /** For how many exporters each span waits. Calls name an exporter by its number, from 0. */
  exporters: number;
  /** Called with a number of spans whose content was dropped to make room. */
  onContentDropped: (spans: number) => void;
}

/** For which exporters a span waits, and which of them have it in a request or have sent it: one bit for each. */
interface Holding {
  waiting: number;
  sending: number;
}

/**
 * Spans that wait, bounded in bytes and in number. If there is no room, the oldest ones lose their content and keep their
 * figures. A span is refused only if that does not help.
 */
export class HeldSpans {
  readonly #options: HeldSpansOptions;
  /** The oldest first. */
  readonly #holdings = new Map<ReadableSpan, Holding>();
  /** Those that may have content, the oldest first. */
  readonly #withContent = new Set<HeldSpan>();
  #bytes = 0;

  constructor(options: HeldSpansOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#holdings.size;
  }

  /**
   * Takes a span until all exporters have released it. Returns undefined if there is no room, not even for its figures.
   *
   * @throws any error of a span that cannot be read
   */
  take(span: ReadableSpan): HeldSpan | undefined {
    const { maxBytes, maxSpans, exporters } = this.#options;
    if (this.#holdings.size >= maxSpans) return undefined;
    const held = new HeldSpan(span);
    this.#holdings.set(held, { waiting: 2 ** exporters - 1, sending: 0 });
    this.#withContent.add(held);
    this.#bytes += held.bytes;
    this.#makeRoom();
    if (this.#bytes <= maxBytes || this.#holdings.size === 1) return held;
    this.#forget(held);
    return undefined;
  }

  has(span: ReadableSpan): boolean {
    return this.#holdings.has(span);
  }

  /** The spans that this exporter has not released. */
  waitingFor(exporter: number): ReadableSpan[] {
    return [...this.#holdings].filter(([, { waiting }]) => waiting & bit(exporter)).map(([span]) => span);
  }

  /** The exporter has these spans in a request from now on, so their content stays until it calls back. */
  sending(spans: readonly ReadableSpan[], exporter: number): void {
    for (const span of spans) {
      const holding = this.#holdings.get(span);
      if (holding !== undefined) holding.sending |= bit(exporter);
    }
  }

  /** The exporter could not send these spans, which wait again. */
  waitAgain(spans: readonly ReadableSpan[], exporter: number): void {
    for (const span of spans) {
      const holding = this.#holdings.get(span);
      if (holding !== undefined) holding.sending &= ~bit(exporter);
    }
  }

  /** The exporter has called back for these spans. */
  release(spans: readonly ReadableSpan[], exporter: number): void {
    for (const span of spans) {
      const holding = this.#holdings.get(span);
      if (holding === undefined) continue;
      holding.sending &= ~bit(exporter);
      holding.waiting &= ~bit(exporter);
      if (holding.waiting === 0) this.#forget(span as HeldSpan);
    }
  }

  #makeRoom(): void {
    const { maxBytes, onContentDropped } = this.#options;
    let dropped = 0;
    for (const oldest of this.#withContent) {
      if (this.#bytes <= maxBytes) break;
      if (this.#holdings.get(oldest)?.sending) continue;
      this.#withContent.delete(oldest);
      const freed = oldest.dropContent(maxBytes);
      this.#bytes -= freed;
      if (freed > 0) dropped += 1;
    }
    if (dropped > 0) onContentDropped(dropped);
  }

  #forget(span: HeldSpan): void {
    this.#holdings.delete(span);
    this.#withContent.delete(span);
    this.#bytes -= span.bytes;
  }
}

function bit(exporter: number): number {
  return 1 << exporter;
}
