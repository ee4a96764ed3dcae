import { MlflowSpanExporter } from '../../src/index.js';
import { exportSpans, recordSpans } from './tracing.js';

// Exports to a server that does not answer, shuts down, and prints the error and the time of day in milliseconds.
const [, , trackingUri = ''] = process.argv;
// An attempt, and so a connection attempt, may take longer than the export.
const exporter = new MlflowSpanExporter({ trackingUri, timeoutMillis: 500, attemptTimeoutMillis: 60_000 });
const { error } = await exportSpans(
  exporter,
  recordSpans((tracer) => tracer.startSpan('span').end()),
);
await exporter.shutdown();
console.log(JSON.stringify({ message: error?.message, time: Date.now() }));
