export {
  MlflowClient,
  type MlflowConnectionConfig,
  MlflowError,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
} from 'opentelemetry-exporter-mlflow';
export { BedrockInstrumentation, type BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
export { autolog } from './autolog.js';
export { CurrentTraceProcessor, getCurrentTraceId, getLastActiveTraceId, setActiveRun } from './current-trace.js';
export type { Autolog, AutologOptions } from './options.js';
export { SessionBaggagePropagator } from './session-baggage.js';
export { strandsMiddleware } from './strands.js';
export { type TraceUpdate, updateCurrentTrace } from './trace-update.js';
export { type SpanType, type TracedOptions, traced } from './traced.js';
