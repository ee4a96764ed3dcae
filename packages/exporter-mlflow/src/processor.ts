import { type Context, type Span, TraceFlags } from '@opentelemetry/api';
import { atExit } from './common/process-state.js';
import type { ReadableSpan, SpanExporter, SpanProcessor } from './common/sdk-types.js';
import { DividedExporter } from './export/waiting/divided-exporter.js';
import { HeldSpans } from './export/waiting/held-spans.js';
import type { HeldExports } from './export/waiting/holder.js';
import { KeepingExporter } from './export/waiting/keeping-exporter.js';
import { heldExportsOf, type MlflowSpanExporter } from './exporter.js';

/** Options of the batch processors below a {@link MlflowSpanProcessor}. */
export interface MlflowBatchOptions {
  /** At least as many spans as the processor holds, so that the batch processor drops none. */
  maxQueueSize: number;
  /** No limit for MLflow, because its exporter ends each export itself. Absent for other exporters. */
  exportTimeoutMillis?: number;
}

/** Options of {@link MlflowSpanProcessor}. */
export interface MlflowSpanProcessorConfig {
  /**
   * Sends the spans to MLflow. Its option `maxWaitingBytes` limits what waits for all exporters together.
   *
   * @defaultValue required
   */
  exporter: MlflowSpanExporter;
  /**
   * Send the same spans to other backends.
   *
   * @defaultValue none
   */
  otherExporters?: readonly SpanExporter[];
  /**
   * Creates a `BatchSpanProcessor` of the application's SDK, which must get these options:
   * `(exporter, options) => new BatchSpanProcessor({ exporter, ...options })`.
   *
   * @defaultValue required
   */
  batch: (exporter: SpanExporter, options: MlflowBatchOptions) => SpanProcessor;
  /**
   * How many spans may wait, those in exports under way included.
   *
   * @defaultValue `100000`
   */
  maxQueueSize?: number;
}

const MAX_QUEUE_SIZE = 100_000;
/** The longest time of a timer. */
const NO_EXPORT_TIMEOUT_MILLIS = 2 ** 31 - 1;
/** The number of the exporter for MLflow. */
const MLFLOW = 0;

interface Batching {
  exporter: SpanExporter;
  processor: SpanProcessor;
}

/**
 * Holds ended spans within a limit of bytes, in front of the SDK's own batch processors. If MLflow is away, spans wait
 * until it is back. If too much waits, the oldest spans lose their content and keep their figures. Spans are dropped only
 * if that is not enough, and at the end of the process. Both are reported and counted.
 *
 * Without it, a `BatchSpanProcessor` limits what waits by number only, and its exporter gives up each batch after
 * `timeoutMillis`.
 */
export class MlflowSpanProcessor implements SpanProcessor {
  readonly #held: HeldSpans;
  readonly #mlflow: KeepingExporter;
  readonly #exporter: MlflowSpanExporter;
  readonly #exports: HeldExports;
  readonly #all: readonly Batching[];
  #forgetExit: (() => void) | undefined;
  #shutdown: Promise<void> | undefined;

  /** @throws MlflowError if `exporter` is not a {@link MlflowSpanExporter} of the same copy of this package */
  constructor({ exporter, otherExporters = [], batch, maxQueueSize = MAX_QUEUE_SIZE }: MlflowSpanProcessorConfig) {
    const exports = heldExportsOf(exporter);
    this.#exporter = exporter;
    this.#exports = exports;
    this.#held = new HeldSpans({
      maxBytes: exports.maxWaitingBytes,
      maxSpans: maxQueueSize,
      exporters: 1 + otherExporters.length,
      onContentDropped: (spans) => exports.dropContent(spans),
    });
    this.#mlflow = new KeepingExporter({
      exports,
      number: MLFLOW,
      held: this.#held,
      requeue: (span) => mlflow.onEnd(span),
      shutdown: () => exporter.shutdown(),
    });
    const mlflow = batch(this.#mlflow, { maxQueueSize, exportTimeoutMillis: NO_EXPORT_TIMEOUT_MILLIS });
    const others = otherExporters.map((other, index): Batching => {
      const divided = new DividedExporter(other, MLFLOW + 1 + index, this.#held);
      return { exporter: divided, processor: batch(divided, { maxQueueSize }) };
    });
    this.#all = [{ exporter, processor: mlflow }, ...others];
  }

  /** How many spans wait for an exporter, or are in exports under way. */
  get waitingSpans(): number {
    return this.#held.size;
  }

  onStart(span: Span, parentContext: Context): void {
    for (const { processor } of this.#all) processor.onStart(span, parentContext);
  }

  /** Takes an ended span. Spans that are not sampled are ignored, as batch processors do. */
  onEnd(span: ReadableSpan): void {
    if (this.#shutdown !== undefined) return;
    this.#forgetExit ??= atExit(() => this.#mlflow.giveUp());
    try {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      const { held, refusedFor } = this.#hold(span);
      for (const [exporter, { processor }] of this.#all.entries()) {
        if (!refusedFor.includes(exporter)) processor.onEnd(held);
        else if (exporter === MLFLOW) this.#exports.drop(1);
        else this.#exports.dropForOther();
      }
    } catch {
      // A faulty wrapper made this span, and not even its ids can be read.
      this.#exports.drop(1);
    }
  }

  /**
   * Sends what waits, and everything about traces that the exporter has put off. Resolves when it is sent, at the latest
   * after `timeoutMillis` of the exporter.
   *
   * @throws Error if an exporter failed; an AggregateError if several did. Spans for MLflow that an outage held up still
   *   wait then.
   */
  async forceFlush(): Promise<void> {
    const results = await this.#mlflow.flushing(() =>
      Promise.allSettled(this.#all.map(({ processor }) => processor.forceFlush())),
    );
    // Batch processors do not wait for exports that their timers started.
    await this.#exporter.forceFlush();
    throwErrors(results);
  }

  /**
   * Sends what waits, at the latest until `timeoutMillis` of the exporter, then stops for good. What MLflow did not take is
   * reported as lost.
   *
   * @throws Error if an exporter failed; an AggregateError if several did
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#end();
    return this.#shutdown;
  }

  /**
   * Stops sending to MLflow at once, and reports the spans that wait as lost. For the end of a process after a flush that
   * did not end in time. Other exporters continue. Never rejects.
   */
  async abandon(): Promise<void> {
    this.#mlflow.end();
    await this.#exporter.forceFlush({ timeoutMillis: 0 });
    await this.#exporter.shutdown();
    this.reportUnsent('MLflow took too long');
  }

  /**
   * Reports the spans that wait for MLflow as lost, at once. For the last moment before a signal ends the process.
   *
   * @param reason why they were not sent. Default: why MLflow took no spans lately. Without that, the report has level INFO.
   */
  reportUnsent(reason?: string): void {
    this.#mlflow.giveUp(reason);
  }

  #hold(span: ReadableSpan): { held: ReadableSpan; refusedFor: readonly number[] } {
    try {
      return this.#held.take(span);
    } catch {
      // A faulty wrapper made this span. The exporters report what is wrong with it.
      return { held: span, refusedFor: [] };
    }
  }

  async #end(): Promise<void> {
    this.#mlflow.end();
    const results = await Promise.allSettled(this.#all.map(shutDown));
    this.reportUnsent('MLflow took too long');
    this.#forgetExit?.();
    throwErrors(results);
  }
}

/** Batch processors do not shut down their exporter if their last batch failed. */
async function shutDown({ exporter, processor }: Batching): Promise<void> {
  try {
    await processor.shutdown();
  } catch (error) {
    await exporter.shutdown();
    throw error;
  }
}

function throwErrors(results: readonly PromiseSettledResult<unknown>[]): void {
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'Several exporters failed');
}
