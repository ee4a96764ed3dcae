// The same as app-3-600.cjs, imported.
import { BedrockRuntimeClient, ConverseCommand } from 'client-bedrock-runtime-3-600';

const client = new BedrockRuntimeClient({});
await client.send(
  new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
);
client.destroy();
