// An application that registers its own tracer provider before it calls autolog().
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { autolog } from 'mlflow-bedrock';

const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const tracing = autolog();
if (process.argv[2] === 'shuts down') {
  await tracing.shutdown();
  autolog();
}
process.argv[2] = 'ends by itself';
await import('./app.cjs');
process.on('exit', () => console.log(`${exporter.getFinishedSpans().length} span of its own`));
