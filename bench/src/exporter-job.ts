/** What is measured of exporters. */

/** The first is what the others are compared with. */
export const SINK_VARIANTS = ['stock OTLP/protobuf', 'stock OTLP/JSON', 'ours, otlp-only', 'ours, full'] as const;
export const MLFLOW_VARIANTS = ['raw loop, otlp-only', 'ours, otlp-only', 'raw loop, full', 'ours, full'] as const;

export type ExporterVariant = (typeof SINK_VARIANTS)[number] | (typeof MLFLOW_VARIANTS)[number];

export const SPANS_PER_TRACE = 5;
/** The default of the batch processor. */
export const BATCH_SPANS = 512;
/** Requests at the same time; the default of the exporter. */
export const CONCURRENCY = 4;
/** Nothing listens there. */
export const DOWN = 'http://127.0.0.1:9';

export interface ExporterJob {
  readonly variant: ExporterVariant;
  readonly compression: 'gzip' | 'none';
  readonly url: string;
  readonly experimentName: string;
  readonly traces: number;
  readonly warmUpTraces: number;
  /** Before these, into a server in the same process: for a real server so many would take minutes. */
  readonly compileTraces?: number;
}

export interface ExporterMeasurement {
  readonly cpuMicrosecondsPerSpan: number;
  readonly spansPerSecond: number;
  /** With the server down. */
  readonly keptBytes?: number;
  /** On the wire, with the headers. */
  readonly bytesPerSpan?: number;
}
