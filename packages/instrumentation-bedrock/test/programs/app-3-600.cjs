// The oldest SDK with Converse. Its `send` is defined in another package than today's.
const { BedrockRuntimeClient, ConverseCommand } = require('client-bedrock-runtime-3-600');

const client = new BedrockRuntimeClient({});
client
  .send(
    new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
  )
  .finally(() => client.destroy());
