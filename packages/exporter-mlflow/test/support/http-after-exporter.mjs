// The same as http-after-exporter.cjs in ES modules, with the loader hook that instrumentations need there.
import { register } from 'node:module';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const { MlflowSpanExporter } = await import('opentelemetry-exporter-mlflow');
const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await import(
  '@opentelemetry/sdk-trace-base'
);

const [, , url] = process.argv;
const memory = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
provider.getTracer('application').startSpan('span').end();
const exporter = new MlflowSpanExporter({ trackingUri: url });
const { code } = await new Promise((resolve) => exporter.export(memory.getFinishedSpans(), resolve));
memory.reset();

const instrumentation = new HttpInstrumentation();
instrumentation.setTracerProvider(provider);
const { get } = await import('node:http');
await new Promise((resolve, reject) => {
  const request = get(`${url}/application`, (response) => response.resume().once('end', resolve));
  request.once('error', reject);
});
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ exported: code, spans: memory.getFinishedSpans().map(({ name }) => name) }));
