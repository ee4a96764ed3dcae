// Sets up a tracer provider and the instrumentation. Prints the finished spans at exit.
const { writeSync } = require('node:fs');
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
  for (const { name, attributes } of exporter.getFinishedSpans()) {
    writeSync(1, `${JSON.stringify({ span: { name, attributes } })}\n`);
  }
});
module.exports = { instrumentation, provider };
