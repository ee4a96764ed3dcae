import type { ReadableSpan } from '../../common/sdk-types.js';
import { bytesInMemory } from '../span/size.js';
import { hasRemoteParent, isRoot } from '../span/span.js';
import { Topmost } from '../trace/topmost.js';
import type { Trace } from '../trace/trace.js';

/** The file of one trace, and the spans of this process that it will hold. */
export class TraceFile {
  readonly trace: Trace;
  readonly spans: Set<ReadableSpan> = new Set();
  /** The span without a parent. */
  root: ReadableSpan | undefined;
  /** The spans without a known parent, for the case that the root never comes. */
  readonly topmost: Topmost = new Topmost();
  /** How much memory the spans occupy. */
  bytes = 0;
  /** The spans that no export has taken into its share, and that wait for the root. */
  readonly unclaimed: Set<ReadableSpan> = new Set();
  /** The spans that the file holds. */
  written: ReadonlySet<ReadableSpan> = new Set();
  /** Whether a record or file may be there already, of another process or of this one. */
  isContinued: boolean;
  /** Whether the latest record comes from this process. */
  isRecorded = false;
  /** Whether the server fails on a second record of a trace, as file stores do. */
  isRecordFinal = false;
  #hasLocalRoot = false;

  constructor(trace: Trace) {
    this.trace = trace;
    this.isContinued = trace.place === 'file';
    trace.storedIn('file');
  }

  get waits(): boolean {
    return this.unclaimed.size > 0;
  }

  /** Whether the trace need not wait for its root: that is here, was written before, or is in another process. */
  get isReady(): boolean {
    return this.#hasLocalRoot || this.isContinued;
  }

  /** Returns how much memory these spans occupy. */
  add(spans: readonly ReadableSpan[]): number {
    const before = this.bytes;
    for (const span of spans) {
      this.spans.add(span);
      this.unclaimed.add(span);
      this.bytes += bytesInMemory(span);
    }
    this.topmost.add(spans);
    this.#update();
    return this.bytes - before;
  }

  /** Returns how much memory these spans occupied. */
  remove(spans: readonly ReadableSpan[]): number {
    const before = this.bytes;
    for (const span of spans) if (this.spans.delete(span)) this.bytes -= bytesInMemory(span);
    this.#update();
    return before - this.bytes;
  }

  #update(): void {
    const all = [...this.spans];
    this.root = all.find(isRoot);
    this.#hasLocalRoot = this.root !== undefined || all.some(hasRemoteParent);
  }
}

/** The part of one trace that one export must write. */
export interface Share {
  file: TraceFile;
  /** Spans of this export. */
  own: readonly ReadableSpan[];
  /** Spans of earlier exports, which waited for the root. */
  earlier: readonly ReadableSpan[];
}

/** @param own the spans of this export. Default: none */
export function claim(file: TraceFile, own: readonly ReadableSpan[] = []): Share {
  const mine = new Set(own);
  const earlier = [...file.unclaimed].filter((span) => !mine.has(span));
  const claimed = own.filter((span) => file.unclaimed.has(span));
  file.unclaimed.clear();
  return { file, own: claimed, earlier };
}
