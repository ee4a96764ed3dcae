// A service that calls another one, whose address is its first argument. It calls Bedrock over HTTP/1.1.
const { get } = require('node:http');
const { createRequire } = require('node:module');
const { text } = require('node:stream/consumers');
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');
const { getCurrentTraceId, traced, updateCurrentTrace } = require('mlflow-bedrock');
const { NodeHttpHandler } = createRequire(require.resolve('@aws-sdk/client-bedrock-runtime'))(
  '@smithy/node-http-handler',
);

const bedrock = new BedrockRuntimeClient({ requestHandler: new NodeHttpHandler() });
const ask = (path) =>
  new Promise((resolve, reject) => {
    get(`${process.argv[2]}${path}`, (response) => resolve(text(response))).on('error', reject);
  });

const assistant = traced({ name: 'assistant', spanType: 'AGENT' }, async (question) => {
  updateCurrentTrace({ sessionId: 'session 7, Zoë', userId: 'ada' });
  const messages = [{ role: 'user', content: [{ text: question }] }];
  const { usage } = await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  const other = JSON.parse(await ask('/answer'));
  if (process.argv[3] === 'called service sends first') await ask('/flush');
  return { traceId: getCurrentTraceId(), usages: [usage, other.usage], baggage: other.baggage };
});

assistant('Hi').then((told) => {
  bedrock.destroy();
  console.log(JSON.stringify(told));
});
