// The same as setup.cjs from the ES module build, loaded with --import and without a loader hook.
import { writeSync } from 'node:fs';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

const exporter = new InMemorySpanExporter();
export const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
export const instrumentation = new BedrockInstrumentation();
registerInstrumentations({ instrumentations: [instrumentation], tracerProvider: provider });
process.on('exit', () => {
  for (const { name, attributes } of exporter.getFinishedSpans()) {
    writeSync(1, `${JSON.stringify({ span: { name, attributes } })}\n`);
  }
});
