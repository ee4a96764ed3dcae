import { MlflowSpanExporter } from '../../src/index.js';
import { exportSpans, recordSpans, SUCCESS } from './tracing.js';

// A program that exports spans and then ends without a shutdown.
const [, , trackingUri = ''] = process.argv;
const spans = recordSpans((tracer) => tracer.startSpan('only').end());
const { code } = await exportSpans(new MlflowSpanExporter({ trackingUri }), spans);
process.exitCode = code === SUCCESS ? 0 : 1;
