// Exports a span, then registers the instrumentation of node:http, then sends a request as an application does.
const { MlflowSpanExporter } = require('opentelemetry-exporter-mlflow');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');

async function main([, , url]) {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  provider.getTracer('application').startSpan('span').end();
  const exporter = new MlflowSpanExporter({ trackingUri: url });
  const { code } = await new Promise((resolve) => exporter.export(memory.getFinishedSpans(), resolve));
  memory.reset();

  const instrumentation = new HttpInstrumentation();
  instrumentation.setTracerProvider(provider);
  const http = require('node:http');
  await new Promise((resolve, reject) => {
    const request = http.get(`${url}/application`, (response) => response.resume().once('end', resolve));
    request.once('error', reject);
  });
  await new Promise((resolve) => setImmediate(resolve));
  console.log(JSON.stringify({ exported: code, spans: memory.getFinishedSpans().map(({ name }) => name) }));
}

main(process.argv);
