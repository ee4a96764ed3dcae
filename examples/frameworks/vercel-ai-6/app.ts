// AI SDK 6 on Amazon Bedrock. It sends with its own fetch. It creates its own spans for calls with
// `experimental_telemetry`, and mlflow-bedrock/register sends them to MLflow. In an application of your own, the packages
// are called `ai` and `@ai-sdk/amazon-bedrock`.
import { bedrock } from '@ai-sdk/amazon-bedrock-4';
import { embed, generateText, rerank, stepCountIs, streamText, tool } from 'ai-6';
import { traced, updateCurrentTrace } from 'mlflow-bedrock';
import { z } from 'zod';
import { explainBedrockError } from '../../shared/explain-error.js';

const model = bedrock(process.env['BEDROCK_MODEL_ID'] ?? 'amazon.nova-pro-v1:0');
const experimental_telemetry = { isEnabled: true };

const weather: Record<string, string> = { Paris: 'light rain, 11 degrees', Tokyo: 'sunny, 19 degrees' };

const get_weather = tool({
  description: 'The current weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    const report = weather[city] ?? 'unknown';
    console.log(`  get_weather(${city}) -> ${report}`);
    return { report };
  },
});

const agent = traced({ name: 'weather-agent', spanType: 'AGENT' }, async (question: string) => {
  updateCurrentTrace({ sessionId: 'example-session', userId: 'example-user' });
  const { text } = await generateText({
    model,
    system: 'You are a travel assistant. Use the tools for weather; never guess it.',
    prompt: question,
    tools: { get_weather },
    stopWhen: stepCountIs(8),
    experimental_telemetry,
  });
  return text;
});

try {
  console.log(await agent('What is the weather in Paris and Tokyo?'));

  const answer = streamText({
    model,
    prompt: 'How is the weather in Paris? Say it in one sentence.',
    tools: { get_weather },
    stopWhen: stepCountIs(8),
    experimental_telemetry,
  });
  for await (const text of answer.textStream) process.stdout.write(text);
  process.stdout.write('\n');

  const { embedding } = await embed({
    model: bedrock.embedding('amazon.titan-embed-text-v2:0'),
    value: 'light rain in Paris',
    experimental_telemetry,
  });
  console.log(`An embedding of ${embedding.length} numbers.`);

  const { ranking } = await rerank({
    model: bedrock.reranking('cohere.rerank-v3-5:0'),
    documents: ['Sunny, 19 degrees in Tokyo', 'Light rain in Paris'],
    query: 'Where does it rain?',
    topN: 1,
    experimental_telemetry,
  });
  console.log(`The best document: ${ranking[0]?.document}.`);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
