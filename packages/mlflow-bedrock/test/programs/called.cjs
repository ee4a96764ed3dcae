// A service that calls a model for its answer. It sets no session.
const { createServer } = require('node:http');
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');
const { autolog, traced } = require('mlflow-bedrock');

const bedrock = new BedrockRuntimeClient({});
const research = traced({ name: 'research', spanType: 'AGENT' }, async (question) => {
  const messages = [{ role: 'user', content: [{ text: question }] }];
  const { usage } = await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  return usage;
});

const server = createServer(async (request, response) => {
  if (request.url === '/flush') await autolog().flush();
  else response.write(JSON.stringify({ usage: await research('What is new?'), baggage: request.headers.baggage }));
  response.end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
