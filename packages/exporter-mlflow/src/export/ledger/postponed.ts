import type { Failure } from '../../http/exchange/outcome.js';
import type { UploadedTrace } from '../settle/settle.js';
import { foreseenBytes } from '../span/size.js';

/** A trace whose spans arrived, but not what they need afterwards. */
export interface PostponedTrace extends UploadedTrace {
  /** Why it could not be sent yet. */
  cause: Failure;
}

// As many as a large flush has. The bytes of their spans have a limit of their own.
const MAX_TRACES = 5000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Traces that did not fit into the deadline of their export: kept for later, the oldest first, within bounds. */
export class PostponedTraces {
  readonly #traces: { trace: PostponedTrace; bytes: number }[] = [];
  readonly #giveUp: (trace: PostponedTrace) => void;
  #bytes = 0;

  /** @param giveUp receives each trace that is given up because too many wait */
  constructor(giveUp: (trace: PostponedTrace) => void) {
    this.#giveUp = giveUp;
  }

  get size(): number {
    return this.#traces.length;
  }

  add(trace: PostponedTrace): void {
    const bytes = trace.spans.reduce((sum, span) => sum + foreseenBytes(span), 0);
    this.#traces.push({ trace, bytes });
    this.#bytes += bytes;
    while (this.#traces.length > MAX_TRACES || (this.#bytes > MAX_BYTES && this.#traces.length > 1)) {
      const oldest = this.#traces.shift();
      if (oldest === undefined) return;
      this.#bytes -= oldest.bytes;
      this.#giveUp(oldest.trace);
    }
  }

  /** Removes all of them. */
  takeAll(): PostponedTrace[] {
    this.#bytes = 0;
    return this.#traces.splice(0).map(({ trace }) => trace);
  }
}
