// The set-up of docs/collector.md with OpenTelemetry's own exporter.
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

// Sends to OTEL_EXPORTER_OTLP_ENDPOINT, default http://localhost:4318.
const sdk = new NodeSDK({ instrumentations: [new BedrockInstrumentation()], metricReaders: [] });
sdk.start();

process.once('beforeExit', () => void sdk.shutdown());
