// Loaded before the function: on AWS with the environment variable NODE_OPTIONS="--import ./tracing.js".
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

// Without a logger OpenTelemetry is silent, also about a wrong tracking URI or password. This one goes to CloudWatch.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

const exporter = new MlflowSpanExporter({
  experimentName: process.env.MLFLOW_EXPERIMENT_NAME ?? 'bedrock-examples',
  // A caller waits for the flush: rather lose a trace than a second too many of its time.
  timeoutMillis: 5_000,
});
const processor = new BatchSpanProcessor(exporter);

/** Resolves when everything that ended so far is in MLflow, or given up. */
export async function flushSpans(): Promise<void> {
  // What waits in the queue. It rejects when spans could not be delivered, which diag has told.
  await processor.forceFlush().catch(() => {});
  // What the processor's timer sent before: the processor does not wait for that.
  await exporter.forceFlush();
}

export const instrumentation = new BedrockInstrumentation();

const sdk = new NodeSDK({
  serviceName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'lambda',
  instrumentations: [instrumentation],
  spanProcessors: [processor],
  // MLflow takes no metrics. By default NodeSDK sends some to http://localhost:4318.
  metricReaders: [],
});
sdk.start();
