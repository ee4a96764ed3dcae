export { MlflowClient } from './client.js';
export type {
  MlflowAssessment,
  MlflowAssessmentInput,
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
  MlflowTrace,
  MlflowTraceInfo,
  MlflowTracePage,
  MlflowTraceSearch,
} from './client-types.js';
export type { MlflowSpanExporterConfig } from './config.js';
export type { MlflowConnectionConfig, MlflowRetryConfig } from './connection.js';
export { MlflowSpanExporter } from './exporter.js';
export { MlflowError } from './mlflow-error.js';
export type { Cost as MlflowCost, TokenUsage as MlflowTokenUsage } from './totals.js';
export type { TraceState as MlflowTraceState } from './wire-types.js';
