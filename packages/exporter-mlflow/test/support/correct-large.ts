import { DiagLogLevel, diag } from '@opentelemetry/api';
import { MlflowSpanExporter } from '../../src/index.js';
import { chatAttributes, childSpan, exportSpans, recordSpans } from './tracing.js';

// Exports a root, and then children that arrive late, so that the totals of the stored trace need a correction.
const [, , trackingUri = ''] = process.argv;
const lines: string[] = [];
const ignore = (): void => {};
const add = (line: string): void => void lines.push(line);
diag.setLogger({ error: add, warn: add, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
const exporter = new MlflowSpanExporter({ trackingUri });
const [root, ...late] = recordSpans((tracer) => {
  const span = tracer.startSpan('root');
  span.end();
  for (let n = 0; n < 3; n++) childSpan(tracer, span, `late ${n}`, chatAttributes('Hi', 'Hello'));
});
const codes: number[] = [];
for (const span of [root!, ...late]) codes.push((await exportSpans(exporter, [span])).code);
await exporter.shutdown();
process.stdout.write(JSON.stringify({ codes, lines }));
