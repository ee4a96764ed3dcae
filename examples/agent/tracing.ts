// Loaded before the application: node --import ./tracing.js app.js
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

// Without a logger OpenTelemetry reports nothing, not even a wrong tracking URI or password.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

export const sdk = new NodeSDK({
  serviceName: 'weather-agent',
  instrumentations: [new BedrockInstrumentation()],
  spanProcessors: [
    new BatchSpanProcessor(
      new MlflowSpanExporter({ experimentName: process.env.MLFLOW_EXPERIMENT_NAME ?? 'bedrock-examples' }),
    ),
  ],
  // MLflow accepts no metrics. By default NodeSDK sends some to http://localhost:4318 and waits for that at the end.
  metricReaders: [],
});
sdk.start();
