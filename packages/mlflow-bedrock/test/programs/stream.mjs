// Reads one streamed answer.
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';

const client = new BedrockRuntimeClient({});
const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
const { stream } = await client.send(new ConverseStreamCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
let chunks = 0;
for await (const _ of stream) chunks += 1;
client.destroy();
console.log(chunks);
