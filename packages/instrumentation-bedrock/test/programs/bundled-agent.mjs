// The input of the bundlers for an application that has the client for agents and no client for models.
import { writeSync } from 'node:fs';
import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

const print = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

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

const client = new sdk.BedrockAgentRuntimeClient({});

async function main() {
  const agent = { agentId: 'AGENT12345', agentAliasId: 'ALIAS12345', sessionId: 'session-1', inputText: 'Hi' };
  const { completion } = await client.send(new sdk.InvokeAgentCommand(agent));
  const texts = [];
  for await (const { chunk } of completion) if (chunk) texts.push(Buffer.from(chunk.bytes).toString());
  print({ answer: texts });
  const error = await client
    .send(new sdk.InvokeAgentCommand({ ...agent, agentId: undefined }))
    .catch((thrown) => thrown);
  print({ answer: [error.name, error.message] });
  client.destroy();
  // The calls, and not what the agent did for them.
  for (const { name, attributes } of exporter.getFinishedSpans()) {
    if (attributes['app.operation']) print({ span: { name, attributes } });
  }
}

main();
