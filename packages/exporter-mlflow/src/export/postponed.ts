import type { ReadableSpan } from '../common/sdk-types.js';
import type { Failure } from '../http/outcome.js';
import { foreseenBytes } from './batches.js';
import type { TraceFacts } from './trace-facts.js';

/** A trace of which the server accepted spans. */
export interface UploadedTrace {
  traceId: string;
  /** The accepted spans. */
  spans: ReadableSpan[];
  facts: TraceFacts;
  experimentId: string;
}

/** One that still waits for the steps after the upload. */
export interface PostponedTrace extends UploadedTrace {
  /** Why they could not be done yet. */
  cause: Failure;
}

// As many as a large flush has; what they hold of their spans is bounded apart.
const MAX_TRACES = 5000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Traces whose spans arrived, but whose records did not fit into the deadline: kept for later, within bounds. */
export class PostponedTraces {
  readonly #traces: { trace: PostponedTrace; bytes: number }[] = [];
  readonly #overflow: (trace: PostponedTrace) => void;
  #bytes = 0;

  /** `overflow` is told of each trace that is given up because too many wait; the oldest go first. */
  constructor(overflow: (trace: PostponedTrace) => void) {
    this.#overflow = overflow;
  }

  get size(): number {
    return this.#traces.length;
  }

  add(trace: PostponedTrace): void {
    const bytes = trace.spans.reduce((sum, span) => sum + foreseenBytes(span), 0);
    this.#traces.push({ trace, bytes });
    this.#bytes += bytes;
    while (this.#traces.length > MAX_TRACES || (this.#bytes > MAX_BYTES && this.#traces.length > 1)) {
      const oldest = this.take();
      if (oldest !== undefined) this.#overflow(oldest);
    }
  }

  /** Removes the oldest. */
  take(): PostponedTrace | undefined {
    const oldest = this.#traces.shift();
    if (oldest === undefined) return undefined;
    this.#bytes -= oldest.bytes;
    return oldest.trace;
  }
}
