// An application that sends only its model spans, without the user's key.
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');
const { trace } = require('@opentelemetry/api');
const { autolog, traced } = require('mlflow-bedrock');

autolog({
  spanFilter: 'gen_ai',
  mask: (_key, value) => (typeof value === 'string' ? value.replaceAll('tulip-4711', '[key]') : value),
});
const bedrock = new BedrockRuntimeClient({});
const agent = traced({ name: 'agent', spanType: 'AGENT' }, async (text) => {
  const messages = [{ role: 'user', content: [{ text }] }];
  const { output } = await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  return output;
});
trace.getTracer('server').startActiveSpan('POST /ask', async (server) => {
  await agent('My key is tulip-4711.');
  server.end();
  bedrock.destroy();
});
