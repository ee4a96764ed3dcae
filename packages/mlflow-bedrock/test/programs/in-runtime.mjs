// An agent with three calls, for runtimes besides Node.js. With an argument it keeps running until a signal ends it.
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { traced } from 'mlflow-bedrock';
import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: `${process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME}/openai/v1`, apiKey: 'test' });
const client = new BedrockRuntimeClient({});
const modelId = 'amazon.nova-lite-v1:0';
const ask = (text) => ({ modelId, messages: [{ role: 'user', content: [{ text }] }] });

const agent = traced('agent', async (question) => {
  const { output } = await client.send(new ConverseCommand(ask(question)));
  const { stream } = await client.send(new ConverseStreamCommand(ask(question)));
  let text = '';
  for await (const { contentBlockDelta } of stream) text += contentBlockDelta?.delta?.text ?? '';
  const messages = [{ role: 'user', content: question }];
  const { choices } = await openai.chat.completions.create({ model: 'openai.gpt-oss-20b-1:0', messages });
  return [output.message.content[0].text, text, choices[0].message.content];
});

console.log(JSON.stringify(await agent('Hi')));
client.destroy();
if (process.argv[2] === 'keeps running') setInterval(() => {}, 1000);
