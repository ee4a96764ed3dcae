export type { Sampler } from '@opentelemetry/sdk-trace';
export {
  type ExportResult,
  type MlflowAssessment,
  type MlflowAssessmentInput,
  type MlflowAssessmentKind,
  type MlflowAssessmentSource,
  type MlflowAssessmentUpdate,
  type MlflowAwsCredentials,
  type MlflowAwsCredentialsOption,
  type MlflowBatchOptions,
  MlflowClient,
  type MlflowConnectionConfig,
  type MlflowCost,
  MlflowError,
  type MlflowExperiment,
  type MlflowMask,
  type MlflowPrompt,
  type MlflowPromptInput,
  type MlflowPromptMessage,
  type MlflowPromptReference,
  type MlflowPromptSelection,
  type MlflowProvided,
  type MlflowRetryConfig,
  type MlflowRun,
  type MlflowRunData,
  type MlflowRunInput,
  type MlflowRunStatus,
  type MlflowServerInfo,
  type MlflowSpan,
  type MlflowSpanEvent,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
  type MlflowSpanFilter,
  type MlflowSpanKind,
  type MlflowSpanLink,
  MlflowSpanProcessor,
  type MlflowSpanProcessorConfig,
  type MlflowTokenUsage,
  type MlflowTrace,
  type MlflowTraceInfo,
  type MlflowTracePage,
  type MlflowTraceSearch,
  type MlflowTraceState,
  type ReadableSpan,
  type SpanEvent,
  type SpanExporter,
  type SpanLink,
  type SpanProcessor,
  type SpanResource,
  type SpanScope,
} from 'opentelemetry-exporter-mlflow';
export {
  type BedrockCallInfo,
  type BedrockClientClass,
  type BedrockClientExports,
  type BedrockContent,
  BedrockInstrumentation,
  type BedrockInstrumentationConfig,
  type BedrockOperation,
  type BedrockRequestInfo,
  type BedrockResponseInfo,
  type ContentFormat,
  type JsonObject,
  type JsonValue,
} from 'opentelemetry-instrumentation-bedrock';
export { anthropicMiddleware } from './anthropic/middleware.js';
export { autolog } from './autolog/autolog.js';
export type { Autolog, AutologOptions, ContentOptions } from './autolog/options.js';
export { withFlush } from './autolog/with-flush.js';
export {
  CurrentTraceProcessor,
  getCurrentTraceId,
  getLastActiveTraceId,
  setActiveRun,
} from './current-trace/current-trace.js';
export type { Identity } from './current-trace/identity.js';
export { strandsMiddleware } from './current-trace/strands.js';
export { type TraceUpdate, updateCurrentTrace } from './current-trace/trace-update.js';
export { type LangChainHandler, langchainHandler } from './langchain/handler.js';
export { SessionBaggagePropagator } from './session/session-baggage.js';
export { SENSITIVE_HEADERS } from './traced/sensitive-headers.js';
export type { SpanType } from './traced/span-type.js';
export { type TracedOptions, traced } from './traced/traced.js';
