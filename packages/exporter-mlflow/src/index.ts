export { MlflowClient } from './client/client.js';
export { MlflowError } from './common/error.js';
export type {
  ExportResult,
  ReadableSpan,
  SpanEvent,
  SpanExporter,
  SpanLink,
  SpanProcessor,
  SpanResource,
  SpanScope,
} from './common/sdk-types.js';
export type { MlflowSpanExporterConfig } from './config.js';
export type { SpanFilter as MlflowSpanFilter } from './export/span/filter.js';
export type { Mask as MlflowMask } from './export/span/mask.js';
export { MlflowSpanExporter } from './exporter.js';
export type { MlflowAwsCredentials, MlflowAwsCredentialsOption } from './http/settings/aws-credentials.js';
export type { MlflowConnectionConfig, MlflowRetryConfig, Provided as MlflowProvided } from './http/settings/config.js';
export type { Cost as MlflowCost, TokenUsage as MlflowTokenUsage } from './mlflow/figures.js';
export type { MlflowServerInfo } from './mlflow/server.js';
export type {
  MlflowAssessment,
  MlflowAssessmentInput,
  MlflowAssessmentKind,
  MlflowAssessmentSource,
  MlflowAssessmentUpdate,
  MlflowExperiment,
  MlflowPrompt,
  MlflowPromptInput,
  MlflowPromptMessage,
  MlflowPromptReference,
  MlflowPromptSelection,
  MlflowRun,
  MlflowRunData,
  MlflowRunInput,
  MlflowRunStatus,
  MlflowSpan,
  MlflowSpanEvent,
  MlflowSpanKind,
  MlflowSpanLink,
  MlflowTrace,
  MlflowTraceInfo,
  MlflowTracePage,
  MlflowTraceSearch,
} from './mlflow/types.js';
export type { TraceState as MlflowTraceState } from './mlflow/wire-types.js';
export { type MlflowBatchOptions, MlflowSpanProcessor, type MlflowSpanProcessorConfig } from './processor.js';
