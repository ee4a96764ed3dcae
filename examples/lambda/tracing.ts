// Loaded before the function. On AWS, set the environment variable NODE_OPTIONS="--import ./tracing.js".
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

// Without a logger OpenTelemetry reports nothing, not even a wrong URI or password. This one logs to CloudWatch.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

const exporter = new MlflowSpanExporter({
  experimentName: process.env.MLFLOW_EXPERIMENT_NAME ?? 'bedrock-examples',
  // Short, because the caller waits for the flush. Losing a trace is better than a long wait.
  timeoutMillis: 5_000,
});
const processor = new BatchSpanProcessor(exporter);

/** Resolves when all spans that ended so far are in MLflow or given up. */
export async function flushSpans(): Promise<void> {
  // Flushes the processor's queue. It rejects if delivery failed; the reason is in the log.
  await processor.forceFlush().catch(() => {});
  // Waits for batches that the processor's timer sent before, because the processor does not wait for these.
  await exporter.forceFlush();
}

export const instrumentation = new BedrockInstrumentation();

const sdk = new NodeSDK({
  serviceName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'lambda',
  instrumentations: [instrumentation],
  spanProcessors: [processor],
  // MLflow accepts no metrics. By default NodeSDK sends some to http://localhost:4318.
  metricReaders: [],
});
sdk.start();
