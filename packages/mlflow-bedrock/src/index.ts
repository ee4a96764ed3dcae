export type { Sampler } from '@opentelemetry/sdk-trace';
export {
  MlflowClient,
  type MlflowConnectionConfig,
  MlflowError,
  type MlflowRetryConfig,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
} from 'opentelemetry-exporter-mlflow';
export {
  type BedrockContent,
  BedrockInstrumentation,
  type BedrockInstrumentationConfig,
  type ContentFormat,
  type JsonValue,
} from 'opentelemetry-instrumentation-bedrock';
export { autolog } from './autolog/autolog.js';
export type { Autolog, AutologOptions, ContentOptions } from './autolog/options.js';
export {
  CurrentTraceProcessor,
  getCurrentTraceId,
  getLastActiveTraceId,
  setActiveRun,
} from './current-trace/current-trace.js';
export type { Identity } from './current-trace/identity.js';
export { strandsMiddleware } from './current-trace/strands.js';
export { type TraceUpdate, updateCurrentTrace } from './current-trace/trace-update.js';
export { SessionBaggagePropagator } from './session/session-baggage.js';
export { type SpanType, type TracedOptions, traced } from './traced/traced.js';
