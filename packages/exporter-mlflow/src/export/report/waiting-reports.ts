import { say } from '../../common/shown-text.js';
import { readableBytes } from '../../common/text.js';
import type { Failure } from '../../http/exchange/outcome.js';
import type { ExporterMetrics } from './metrics.js';
import type { Reporter } from './reporter.js';

/** Counts and reports what becomes of spans that wait. */
export class WaitingReports {
  readonly #reporter: Reporter;
  readonly #metrics: ExporterMetrics;

  constructor(reporter: Reporter, metrics: ExporterMetrics) {
    this.#reporter = reporter;
    this.#metrics = metrics;
  }

  /** This many spans wait in all, because an export left some unsent. */
  kept(waiting: number, failure: Failure): void {
    this.#reporter.waiting(waiting, failure);
  }

  /** Spans lost their content while they waited. Reported once in ten minutes. */
  contentDropped(spans: number, maxBytes: number): void {
    this.#metrics.contentDropped(spans);
    this.#reporter.note(
      `Spans of more than ${readableBytes(maxBytes)} wait for MLflow, which is slow or down. The oldest lose their content and keep their figures: check the server, or raise maxWaitingBytes or MLFLOW_TRACE_MAX_WAITING_BYTES.`,
    );
  }

  /** Spans are dropped because too many wait already. Returns the reason. */
  dropped(spans: number): Failure {
    const reason = say`Too many spans wait for MLflow, which is slow or down, so further ones are dropped.`;
    this.#metrics.lost(spans, 'queue_full');
    this.#reporter.dropped(spans, 'queue_full', reason);
    return { kind: 'retryable', reason };
  }

  /** Another backend, which is slow or down, does not get all spans. */
  droppedForOther(): void {
    this.#reporter.note(
      'Too many spans wait for another backend than MLflow, which is slow or down, so it does not get further ones: check that backend.',
    );
  }
}
