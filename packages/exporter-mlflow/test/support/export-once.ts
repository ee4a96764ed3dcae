import { MlflowSpanExporter } from '../../src/index.js';
import { exportSpans, recordSpans } from './tracing.js';

// Exports one span within a short time and prints the result of the export.
const [, , trackingUri = '', timeoutMillis = ''] = process.argv;
const exporter = new MlflowSpanExporter({ trackingUri, timeoutMillis: Number(timeoutMillis) });
const { code, error } = await exportSpans(
  exporter,
  recordSpans((tracer) => tracer.startSpan('only').end()),
);
process.stdout.write(JSON.stringify({ code, message: error?.message }));
await exporter.shutdown();
