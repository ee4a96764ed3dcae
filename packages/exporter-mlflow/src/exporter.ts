import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { diag } from '@opentelemetry/api';
import { MlflowError } from './common/error.js';
import type { ExportResult, ReadableSpan, SpanExporter } from './common/sdk-types.js';
import { createTurns, settledBefore } from './common/waiting.js';
import { type MlflowSpanExporterConfig, type ResolvedConfig, resolveConfig } from './config.js';
import { createArtifactDelivery } from './export/artifacts.js';
import { Delivery, toError } from './export/deliver.js';
import { gitMetadata } from './export/git.js';
import { createExporterMetrics, type ExporterMetrics } from './export/metrics.js';
import { createReporter } from './export/reporter.js';
import { TraceCompletion } from './export/trace-completion.js';
import { createTraceRecords } from './export/trace-records.js';
import { createTraceSteps } from './export/trace-steps.js';
import { createUploader } from './export/upload.js';
import { createHttpClient, type HttpClient } from './http/client.js';
import { createExperimentResolver } from './mlflow/experiments.js';
import { createRestClient } from './mlflow/rest.js';

// While MLflow is away, exports of processors that do not wait for one another must not pile up in memory.
const MAX_WAITING_SPANS = 10_000;
const ENDING_MILLIS = 10;
// `ExportResultCode` of `@opentelemetry/core`.
const SUCCESS = 0;
const FAILED = 1;

/**
 * Sends spans to an MLflow tracking server, where each trace appears with its conversation, tokens and cost. Made to
 * stand behind a `BatchSpanProcessor`.
 *
 * The constructor never throws: a setting that cannot work is reported once through `diag`, and every export fails.
 */
export class MlflowSpanExporter implements SpanExporter {
  readonly #delivery: Delivery | undefined;
  readonly #http: HttpClient | undefined;
  readonly #metrics: ExporterMetrics | undefined;
  readonly #timeoutMillis: number = 0;
  readonly #configurationError: MlflowError | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  #waitingSpans = 0;
  #shutdown: Promise<void> | undefined;

  constructor(config: MlflowSpanExporterConfig = {}) {
    try {
      const resolved = resolveConfig(config);
      const { connection } = resolved;
      const metrics = createExporterMetrics(resolved.meterProvider, connection.url);
      this.#metrics = metrics;
      this.#timeoutMillis = connection.timeoutMillis;
      this.#http = createHttpClient(connection, { onRetry: metrics.retried });
      this.#delivery = createDelivery(resolved, this.#http, metrics);
    } catch (error) {
      this.#configurationError = error instanceof MlflowError ? error : new MlflowError(String(error));
      diag.error(this.#configurationError.message);
      this.#metrics ??= createExporterMetrics(config?.meterProvider, undefined);
    }
  }

  /** Calls back exactly once, with the reason when part of the spans could not be delivered. Never throws. */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const callBack = (error: MlflowError | undefined): void => {
      try {
        resultCallback(error ? { code: FAILED, error } : { code: SUCCESS });
      } catch (thrown) {
        diag.error('The callback of an MLflow export threw', thrown);
      }
    };
    const refusal = this.#refuse(spans);
    if (refusal !== undefined || this.#delivery === undefined) {
      callBack(refusal);
      return;
    }
    this.#waitingSpans += spans.length;
    const delivery = this.#delivery;
    const metrics = this.#metrics;
    const begin = performance.now();
    metrics?.started(spans.length);
    const exporting = delivery
      .deliver(spans)
      .catch((error: unknown) => delivery.fail(spans.length, error))
      .then(({ failure, lost }) => {
        this.#waitingSpans -= spans.length;
        this.#inFlight.delete(exporting);
        metrics?.finished(spans.length, lost, performance.now() - begin, failure);
        callBack(failure && toError(failure));
      });
    this.#inFlight.add(exporting);
  }

  /**
   * Resolves when everything handed over so far is delivered or given up, trace records included, at the latest after
   * `timeoutMillis`. Afterwards no request is under way, so that a serverless function may be frozen.
   *
   * @param options `timeoutMillis`: when this shorter time is over, what is under way ends undelivered. Default: the
   *   exporter's own, which every delivery keeps to.
   */
  async forceFlush({ timeoutMillis }: { timeoutMillis?: number } = {}): Promise<void> {
    // A longer time than its own would change nothing, and timers take no time beyond 24 days.
    const deadline = performance.now() + Math.min(timeoutMillis ?? Number.POSITIVE_INFINITY, this.#timeoutMillis);
    const inFlight = [...this.#inFlight];
    if (timeoutMillis !== undefined) {
      // Again and again, because a delivery may have been between two requests.
      for (let until = deadline; !(await settledBefore(until, inFlight)); until = performance.now() + ENDING_MILLIS) {
        this.#http?.close();
      }
    }
    await Promise.allSettled(inFlight);
    await this.#delivery?.catchUp(deadline);
  }

  /** As {@link forceFlush}, and nothing is sent afterwards. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.forceFlush().then(() => {
      this.#delivery?.close();
      this.#http?.close();
    });
    return this.#shutdown;
  }

  #refuse(spans: readonly ReadableSpan[]): MlflowError | undefined {
    if (this.#configurationError !== undefined) {
      this.#metrics?.lost(spans.length, { kind: 'configuration' });
      return this.#configurationError;
    }
    if (this.#shutdown !== undefined) {
      this.#metrics?.lost(spans.length, 'shut_down');
      return new MlflowError('The MLflow exporter was shut down already.');
    }
    if (this.#waitingSpans > 0 && this.#waitingSpans + spans.length > MAX_WAITING_SPANS) {
      const refusal = this.#delivery?.refuse(spans.length);
      return refusal && toError(refusal);
    }
    return undefined;
  }
}

function createDelivery(config: ResolvedConfig, http: HttpClient, metrics: ExporterMetrics): Delivery {
  const { connection, compression, maxRequestBytes, runId, traceInfo, recordRemoteTraces, concurrencyLimit } = config;
  const { url, timeoutMillis } = connection;
  const reporter = createReporter();
  const nextTurn = createTurns();
  const rest = createRestClient(http);
  const experiment = createExperimentResolver(rest, config.experiment, url, traceInfo === 'full');
  const context = {
    runId,
    sourceName: programName(),
    user: userName(),
    modelId: activeModelId(),
    git: gitMetadata('.'),
  };
  const isRoot = ({ parentSpanContext: parent }: ReadableSpan): boolean =>
    parent === undefined || (recordRemoteTraces && parent.isRemote === true);
  const completion = new TraceCompletion({
    steps: createTraceSteps(context, isRoot),
    records: createTraceRecords(rest),
    abortableRecords: (signal) => createTraceRecords(createRestClient(http, signal)),
    experiment,
    reporter,
    metrics,
    isRoot,
    concurrencyLimit,
  });
  return new Delivery({
    experiment,
    uploader: createUploader({
      http,
      compression,
      maxRequestBytes,
      runId: traceInfo === 'otlp-only' ? runId : undefined,
      reporter,
      nextTurn,
    }),
    completion,
    artifacts: createArtifactDelivery({ rest, http, reporter }),
    reporter,
    metrics,
    context,
    traceInfo,
    isRoot,
    nextTurn,
    timeoutMillis,
  });
}

function programName(): string | undefined {
  const [, script] = process.argv;
  return script ? basename(script) : undefined;
}

/** The model that Python's client would name, too. */
function activeModelId(): string | undefined {
  return process.env['MLFLOW_ACTIVE_MODEL_ID'] || process.env['_MLFLOW_ACTIVE_MODEL_ID'] || undefined;
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return undefined;
  }
}
