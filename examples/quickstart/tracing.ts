// Loaded before the application: node --import ./tracing.js app.js
// This is an ordinary NodeSDK set-up. (1) and (2) mark the additions for MLflow.
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

// Without a logger OpenTelemetry reports nothing, not even a wrong tracking URI or password.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

const spanProcessors = [
  new BatchSpanProcessor(
    // (1) The exporter sends to MLFLOW_TRACKING_URI. Default: http://localhost:5000.
    new MlflowSpanExporter({ experimentName: process.env.MLFLOW_EXPERIMENT_NAME ?? 'bedrock-examples' }),
  ),
];
const hasOtlpBackend = Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
if (hasOtlpBackend) {
  // Sends the same spans to Jaeger or any other OTLP backend.
  spanProcessors.push(new BatchSpanProcessor(new OTLPTraceExporter()));
}

export const sdk = new NodeSDK({
  serviceName: 'quickstart',
  // (2) Creates a span for every call to Bedrock.
  instrumentations: [new BedrockInstrumentation()],
  spanProcessors,
  // Each chunk of a stream is an event of its span. The default limit would keep only the last 128.
  spanLimits: { eventCountLimit: 10_000 },
  // MLflow accepts no metrics. By default NodeSDK sends some to http://localhost:4318 and waits for that at the end.
  ...(hasOtlpBackend ? {} : { metricReaders: [] }),
});
sdk.start();
