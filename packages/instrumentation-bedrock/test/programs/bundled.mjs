// The input of the bundlers: application, SDK and tracing. No module hook runs in a bundle.
import { writeSync } from 'node:fs';
import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

/** Without `p`, which is padding of a random length. */
const print = (line) => writeSync(1, `${JSON.stringify(line, (key, value) => (key === 'p' ? undefined : value))}\n`);

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
if (process.argv[2] !== 'plain') {
  const instrumentation = new BedrockInstrumentation({
    requestHook: (span, { operation }) => span.setAttribute('app.operation', operation),
  });
  instrumentation.setTracerProvider(provider);
  instrumentation.manuallyInstrument(sdk);
}

const client = new sdk.BedrockRuntimeClient({});
const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, messages });

async function collect(stream) {
  const items = [];
  for await (const { chunk, ...event } of stream)
    items.push(chunk ? JSON.parse(new TextDecoder().decode(chunk.bytes)) : event);
  return items;
}

async function main() {
  const converse = await client.send(new sdk.ConverseCommand({ modelId, messages }));
  print({ answer: converse.output });
  const converseStream = await client.send(new sdk.ConverseStreamCommand({ modelId, messages }));
  print({ answer: await collect(converseStream.stream) });
  const invoke = await client.send(new sdk.InvokeModelCommand({ modelId, body }));
  print({ answer: invoke.body.transformToString() });
  const invokeStream = await client.send(new sdk.InvokeModelWithResponseStreamCommand({ modelId, body }));
  print({ answer: await collect(invokeStream.body) });
  const error = await client.send(new sdk.ConverseCommand({ modelId: '..', messages })).catch((thrown) => thrown);
  print({ answer: [error.name, error.message] });
  client.destroy();
  for (const { name, attributes } of exporter.getFinishedSpans()) print({ span: { name, attributes } });
}

main();
