import type { Sampler } from '@opentelemetry/sdk-trace-base';
import type { MlflowSpanExporterConfig } from 'opentelemetry-exporter-mlflow';
import type { BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';

/** The options of {@link BedrockInstrumentationConfig} about recorded content. */
type ContentOptions = Pick<
  BedrockInstrumentationConfig,
  | 'captureMessageContent'
  | 'contentHook'
  | 'contentFormats'
  | 'maxContentLength'
  | 'maxMediaBytes'
  | 'recordStreamEvents'
>;

/** Options of {@link autolog}. All are optional; one given here wins over its environment variable. */
export interface AutologOptions extends MlflowSpanExporterConfig, ContentOptions {
  /** Name of the application. Environment: `OTEL_SERVICE_NAME`. Default: `unknown_service:node`. */
  serviceName?: string;
  /**
   * The longest that the end of the process is put off to send what is left, in milliseconds; 0 or more.
   * Default: 5000.
   */
  flushTimeoutMillis?: number;
  /**
   * Which traces are recorded. Environment: `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, or
   * `MLFLOW_TRACE_SAMPLING_RATIO` from 0 to 1. Default: all.
   */
  sampler?: Sampler;
  /**
   * Whether requests to other services carry the session and user of their trace, as the entries `session.id` and
   * `user.id` of W3C baggage. Instrumentations send baggage to every host, those of others too; requests of the AWS SDK
   * stay without. Environment: `MLFLOW_BEDROCK_PROPAGATE_SESSION`. Default: `false`.
   */
  propagateSession?: boolean;
}

/** What {@link autolog} started. No method throws or rejects. */
export interface Autolog {
  /** Resolves when what ended so far is sent or given up, at the latest after `flushTimeoutMillis`. */
  flush(): Promise<void>;
  /** As `flush()`, then stops for good: nothing is recorded or sent in this process afterwards. */
  shutdown(): Promise<void>;
  /** Stops recording at once. What ended before is still sent. Another `autolog()` starts it again. */
  disable(): void;
}
