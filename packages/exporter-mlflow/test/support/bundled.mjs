// An application that tests bundle into one file: it exports a span to the server whose address it gets.
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';

const exporter = new MlflowSpanExporter({ trackingUri: process.argv[2] });
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
provider.getTracer('application').startSpan('bundled').end();
provider.shutdown();
