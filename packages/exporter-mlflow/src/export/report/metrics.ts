import { type Attributes, diag, type Meter, type MeterProvider } from '@opentelemetry/api';
import { describeFault } from '../../common/error.js';
import { nextExporterNumber } from '../../common/process-state.js';
import type { Failure } from '../../http/exchange/outcome.js';

/** Why something was lost or repeated. */
export type Cause = Pick<Failure, 'kind' | 'status'> | 'queue_full' | 'shut_down';

type Instruments = ReturnType<typeof createInstruments>;

const METER_NAME = 'opentelemetry-exporter-mlflow';
const COMPONENT_TYPE = 'mlflow_span_exporter';

/**
 * Metrics about the exporter itself, by OpenTelemetry's conventions for SDK metrics
 * (https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/), and two that the conventions do not have.
 *
 * The meter belongs to the application. Its errors must not keep spans from being exported, so no method throws.
 */
export class ExporterMetrics {
  #instruments: Instruments | undefined;
  #common: Attributes = {};
  #isThrowReported = false;

  /**
   * @param meterProvider Default: nothing is recorded.
   * @param url of the server, which the metrics name; undefined if the settings cannot work
   */
  constructor(meterProvider: MeterProvider | undefined, url: string | undefined) {
    if (meterProvider === undefined) return;
    this.#guard(() => {
      this.#instruments = createInstruments(meterProvider.getMeter(METER_NAME));
      this.#common = {
        'otel.component.type': COMPONENT_TYPE,
        // The conventions number several exporters of a process.
        'otel.component.name': `${COMPONENT_TYPE}/${nextExporterNumber()}`,
        ...(url === undefined ? {} : serverAttributes(new URL(url))),
      };
    });
  }

  /** An export of this many spans begins. */
  started(spans: number): void {
    this.#guard(() => this.#instruments?.inflight.add(spans, this.#common));
  }

  /**
   * An export ended after `millis` milliseconds. Counts the spans that were sent. {@link lost} counts the lost ones, and
   * spans that a filter left out are not counted.
   */
  finished(spans: number, notSent: number, millis: number, failure?: Cause): void {
    this.#guard(() => {
      this.#instruments?.inflight.add(-spans, this.#common);
      if (spans > notSent) this.#instruments?.exported.add(spans - notSent, this.#common);
      this.#instruments?.duration.record(millis / 1000, failure === undefined ? this.#common : this.#failed(failure));
    });
  }

  /** Spans arrived that waited after their export for the root of their trace. */
  arrived(spans: number): void {
    if (spans > 0) this.#guard(() => this.#instruments?.exported.add(spans, this.#common));
  }

  /** Spans will not arrive. */
  lost(spans: number, cause: Cause): void {
    this.#guard(() => this.#instruments?.exported.add(spans, this.#failed(cause)));
  }

  /** Spans lost their content, and kept their figures, because too much waits. */
  contentDropped(spans: number): void {
    this.#guard(() => this.#instruments?.content.add(spans, this.#common));
  }

  /** A request is sent again. */
  retried(cause: Cause): void {
    this.#guard(() => this.#instruments?.retries.add(1, this.#failed(cause)));
  }

  /** Records of traces will not be sent any more. */
  lostRecords(records: number, cause: Cause): void {
    this.#guard(() => this.#instruments?.records.add(records, this.#failed(cause)));
  }

  #failed(cause: Cause): Attributes {
    return { ...this.#common, 'error.type': errorType(cause) };
  }

  #guard(record: () => void): void {
    try {
      record();
    } catch (error) {
      if (!this.#isThrowReported)
        diag.error('The meter provider given to the MLflow exporter threw', describeFault(error));
      this.#isThrowReported = true;
    }
  }
}

function createInstruments(meter: Meter) {
  return {
    inflight: meter.createUpDownCounter('otel.sdk.exporter.span.inflight', {
      unit: '{span}',
      description: 'Spans that were passed to the exporter and are not exported yet, neither successfully nor failed.',
    }),
    exported: meter.createCounter('otel.sdk.exporter.span.exported', {
      unit: '{span}',
      description: 'Spans for which the export has finished, either successfully or failed (with error.type).',
    }),
    duration: meter.createHistogram('otel.sdk.exporter.operation.duration', {
      unit: 's',
      description: 'The duration of exporting a batch of spans, with their trace records and all retries.',
      // As in the exporters of the SDK: sum and count, unless a view asks for more.
      advice: { explicitBucketBoundaries: [] },
    }),
    content: meter.createCounter('mlflow.exporter.span_content.dropped', {
      unit: '{span}',
      description: 'Spans that lost their content, and kept their figures, because too much waited for MLflow.',
    }),
    retries: meter.createCounter('mlflow.exporter.request.retries', {
      unit: '{request}',
      description: 'Requests to MLflow that were sent again, with the reason as error.type.',
    }),
    records: meter.createCounter('mlflow.exporter.trace_record.dropped', {
      unit: '{record}',
      description: 'Trace records that were given up, while their spans arrived, with the reason as error.type.',
    }),
  };
}

function serverAttributes({ protocol, hostname, port }: URL): Attributes {
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** One of few values: the status of the answer, or the kind of the failure. */
function errorType(cause: Cause): string {
  if (typeof cause === 'string') return cause;
  if (cause.status !== undefined) return String(cause.status);
  return cause.kind === 'retryable' ? 'no_answer' : cause.kind;
}
