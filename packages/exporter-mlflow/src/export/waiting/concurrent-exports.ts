import type { ReadableSpan } from '../../common/sdk-types.js';
import { bytesInMemory } from '../span/size.js';
import { HeldSpan } from './held-span.js';

/** What one export may send. */
interface Admitted {
  spans: readonly ReadableSpan[];
  /** Their size in memory. */
  bytes: number;
  /** How many of them lost their content. */
  bare: number;
}

const MAX_SPANS = 10_000;

/**
 * Limits what waits in several exports at the same time, for processors that do not wait for one export before the next.
 * The first one always has room, because its processor holds its spans in any case.
 */
export class ConcurrentExports {
  readonly #maxBytes: number;
  #spans = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the spans, without content if there is no room for it. Undefined if there is no room at all. */
  admit(spans: readonly ReadableSpan[]): Admitted | undefined {
    const whole = { spans, bytes: sumOf(spans), bare: 0 };
    const isFirst = this.#spans === 0;
    if (!isFirst && this.#spans + spans.length > MAX_SPANS) return undefined;
    const admitted = isFirst || this.#fits(whole.bytes) ? whole : withoutContent(spans, this.#maxBytes);
    if (!isFirst && !this.#fits(admitted.bytes)) return undefined;
    this.#spans += spans.length;
    this.#bytes += admitted.bytes;
    return admitted;
  }

  /** The export has ended. */
  release({ spans, bytes }: Admitted): void {
    this.#spans -= spans.length;
    this.#bytes -= bytes;
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }
}

function withoutContent(spans: readonly ReadableSpan[], maxBytes: number): Admitted {
  let bare = 0;
  const held = spans.map((span) => {
    try {
      const copy = new HeldSpan(span);
      if (copy.dropContent(maxBytes) > 0) bare += 1;
      return copy;
    } catch {
      // A span that cannot be read is set aside when the export is prepared.
      return span;
    }
  });
  return { spans: held, bytes: sumOf(held), bare };
}

function sumOf(spans: readonly ReadableSpan[]): number {
  return spans.reduce((sum, span) => sum + sizeOf(span), 0);
}

function sizeOf(span: ReadableSpan): number {
  try {
    return bytesInMemory(span);
  } catch {
    return 0;
  }
}
