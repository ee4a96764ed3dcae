import type { ReadableSpan } from '../../common/sdk-types.js';
import { earlier, later, nanoseconds } from '../../common/time.js';
import { hasRemoteParent } from '../span/span.js';
import { type RecordSource, traceState, traceTags, withoutSpanContent } from './record.js';

/** From when to when spans lasted, in nanoseconds of the epoch, and whether one of them failed. */
interface Extent {
  start: bigint;
  end: bigint;
  isError: boolean;
}

/** Spans without the span above them. */
export interface Orphans {
  parentSpanId: string | undefined;
  extent: Extent;
}

// A trace of a process that never exports its roots can last for days. Beyond the bound, a late child counts as topmost.
const MAX_KEPT = 250;

/**
 * The topmost spans of a trace whose root did not arrive: those whose parent is in another service, still runs, or was
 * kept out by a filter. Keeps no content.
 */
export class Topmost {
  /** Of the spans that share a parent, by the id of that parent. The parent removes them when it arrives. */
  readonly #byParent = new Map<string, Extent>();
  readonly #seen = new Set<string>();
  #first: (Orphans & { source: RecordSource; isRemote: boolean }) | undefined;
  #isRemote = false;
  #isSettled = false;
  #isRecorded = false;

  /** The one that started first, see {@link isBefore}. It names the trace, which shows its request. */
  get first(): RecordSource | undefined {
    return this.#first?.source;
  }

  /** Tags that the application set on the first one. Others may be of other requests. */
  get tags(): Readonly<Record<string, string>> {
    return this.#first === undefined ? {} : traceTags(this.#first.source);
  }

  /** Whether any of them has its parent in another service, which will report later or never. */
  get isRemote(): boolean {
    return this.#isRemote;
  }

  /** Of all of them together; undefined if there are none. */
  get extent(): Extent | undefined {
    const orphans = [...this.#byParent].map(([parentSpanId, extent]) => ({ parentSpanId, extent }));
    return this.#first && joinOrphans(this.#first, orphans);
  }

  /** Whether the span was added. Early spans of a very large trace are forgotten. */
  has(spanId: string): boolean {
    return this.#seen.has(spanId);
  }

  /**
   * Notes that the server has what the first one shows. Another request that started earlier does not replace it any
   * more, because the server would keep tags, session and user of both.
   */
  settled(): void {
    this.#isSettled = true;
  }

  /** Whether a provisional record showed the first one, or one that it replaced. */
  get isRecorded(): boolean {
    return this.#isRecorded;
  }

  /** Notes that a provisional record shows the first one. */
  recorded(): void {
    this.#isRecorded = true;
  }

  /** Adds spans of the trace, in any order. */
  add(spans: readonly ReadableSpan[]): void {
    let first: ReadableSpan | undefined;
    for (const span of spans) if (this.#add(span)) first = span;
    // Read once, at the end: parents follow their children and start earlier, so each of them would replace the one before.
    if (this.#first !== undefined && first !== undefined) this.#first.source = withoutSpanContent(first);
  }

  /** Returns whether the span is the first one now. */
  #add(span: ReadableSpan): boolean {
    const { spanId } = span.spanContext();
    const parentSpanId = span.parentSpanContext?.spanId;
    const own: Extent = {
      start: nanoseconds(span.startTime),
      end: nanoseconds(span.endTime),
      isError: traceState(span) === 'ERROR',
    };
    this.#byParent.delete(spanId);
    if (this.#seen.size < MAX_KEPT) this.#seen.add(spanId);
    if (parentSpanId !== undefined && this.#seen.has(parentSpanId)) return false;
    // With too many parents missing, the spans of further ones count together.
    const key = this.#byParent.size < MAX_KEPT ? (parentSpanId ?? '') : '';
    const siblings = this.#byParent.get(key);
    this.#byParent.set(key, siblings === undefined ? own : join(siblings, own));
    const isRemote = hasRemoteParent(span);
    this.#isRemote ||= isRemote;
    const first = this.#first;
    // The clocks of spans differ by up to a millisecond, so a parent can seem to start after its child.
    const isParent = first?.parentSpanId === spanId;
    const isFixed = this.#isSettled && first?.isRemote === true;
    const isEarlier = first === undefined || (!isFixed && isBefore({ parentSpanId, extent: own }, first));
    if (!isParent && !isEarlier) return false;
    this.#first = { source: span, parentSpanId, extent: own, isRemote };
    return true;
  }
}

/**
 * Spans start in whole milliseconds, so an agent often starts together with its first call, and lasts longer. Spans of the
 * same parent follow one another, and the first one ends first.
 */
export function isBefore({ parentSpanId, extent }: Orphans, other: Orphans): boolean {
  const { start, end } = other.extent;
  if (extent.start !== start) return extent.start < start;
  return parentSpanId === other.parentSpanId ? extent.end < end : extent.end >= end;
}

/**
 * From when to when a trace lasted. It failed if one of its topmost spans did. A span within the time of the first one,
 * and without the same parent, counts as below that: the application dealt with its failure.
 */
export function joinOrphans(first: Orphans, all: readonly Orphans[]): Extent {
  const isBelow = ({ parentSpanId, extent: { start, end } }: Orphans): boolean =>
    parentSpanId !== first.parentSpanId && start >= first.extent.start && end <= first.extent.end;
  const extents = all.map((orphans) => ({ ...orphans.extent, isError: orphans.extent.isError && !isBelow(orphans) }));
  return extents.reduce(join, first.extent);
}

function join(some: Extent, more: Extent): Extent {
  return {
    start: earlier(some.start, more.start),
    end: later(some.end, more.end),
    isError: some.isError || more.isError,
  };
}
