import { type Attributes, diag, type MeterProvider } from '@opentelemetry/api';
import { nextExporterNumber } from '../common/process-state.js';
import type { Failure } from '../http/outcome.js';

/**
 * Metrics about the exporter itself, by OpenTelemetry's conventions for SDK metrics
 * (https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/), and two that the conventions do not have. No method
 * throws.
 */
export interface ExporterMetrics {
  /** An export of so many spans begins. */
  started(spans: number): void;
  /** An export is over after so many milliseconds. {@link lost} counts the `lost` ones of its spans. */
  finished(spans: number, lost: number, millis: number, failure?: Cause): void;
  /** Spans will not arrive. */
  lost(spans: number, cause: Cause): void;
  /** A request is sent again. */
  retried(cause: Cause): void;
  /** Records of traces will not be sent any more. */
  lostRecords(records: number, cause: Cause): void;
}

export type Cause = Pick<Failure, 'kind' | 'status'> | 'queue_full' | 'shut_down';

const METER_NAME = 'opentelemetry-exporter-mlflow';
const COMPONENT_TYPE = 'mlflow_span_exporter';
const ERROR_TYPE = 'error.type';
const THREW = 'The meter provider given to the MLflow exporter threw';
const NOTHING = (): void => {};
const NO_METRICS: ExporterMetrics = {
  started: NOTHING,
  finished: NOTHING,
  lost: NOTHING,
  retried: NOTHING,
  lostRecords: NOTHING,
};

/** @param url without one, because the settings cannot work, the metrics name no server */
export function createExporterMetrics(
  meterProvider: MeterProvider | undefined,
  url: string | undefined,
): ExporterMetrics {
  if (meterProvider === undefined) return NO_METRICS;
  try {
    return guarded(createInstruments(meterProvider, url));
  } catch (error) {
    diag.error(THREW, error);
    return NO_METRICS;
  }
}

function createInstruments(meterProvider: MeterProvider, url: string | undefined): ExporterMetrics {
  const meter = meterProvider.getMeter(METER_NAME);
  const common: Attributes = {
    'otel.component.type': COMPONENT_TYPE,
    // The conventions number several exporters of a process.
    'otel.component.name': `${COMPONENT_TYPE}/${nextExporterNumber()}`,
    ...(url === undefined ? {} : serverAttributes(new URL(url))),
  };
  const inflight = meter.createUpDownCounter('otel.sdk.exporter.span.inflight', {
    unit: '{span}',
    description: 'Spans that were passed to the exporter and are not exported yet, neither successfully nor failed.',
  });
  const exported = meter.createCounter('otel.sdk.exporter.span.exported', {
    unit: '{span}',
    description: 'Spans for which the export has finished, either successfully or failed (with error.type).',
  });
  const duration = meter.createHistogram('otel.sdk.exporter.operation.duration', {
    unit: 's',
    description: 'The duration of exporting a batch of spans, with their trace records and all retries.',
    // As the exporters of the SDK do it: sum and count, unless a view asks for more.
    advice: { explicitBucketBoundaries: [] },
  });
  const retries = meter.createCounter('mlflow.exporter.request.retries', {
    unit: '{request}',
    description: 'Requests to MLflow that were sent again, with the reason as error.type.',
  });
  const records = meter.createCounter('mlflow.exporter.trace_record.dropped', {
    unit: '{record}',
    description: 'Trace records that were given up, while their spans arrived, with the reason as error.type.',
  });
  const failed = (cause: Cause): Attributes => ({ ...common, [ERROR_TYPE]: errorType(cause) });
  return {
    started: (spans) => inflight.add(spans, common),
    finished(spans, lost, millis, failure) {
      inflight.add(-spans, common);
      if (spans > lost) exported.add(spans - lost, common);
      duration.record(millis / 1000, failure === undefined ? common : failed(failure));
    },
    lost: (spans, cause) => exported.add(spans, failed(cause)),
    retried: (cause) => retries.add(1, failed(cause)),
    lostRecords: (count, cause) => records.add(count, failed(cause)),
  };
}

function serverAttributes({ protocol, hostname, port }: URL): Attributes {
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** The meter belongs to the application. An error of it must not keep spans from being exported. Reported once. */
function guarded(metrics: ExporterMetrics): ExporterMetrics {
  let isReported = false;
  const guard =
    <Arguments extends unknown[]>(record: (...args: Arguments) => void) =>
    (...args: Arguments): void => {
      try {
        record(...args);
      } catch (error) {
        if (!isReported) diag.error(THREW, error);
        isReported = true;
      }
    };
  return {
    started: guard(metrics.started),
    finished: guard(metrics.finished),
    lost: guard(metrics.lost),
    retried: guard(metrics.retried),
    lostRecords: guard(metrics.lostRecords),
  };
}

/** Few different values: the status of the answer, or the kind of the failure. */
function errorType(cause: Cause): string {
  if (typeof cause === 'string') return cause;
  if (cause.status !== undefined) return String(cause.status);
  return cause.kind === 'retryable' ? 'no_answer' : cause.kind;
}
