// An agent with two calls, for runtimes besides Node.js. With an argument it keeps running until a signal ends it.
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { traced } from 'mlflow-bedrock';

const client = new BedrockRuntimeClient({});
const modelId = 'amazon.nova-lite-v1:0';
const ask = (text) => ({ modelId, messages: [{ role: 'user', content: [{ text }] }] });

const agent = traced('agent', async (question) => {
  const { output } = await client.send(new ConverseCommand(ask(question)));
  const { stream } = await client.send(new ConverseStreamCommand(ask(question)));
  let text = '';
  for await (const { contentBlockDelta } of stream) text += contentBlockDelta?.delta?.text ?? '';
  return [output.message.content[0].text, text];
});

console.log(JSON.stringify(await agent('Hi')));
client.destroy();
if (process.argv[2] === 'keeps running') setInterval(() => {}, 1000);
