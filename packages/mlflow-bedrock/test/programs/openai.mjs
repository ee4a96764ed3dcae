// Calls models through OpenAI's SDK, as ES modules. Its base URL and key come from the environment.
import OpenAI from 'openai';
import { bedrock } from 'openai/providers/bedrock';

const model = 'openai.gpt-oss-20b-1:0';
const messages = [{ role: 'user', content: 'Hi' }];

const answer = await new OpenAI().chat.completions.create({ model, messages });
console.log(answer.choices[0].message.content);
const client = new OpenAI({ provider: bedrock({ apiKey: 'test' }) });
for await (const event of await client.responses.create({ model, input: 'Hi', stream: true })) {
  if (event.type === 'response.completed') console.log(event.response.status);
}
