// An application as OpenTelemetry alone sets it up: the exporter is named by OTEL_EXPORTER_OTLP_ENDPOINT.
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

const sdk = new NodeSDK({ instrumentations: [new BedrockInstrumentation()], metricReaders: [] });
sdk.start();

process.once('beforeExit', () => void sdk.shutdown());
