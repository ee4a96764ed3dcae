import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { diag } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { createArtifactDelivery } from './artifact-delivery.js';
import { type MlflowSpanExporterConfig, type ResolvedConfig, resolveConfig } from './config.js';
import { Delivery } from './delivery.js';
import { createExperimentResolver } from './experiment.js';
import { gitMetadata } from './git.js';
import { MlflowError } from './mlflow-error.js';
import { createReporter } from './reporter.js';
import { createRestClient } from './rest.js';
import { createRetryingTransport } from './retrying-transport.js';
import { createTraceRecords } from './trace-records.js';
import { createHttpTransport, type Transport } from './transport.js';
import { createUploader } from './upload.js';

// While MLflow is away, exports of processors that do not wait for one another must not pile up in memory.
const MAX_WAITING_SPANS = 10_000;

/**
 * Sends spans to an MLflow tracking server, where each trace appears with its conversation, tokens and cost. Made to
 * stand behind a `BatchSpanProcessor`.
 *
 * The constructor never throws: a setting that cannot work is reported once through `diag`, and every export fails.
 */
export class MlflowSpanExporter implements SpanExporter {
  readonly #delivery: Delivery | undefined;
  readonly #transport: Transport | undefined;
  readonly #configurationError: MlflowError | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  #waitingSpans = 0;
  #shutdown: Promise<void> | undefined;

  constructor(config: MlflowSpanExporterConfig = {}) {
    try {
      const resolved = resolveConfig(config);
      this.#transport = createRetryingTransport(createHttpTransport(resolved.connection), resolved.connection);
      this.#delivery = createDelivery(resolved, this.#transport);
    } catch (error) {
      this.#configurationError = error instanceof MlflowError ? error : new MlflowError(String(error));
      diag.error(this.#configurationError.message);
    }
  }

  /** Calls back exactly once, with the reason when part of the spans could not be delivered. Never throws. */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const refusal = this.#refuse(spans);
    if (refusal !== undefined || this.#delivery === undefined) {
      resultCallback({ code: ExportResultCode.FAILED, ...(refusal === undefined ? {} : { error: refusal }) });
      return;
    }
    this.#waitingSpans += spans.length;
    const delivery = this.#delivery;
    const exporting = delivery
      .deliver(spans)
      .catch((error: unknown) => delivery.fail(spans.length, error))
      .then((error) => {
        this.#waitingSpans -= spans.length;
        this.#inFlight.delete(exporting);
        resultCallback(
          error === undefined ? { code: ExportResultCode.SUCCESS } : { code: ExportResultCode.FAILED, error },
        );
      })
      .catch((error: Error) => diag.error('The callback of an MLflow export threw', error));
    this.#inFlight.add(exporting);
  }

  /** Resolves when everything handed over so far is delivered or given up. */
  async forceFlush(): Promise<void> {
    await Promise.allSettled([...this.#inFlight]);
  }

  /** As {@link forceFlush}, and nothing is sent afterwards. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.forceFlush().then(() => {
      this.#delivery?.close();
      this.#transport?.close();
    });
    return this.#shutdown;
  }

  #refuse(spans: readonly ReadableSpan[]): MlflowError | undefined {
    if (this.#configurationError !== undefined) return this.#configurationError;
    if (this.#shutdown !== undefined) return new MlflowError('The MLflow exporter was shut down already.');
    if (this.#waitingSpans > 0 && this.#waitingSpans + spans.length > MAX_WAITING_SPANS) {
      return this.#delivery?.refuse(spans.length);
    }
    return undefined;
  }
}

function createDelivery(config: ResolvedConfig, transport: Transport): Delivery {
  const { connection, compression, runId, traceInfo, recordRemoteTraces, concurrencyLimit } = config;
  const { url, timeoutMillis } = connection;
  const reporter = createReporter();
  const rest = createRestClient(transport, url);
  return new Delivery({
    experiment: createExperimentResolver(rest, config.experiment, url),
    uploader: createUploader({
      transport,
      url,
      compression,
      runId: traceInfo === 'otlp-only' ? runId : undefined,
      reporter,
    }),
    records: createTraceRecords(rest),
    artifacts: createArtifactDelivery({ rest, transport, url, reporter }),
    reporter,
    context: {
      runId,
      sourceName: programName(),
      user: userName(),
      modelId: activeModelId(),
      git: gitMetadata('.'),
    },
    traceInfo,
    recordRemoteTraces,
    concurrencyLimit,
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
