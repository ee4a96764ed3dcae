// A LangChain agent with retrieval: it finds documents by embeddings, calls tools and streams the answer. It needs no
// tracing set-up: `mlflow-bedrock/register` traces LangChain's calls to Bedrock. `langchainHandler` adds the steps of the
// agent, and `traced` the functions of this file.
import { BedrockEmbeddings, ChatBedrockConverse } from '@langchain/aws';
import { AIMessageChunk } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { createAgent } from 'langchain';
import { langchainHandler, traced, updateCurrentTrace } from 'mlflow-bedrock';
import { z } from 'zod';
import { explainBedrockError } from '../../shared/explain-error.js';

const region = process.env.AWS_REGION ?? 'us-east-1';
const model = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-pro-v1:0';
// The AWS SDK retries temporary errors. LangChain would also retry denied requests, for minutes.
const embeddings = new BedrockEmbeddings({ region, model: 'amazon.titan-embed-text-v2:0', maxRetries: 0 });

const guides = [
  'Paris: bring an umbrella, the museums are closed on Tuesdays.',
  'Tokyo: trains stop at midnight, pay in cash at the market.',
];

const findGuide = traced({ name: 'find guide', spanType: 'RETRIEVER' }, async (question: string) => {
  const [wanted = [], ...vectors] = await Promise.all([question, ...guides].map((text) => embeddings.embedQuery(text)));
  const scores = vectors.map((vector) => vector.reduce((sum, value, index) => sum + value * (wanted[index] ?? 0), 0));
  const best = guides[scores.indexOf(Math.max(...scores))] ?? '';
  return [{ page_content: best, metadata: { source: 'travel guides' } }];
});

const getWeather = tool(
  async ({ city }) => (city === 'Paris' ? { sky: 'light rain', celsius: 11 } : { sky: 'sunny', celsius: 19 }),
  {
    name: 'get_weather',
    description: 'The current weather in a city.',
    schema: z.object({ city: z.string() }),
  },
);

const agent = createAgent({
  name: 'weather-agent',
  model: new ChatBedrockConverse({ region, model }),
  tools: [getWeather],
});

const answer = traced('travel question', async (question: string) => {
  updateCurrentTrace({ sessionId: 'example-session', userId: 'example-user' });
  const [guide] = await findGuide(question);
  const messages = [
    { role: 'system', content: `You are a travel assistant. From the guide: ${guide?.page_content}` },
    { role: 'user', content: question },
  ];
  // The handler makes the agent, its steps and its tools spans.
  const stream = await agent.stream({ messages }, { streamMode: 'messages', callbacks: [langchainHandler] });
  let last: AIMessageChunk | undefined;
  for await (const [chunk] of stream) {
    if (!AIMessageChunk.isInstance(chunk)) continue;
    const isSameMessage = last !== undefined && last.id === chunk.id;
    if (last !== undefined && !isSameMessage) process.stdout.write('\n');
    process.stdout.write(chunk.text);
    last = last !== undefined && isSameMessage ? last.concat(chunk) : chunk;
  }
  process.stdout.write('\n');
  return last?.text;
});

try {
  await answer('What is the weather in Paris and Tokyo?');
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
