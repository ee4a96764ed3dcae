import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { MlflowSpanExporter } from '../../src/index.js';
import { chatAttributes, childSpan } from './tracing.js';

// A program that creates many traces at once and flushes them at its end, as the README describes.
const [, , trackingUri = '', experimentName = '', traces = '0'] = process.argv;
const timeoutMillis = 120_000;
const provider = new NodeTracerProvider({
  spanProcessors: [
    new BatchSpanProcessor(new MlflowSpanExporter({ trackingUri, experimentName, timeoutMillis }), {
      maxQueueSize: 8192,
      maxExportBatchSize: 512,
      exportTimeoutMillis: timeoutMillis + 1000,
    }),
  ],
});
const tracer = provider.getTracer('test');
for (let n = 0; n < Number(traces); n++) {
  const root = tracer.startSpan(`agent ${n}`);
  const tool = childSpan(tracer, root, 'tool');
  childSpan(tracer, tool, 'chat in tool', chatAttributes('look', 'found', [7, 3]));
  childSpan(tracer, tool, 'chat again', chatAttributes('look', 'found', [20, 7]));
  childSpan(tracer, root, 'chat', chatAttributes('question', 'answer'));
  root.end();
}
await provider.shutdown();
