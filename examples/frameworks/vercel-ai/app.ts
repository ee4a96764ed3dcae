// AI SDK 7 on Amazon Bedrock. It sends with its own fetch and has its own spans. mlflow-bedrock/register turns them on,
// because `@ai-sdk/otel` is installed.
import { bedrock } from '@ai-sdk/amazon-bedrock';
import { embed, isStepCount, rerank, streamText, ToolLoopAgent, tool } from 'ai';
import { z } from 'zod';
import { explainBedrockError } from '../../shared/explain-error.js';

const model = bedrock(process.env['BEDROCK_MODEL_ID'] ?? 'us.amazon.nova-pro-v1:0');
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

const weatherAgent = new ToolLoopAgent({
  model,
  instructions: 'You report the weather of one city. Use the tool; never guess.',
  tools: { get_weather },
  telemetry: { functionId: 'weather-agent' },
});

const travelAgent = new ToolLoopAgent({
  model,
  instructions: 'You are a travel assistant. Ask for the weather of each city.',
  tools: {
    ask_weather_agent: tool({
      description: 'A report of the weather in a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }, { abortSignal }) => {
        const { text } = await weatherAgent.generate({
          prompt: `What is the weather in ${city}?`,
          ...(abortSignal && { abortSignal }),
        });
        return text;
      },
    }),
  },
  runtimeContext: { sessionId: 'example-session', userId: 'example-user' },
  telemetry: { functionId: 'travel-agent', includeRuntimeContext: { sessionId: true, userId: true } },
});

try {
  const { text, totalUsage } = await travelAgent.generate({ prompt: 'What is the weather in Paris and Tokyo?' });
  console.log(text);
  console.log(`Tokens of travel-agent: ${totalUsage.inputTokens} in, ${totalUsage.outputTokens} out.`);

  const answer = streamText({
    model,
    prompt: 'How is the weather in Paris? Say it in one sentence.',
    tools: { get_weather },
    stopWhen: isStepCount(8),
  });
  for await (const part of answer.textStream) process.stdout.write(part);
  process.stdout.write('\n');

  const { embedding } = await embed({
    model: bedrock.embedding('amazon.titan-embed-text-v2:0'),
    value: 'light rain in Paris',
  });
  console.log(`An embedding of ${embedding.length} numbers.`);

  const { ranking } = await rerank({
    model: bedrock.reranking('cohere.rerank-v3-5:0'),
    documents: ['Sunny, 19 degrees in Tokyo', 'Light rain in Paris'],
    query: 'Where does it rain?',
    topN: 1,
  });
  console.log(`The best document: ${ranking[0]?.document}.`);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
