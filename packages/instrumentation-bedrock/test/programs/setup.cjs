// What an application runs first: a tracer provider and the instrumentation. Prints the finished spans at exit.
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { BedrockInstrumentation } = require('opentelemetry-instrumentation-bedrock');

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const instrumentation = new BedrockInstrumentation();
registerInstrumentations({ instrumentations: [instrumentation], tracerProvider: provider });
process.on('exit', () => {
  console.log(JSON.stringify(exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes }))));
});
module.exports = { instrumentation };
