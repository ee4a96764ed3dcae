import { performance } from 'node:perf_hooks';
import { diag } from '@opentelemetry/api';
import { describeFault, MlflowError } from './common/error.js';
import { createRoom } from './common/room.js';
import { runningTime } from './common/running-time.js';
import type { ExportResult, ReadableSpan, SpanExporter } from './common/sdk-types.js';
import { settledWithin } from './common/waiting.js';
import { defaultWaitingBytes, type MlflowSpanExporterConfig, resolveConfig } from './config.js';
import { createDelivery } from './create-delivery.js';
import type { Delivery } from './export/deliver.js';
import { deliverInParts } from './export/deliver-in-parts.js';
import { ExporterMetrics } from './export/report/metrics.js';
import { Reporter } from './export/report/reporter.js';
import { WaitingReports } from './export/report/waiting-reports.js';
import { ROOM_BYTES } from './export/span/divide.js';
import { ConcurrentExports } from './export/waiting/concurrent-exports.js';
import type { HeldExports, Holder } from './export/waiting/holder.js';
import { createHttpClient, type HttpClient } from './http/client.js';
import type { Failure } from './http/exchange/outcome.js';

const ENDING_MILLIS = 10;
// A server that refuses connections fails an export at once. It must not be asked without a pause.
const SHORTEST_ROUND_MILLIS = 100;
// `ExportResultCode` of `@opentelemetry/core`.
const SUCCESS = 0;
const FAILED = 1;

const heldExports = new WeakMap<SpanExporter, HeldExports>();

/**
 * What the processor of this package needs of an exporter.
 *
 * @throws MlflowError if it is not an exporter of this copy of the package
 */
export function heldExportsOf(exporter: SpanExporter): HeldExports {
  const known = heldExports.get(exporter);
  if (known !== undefined) return known;
  throw new MlflowError(
    'MlflowSpanProcessor: exporter must be a MlflowSpanExporter of the same package and module format. Import both alike.',
  );
}

/**
 * Sends spans to an MLflow tracking server, where each trace appears with its conversation, tokens and cost. Use it
 * behind a `BatchSpanProcessor`.
 */
export class MlflowSpanExporter implements SpanExporter {
  readonly #delivery: Delivery | undefined;
  readonly #http: HttpClient | undefined;
  readonly #metrics: ExporterMetrics;
  readonly #reporter: Reporter = new Reporter();
  readonly #reports: WaitingReports;
  readonly #timeoutMillis: number = 0;
  readonly #maxWaitingBytes: number;
  readonly #configurationError: MlflowError | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #room = createRoom(ROOM_BYTES);
  readonly #concurrent: ConcurrentExports;
  /** Why MLflow takes no spans at the moment. */
  #trouble: Failure | undefined;
  #shutdown: Promise<void> | undefined;

  /**
   * Never throws. If a setting cannot work, the exporter reports it once through `diag`, and every export fails.
   *
   * @param config Default: `http://localhost:5000`, experiment `Default`.
   */
  constructor(config: MlflowSpanExporterConfig = {}) {
    let maxWaitingBytes = defaultWaitingBytes();
    let roundMillis = SHORTEST_ROUND_MILLIS;
    try {
      const resolved = resolveConfig(config);
      maxWaitingBytes = resolved.maxWaitingBytes;
      roundMillis = Math.max(roundMillis, resolved.connection.retry.maxBackoffMillis);
      const { connection } = resolved;
      if (connection.warning !== undefined) this.#reporter.note(connection.warning);
      const metrics = new ExporterMetrics(resolved.meterProvider, connection.url);
      this.#metrics = metrics;
      this.#timeoutMillis = connection.timeoutMillis;
      const onRetry = (cause: Failure): void => {
        metrics.retried(cause);
        this.#trouble = cause;
      };
      this.#http = createHttpClient(connection);
      this.#delivery = createDelivery(resolved, this.#http, { metrics, reporter: this.#reporter, onRetry });
    } catch (error) {
      const message =
        error instanceof MlflowError ? error.message : `The MLflow exporter cannot start: ${describeFault(error)}.`;
      this.#configurationError = new MlflowError(message, { isReported: true });
      diag.error(message);
      this.#metrics ??= new ExporterMetrics(config?.meterProvider, undefined);
    }
    this.#reports = new WaitingReports(this.#reporter, this.#metrics);
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#concurrent = new ConcurrentExports(maxWaitingBytes);
    heldExports.set(this, {
      maxWaitingBytes,
      roundMillis,
      export: (spans, holder, resultCallback) => this.#export(spans, resultCallback, holder),
      drop: (spans) => void (this.#refuse(spans) ?? this.#reports.dropped(spans)),
      dropForOther: () => this.#reports.droppedForOther(),
      dropContent: (spans) => this.#reports.contentDropped(spans, maxWaitingBytes),
      giveUp: (spans, failure) => {
        const all = [...spans, ...(this.#delivery?.takeWithoutRoot() ?? [])];
        if (all.length === 0) return;
        if (this.#delivery === undefined) this.#refuse(all.length);
        else this.#delivery.giveUp(all, failure ?? this.#trouble);
      },
    });
  }

  /**
   * Delivers spans, with all retries within `timeoutMillis`. Never throws.
   *
   * @param resultCallback Called exactly once. A failure has an {@link MlflowError} with the reason why part of the spans,
   *   or something about their traces, could not be delivered.
   */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const refusal = this.#refuse(spans.length);
    if (refusal !== undefined) {
      callBack(resultCallback, refusal);
      return;
    }
    const admitted = this.#concurrent.admit(spans);
    if (admitted === undefined) {
      callBack(resultCallback, toError(this.#reports.dropped(spans.length)));
      return;
    }
    if (admitted.bare > 0) this.#reports.contentDropped(admitted.bare, this.#maxWaitingBytes);
    this.#export(admitted.spans, (result) => {
      this.#concurrent.release(admitted);
      resultCallback(result);
    });
  }

  /**
   * Resolves when all exports so far are delivered or given up, trace records included. Afterwards no request is under
   * way, so that a serverless function may be frozen. Never rejects: failed exports report their failure themselves.
   *
   * @param options `timeoutMillis`: a shorter time, in milliseconds, after which the exporter gives up open exports.
   *   Default: `timeoutMillis` of the exporter.
   */
  async forceFlush({ timeoutMillis }: { timeoutMillis?: number } = {}): Promise<void> {
    // A longer time than the exporter's own has no effect, and a timer cannot run longer than 24 days.
    const deadline = runningTime() + Math.min(timeoutMillis ?? Number.POSITIVE_INFINITY, this.#timeoutMillis);
    const inFlight = [...this.#inFlight];
    if (timeoutMillis !== undefined) {
      // Repeated, because a delivery may be between two requests when the connections are closed.
      for (let until = deadline; !(await settledWithin({ deadline: until }, inFlight)); ) {
        // What the exports cost is reported when they end.
        this.#reporter.spanRequests.stop();
        this.#http?.close();
        until = runningTime() + ENDING_MILLIS;
      }
    }
    await Promise.allSettled(inFlight);
    await this.#delivery?.catchUp({ deadline });
  }

  /** Does the same as {@link forceFlush}. Later exports fail. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.forceFlush().then(() => {
      this.#delivery?.close();
      this.#http?.close();
    });
    return this.#shutdown;
  }

  #export(spans: readonly ReadableSpan[], resultCallback: (result: ExportResult) => void, holder?: Holder): void {
    const delivery = this.#delivery;
    const refusal = this.#refuse(spans.length);
    if (refusal !== undefined || delivery === undefined) {
      callBack(resultCallback, refusal);
      return;
    }
    const begin = performance.now();
    this.#metrics.started(spans.length);
    const received = this.#reporter.received(spans.length, holder && ((): number => holder.waiting));
    const options = { deadline: runningTime() + this.#timeoutMillis, room: this.#room, holder };
    const exporting = deliverInParts(delivery, spans, options).then((result) => {
      const { refusal, failure = refusal, lost, leftOut = 0, withoutRoot = 0, unsent } = result;
      const notSent = lost + leftOut + withoutRoot + unsent.length;
      this.#trouble = result.failure;
      if (failure !== undefined && unsent.length > 0) {
        const { kept, waiting, lost } = holder?.unsent(unsent, failure) ?? { kept: 0, waiting: 0, lost: unsent };
        if (lost.length > 0) delivery.giveUp(lost, failure);
        if (kept > 0) this.#reports.kept(waiting, failure);
      }
      this.#reporter.settled(received);
      this.#inFlight.delete(exporting);
      this.#metrics.finished(spans.length, notSent, performance.now() - begin, failure);
      callBack(resultCallback, failure && toError(failure));
    });
    this.#inFlight.add(exporting);
  }

  /** The reason not to take these spans; undefined if there is none. */
  #refuse(spans: number): MlflowError | undefined {
    if (this.#configurationError !== undefined) {
      this.#metrics.lost(spans, { kind: 'configuration' });
      this.#reporter.lost(spans);
      return this.#configurationError;
    }
    if (this.#shutdown !== undefined) {
      const reason = 'The MLflow exporter was shut down already.';
      this.#metrics.lost(spans, 'shut_down');
      this.#reporter.dropped(spans, 'shut_down', reason);
      return new MlflowError(reason, { isReported: true });
    }
    return undefined;
  }
}

function callBack(resultCallback: (result: ExportResult) => void, error: MlflowError | undefined): void {
  try {
    resultCallback(error ? { code: FAILED, error } : { code: SUCCESS });
  } catch (thrown) {
    diag.error('The callback of an MLflow export threw', describeFault(thrown));
  }
}

function toError({ reason, status, errorCode }: Failure): MlflowError {
  return new MlflowError(reason, { status, errorCode, isReported: true });
}
