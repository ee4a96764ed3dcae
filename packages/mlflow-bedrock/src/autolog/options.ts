import type { Sampler } from '@opentelemetry/sdk-trace';
import type { MlflowSpanExporterConfig } from 'opentelemetry-exporter-mlflow';
import type { BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
import { warn } from '../common/warn.js';

/** The options of {@link BedrockInstrumentationConfig} about recorded content. */
export type ContentOptions = Pick<
  BedrockInstrumentationConfig,
  | 'captureMessageContent'
  | 'contentHook'
  | 'contentFormats'
  | 'maxContentLength'
  | 'maxMediaBytes'
  | 'maxEmbeddingLength'
  | 'maxRecordLength'
  | 'recordStreamEvents'
>;

/**
 * Options of `autolog()`. All are optional. An option wins over its environment variable, except
 * `captureMessageContent`: `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` wins over that when set.
 */
export interface AutologOptions
  extends MlflowSpanExporterConfig,
    ContentOptions,
    Pick<BedrockInstrumentationConfig, 'openAIHosts'> {
  /**
   * Name of the application. Environment: `OTEL_SERVICE_NAME`.
   *
   * @defaultValue `unknown_service:node`
   */
  serviceName?: string;
  /**
   * Decides which traces are recorded. Environment: `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG`, else
   * `MLFLOW_TRACE_SAMPLING_RATIO` from 0 to 1.
   *
   * @defaultValue all traces
   */
  sampler?: Sampler;
  /**
   * Further HTTP headers whose values traced functions never record, as the option of `traced` does for one function.
   *
   * @defaultValue none
   */
  sensitiveHeaders?: readonly string[];
  /**
   * Sends session and user of the trace with requests to other services, as the entries `session.id` and `user.id` of W3C
   * baggage. Environment: `MLFLOW_BEDROCK_PROPAGATE_SESSION`.
   *
   * @remarks Instrumentations send baggage to every host, except with requests of the AWS SDK.
   *
   * @defaultValue `false`
   */
  propagateSession?: boolean;
  /**
   * How long one flush may take, in milliseconds, 0 or more. The process waits for one flush before it ends.
   *
   * @defaultValue `5000`, also for a value that is not a number from 0
   */
  flushTimeoutMillis?: number;
}

/** What `autolog()` started. No method throws or rejects. */
export interface Autolog {
  /**
   * Sends the spans that ended so far. In the main thread, worker threads send theirs, too. Resolves when MLflow has them
   * or the exporter gave up, at the latest after `flushTimeoutMillis`.
   */
  flush(): Promise<void>;
  /** Flushes, then stops for good: the process records and sends nothing afterwards. */
  shutdown(): Promise<void>;
  /** Stops recording at once. Spans that ended before are still sent. Another `autolog()` starts recording again. */
  disable(): void;
}

const DEFAULT_FLUSH_TIMEOUT_MILLIS = 5000;

/** Returns the flush timeout in milliseconds. Warns of a value that is not a number from 0, and returns the default. */
export function flushTimeout(millis: number = DEFAULT_FLUSH_TIMEOUT_MILLIS): number {
  if (Number.isFinite(millis) && millis >= 0) return millis;
  warn(`flushTimeoutMillis must be 0 or more, not ${millis}; ${DEFAULT_FLUSH_TIMEOUT_MILLIS} is used`);
  return DEFAULT_FLUSH_TIMEOUT_MILLIS;
}
