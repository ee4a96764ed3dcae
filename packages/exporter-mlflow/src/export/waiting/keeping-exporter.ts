import { performance } from 'node:perf_hooks';
import type { ExportResult, ReadableSpan, SpanExporter } from '../../common/sdk-types.js';
import { ownText } from '../../common/shown-text.js';
import type { HeldSpans } from './held-spans.js';
import type { HeldExports, Holder } from './holder.js';
import { Suspects } from './suspects.js';

interface KeepingExporterOptions {
  exports: HeldExports;
  /** The number of this exporter. */
  number: number;
  held: HeldSpans;
  /** Puts a span into the queue again. */
  requeue: (span: ReadableSpan) => void;
  shutdown: () => Promise<void>;
}

const SUCCESS = 0;

/** Exports held spans to MLflow. Spans that do not get through go back into the queue, until {@link end}. */
export class KeepingExporter implements SpanExporter {
  readonly #options: KeepingExporterOptions;
  readonly #suspects = new Suspects();
  readonly #pauses = new Set<() => void>();
  #flushes = 0;
  #isEnded = false;

  constructor(options: KeepingExporterOptions) {
    this.#options = options;
  }

  /** Calls back without waiting for spans that are sent apart, unless a flush or the end waits for them. */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const { usual, apart } = this.#suspects.divide(spans);
    const all = [...(usual.length > 0 ? [usual] : []), ...apart].map((part) => this.#export(part));
    const awaited = this.#flushes > 0 || this.#isEnded ? all : all.slice(0, 1);
    void Promise.all(awaited).then((results) => {
      resultCallback(results.find(({ code }) => code !== SUCCESS) ?? { code: SUCCESS });
    });
  }

  /** Resolves when the spans that did not get through are in the queue again. */
  #export(spans: readonly ReadableSpan[]): Promise<ExportResult> {
    const { exports, held, number, requeue } = this.#options;
    const begin = performance.now();
    const before = this.#suspects.arrivals;
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
        const atFault = this.#suspects.failed(
          open.filter((span) => tried.has(span)),
          before,
        );
        // Without an answer, the server may just be slow.
        const lost = this.#isEnded ? open : status === undefined ? [] : atFault;
        const given = new Set(lost);
        // Spans that were not tried go first, so that one at fault does not hold up others.
        const waiting = open.filter((span) => !given.has(span));
        kept = [...waiting.filter((span) => !tried.has(span)), ...waiting.filter((span) => tried.has(span))];
        return { kept: kept.length, waiting: held.size - lost.length, lost };
      },
    };
    return new Promise((resolve) => {
      exports.export(spans, holder, (result) => {
        const again = new Set(kept);
        held.release(
          spans.filter((span) => !again.has(span)),
          number,
        );
        if (result.code === SUCCESS) this.#suspects.arrived();
        this.#afterRound(kept.length > 0 ? begin : Number.NEGATIVE_INFINITY, () => {
          for (const span of kept) requeue(span);
          resolve(result);
        });
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
    // The process need not stay alive: spans that still wait at its end are reported then.
    timer.unref();
    this.#pauses.add(end);
  }
}
