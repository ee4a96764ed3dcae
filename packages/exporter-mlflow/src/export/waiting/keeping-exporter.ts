import { performance } from 'node:perf_hooks';
import type { ExportResult, ReadableSpan, SpanExporter } from '../../common/sdk-types.js';
import { ownText } from '../../common/shown-text.js';
import type { HeldSpans } from './held-spans.js';
import type { HeldExports, Holder } from './holder.js';

export interface KeepingExporterOptions {
  exports: HeldExports;
  /** The number of this exporter. */
  number: number;
  held: HeldSpans;
  /** Puts a span into the queue again. */
  requeue: (span: ReadableSpan) => void;
  shutdown: () => Promise<void>;
}

// Spans that get an error again and again, while others arrive in between, are at fault: a gateway may give up on them.
const MAX_OWN_FAILURES = 5;
const SUCCESS = 0;

/** Exports held spans to MLflow. Spans that do not get through go back into the queue, until {@link end}. */
export class KeepingExporter implements SpanExporter {
  readonly #options: KeepingExporterOptions;
  /** How often a span failed while others arrived. `arrivals` is the count of arrivals at its latest failure. */
  readonly #failures = new WeakMap<ReadableSpan, { times: number; arrivals: number }>();
  readonly #pauses = new Set<() => void>();
  #arrivals = 0;
  #flushes = 0;
  #isEnded = false;

  constructor(options: KeepingExporterOptions) {
    this.#options = options;
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const { exports, held, number, requeue } = this.#options;
    const begin = performance.now();
    const tried = new Set<ReadableSpan>();
    let kept: ReadableSpan[] = [];
    const holder: Holder = {
      get waiting() {
        return held.size;
      },
      sending(part) {
        held.sending(part, number);
        for (const span of part) tried.add(span);
      },
      unsent: (unsent, { status }) => {
        // Those that were given up in the meantime are counted already.
        const open = unsent.filter((span) => held.has(span));
        held.waitAgain(open, number);
        // Without an answer, the server may just be slow.
        const isAnswered = status !== undefined;
        const lost = open.filter((span) => this.#isEnded || (isAnswered && tried.has(span) && this.#failsAlone(span)));
        const given = new Set(lost);
        // Spans that were not tried go first, so that one at fault does not hold up others.
        const waiting = open.filter((span) => !given.has(span));
        kept = [...waiting.filter((span) => !tried.has(span)), ...waiting.filter((span) => tried.has(span))];
        return { kept: kept.length, waiting: held.size - lost.length, lost };
      },
    };
    exports.export(spans, holder, (result) => {
      const again = new Set(kept);
      held.release(
        spans.filter((span) => !again.has(span)),
        number,
      );
      if (result.code === SUCCESS) this.#arrivals += 1;
      this.#afterRound(kept.length > 0 ? begin : Number.NEGATIVE_INFINITY, () => {
        for (const span of kept) requeue(span);
        resultCallback(result);
      });
    });
  }

  /** While flushes run, no export pauses. */
  async flushing<T>(flush: () => Promise<T>): Promise<T> {
    this.#flushes += 1;
    for (const proceed of this.#pauses) proceed();
    try {
      return await flush();
    } finally {
      this.#flushes -= 1;
    }
  }

  /** Keeps no spans from now on. */
  end(): void {
    this.#isEnded = true;
    for (const proceed of this.#pauses) proceed();
  }

  /**
   * Counts and reports all spans that still wait.
   *
   * @param reason default: why MLflow took no spans lately
   */
  giveUp(reason?: string): void {
    const { exports, held, number } = this.#options;
    this.end();
    const spans = held.waitingFor(number);
    exports.giveUp(spans, reason === undefined ? undefined : { kind: 'retryable', reason: ownText(reason) });
    held.release(spans, number);
  }

  shutdown(): Promise<void> {
    return this.#options.shutdown();
  }

  #afterRound(begin: number, proceed: () => void): void {
    const rest = begin + this.#options.exports.roundMillis - performance.now();
    if (rest <= 0 || this.#flushes > 0 || this.#isEnded) {
      proceed();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      this.#pauses.delete(end);
      proceed();
    };
    const timer = setTimeout(end, rest);
    // What waits at the end of the process is reported then.
    timer.unref();
    this.#pauses.add(end);
  }

  /** Notes a failure. Returns whether the span had several, and others arrived in between. */
  #failsAlone(span: ReadableSpan): boolean {
    const failures = this.#failures.get(span);
    const times = failures === undefined || failures.arrivals === this.#arrivals ? 1 : failures.times + 1;
    this.#failures.set(span, { times, arrivals: this.#arrivals });
    return times >= MAX_OWN_FAILURES;
  }
}
