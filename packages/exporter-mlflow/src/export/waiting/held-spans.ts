import type { ReadableSpan } from '../../common/sdk-types.js';
import { HeldSpan } from './held-span.js';

interface HeldSpansOptions {
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

/** What waits for one exporter. */
interface Backlog {
  spans: number;
  bytes: number;
}

// An exporter keeps up if less than this share of the limits waits for it. Slower exporters must not cost it spans.
const SHARE_OF_KEEPING_UP = 1 / 4;

/**
 * Spans that wait, bounded in bytes and in number. If there is no room, the oldest ones lose their content and keep their
 * figures. A span is refused only if that does not help, and only for exporters that do not keep up.
 */
export class HeldSpans {
  readonly #options: HeldSpansOptions;
  /** The oldest first. */
  readonly #holdings = new Map<ReadableSpan, Holding>();
  /** Those that may have content, the oldest first. */
  readonly #withContent = new Set<HeldSpan>();
  /** By the number of the exporter. */
  readonly #backlogs: readonly Backlog[];
  #bytes = 0;

  constructor(options: HeldSpansOptions) {
    this.#options = options;
    this.#backlogs = Array.from({ length: options.exporters }, () => ({ spans: 0, bytes: 0 }));
  }

  /** How many wait. */
  get size(): number {
    return this.#holdings.size;
  }

  /**
   * Takes a span until all exporters have released it.
   *
   * @returns `refusedFor`: the exporters for which there is no room, not even for its figures
   * @throws any error of a span that cannot be read
   */
  take(span: ReadableSpan): { held: HeldSpan; refusedFor: readonly number[] } {
    const held = new HeldSpan(span);
    this.#holdings.set(held, { waiting: 2 ** this.#backlogs.length - 1, sending: 0 });
    this.#withContent.add(held);
    this.#bytes += held.bytes;
    for (const backlog of this.#backlogs) add(backlog, 1, held.bytes);
    this.#makeRoom();
    const refusedFor = this.#isFull ? [...this.#backlogs.keys()].filter((exporter) => !this.#keepsUp(exporter)) : [];
    for (const exporter of refusedFor) this.release([held], exporter);
    return { held, refusedFor };
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
      const backlog = this.#backlogs[exporter];
      if (holding.waiting & bit(exporter) && backlog !== undefined) add(backlog, -1, -(span as HeldSpan).bytes);
      holding.sending &= ~bit(exporter);
      holding.waiting &= ~bit(exporter);
      if (holding.waiting === 0) this.#forget(span as HeldSpan);
    }
  }

  get #isFull(): boolean {
    const { maxBytes, maxSpans } = this.#options;
    return this.size > 1 && (this.#bytes > maxBytes || this.size > maxSpans);
  }

  #keepsUp(exporter: number): boolean {
    const { maxBytes, maxSpans } = this.#options;
    const { bytes, spans } = this.#backlogs[exporter] ?? { bytes: 0, spans: 0 };
    return bytes <= maxBytes * SHARE_OF_KEEPING_UP && spans <= maxSpans * SHARE_OF_KEEPING_UP;
  }

  #makeRoom(): void {
    const { maxBytes, onContentDropped } = this.#options;
    let dropped = 0;
    for (const oldest of this.#withContent) {
      if (this.#bytes <= maxBytes) break;
      const { waiting = 0, sending = 0 } = this.#holdings.get(oldest) ?? {};
      if (sending) continue;
      // An exporter that keeps up will soon have it, and all later ones.
      const exporters = [...this.#backlogs.entries()].filter(([exporter]) => waiting & bit(exporter));
      if (exporters.some(([exporter]) => this.#keepsUp(exporter))) break;
      this.#withContent.delete(oldest);
      const freed = oldest.dropContent(maxBytes);
      this.#bytes -= freed;
      for (const [, backlog] of exporters) add(backlog, 0, -freed);
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

function add(backlog: Backlog, spans: number, bytes: number): void {
  backlog.spans += spans;
  backlog.bytes += bytes;
}

function bit(exporter: number): number {
  return 1 << exporter;
}
