export {
  MlflowClient,
  type MlflowConnectionConfig,
  MlflowError,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
} from 'opentelemetry-exporter-mlflow';
export { BedrockInstrumentation, type BedrockInstrumentationConfig } from 'opentelemetry-instrumentation-bedrock';
export { autolog } from './autolog.js';
export type { Autolog, AutologOptions } from './options.js';
