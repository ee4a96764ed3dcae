// A LangChain agent with retrieval: it finds documents by embeddings, calls tools and streams the answer. It needs no
// tracing set-up. `mlflow-bedrock/register` traces LangChain's calls to Bedrock, and `traced` adds the spans above them.
import { BedrockEmbeddings, ChatBedrockConverse } from '@langchain/aws';
import { type BaseMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { traced, updateCurrentTrace } from 'mlflow-bedrock';
import { z } from 'zod';
import { explainBedrockError } from '../../shared/explain-error.js';

const MAX_TURNS = 8;
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

const readWeather = traced({ name: 'get_weather', spanType: 'TOOL' }, async ({ city }: { city: string }) =>
  city === 'Paris' ? { sky: 'light rain', celsius: 11 } : { sky: 'sunny', celsius: 19 },
);

// LangChain passes more arguments than the input, and the span would show all of them. So pass on only the input.
const getWeather = tool((input) => readWeather(input), {
  name: 'get_weather',
  description: 'The current weather in a city.',
  schema: z.object({ city: z.string() }),
});

const chat = new ChatBedrockConverse({ region, model }).bindTools([getWeather]);

const travelAgent = traced({ name: 'travel-agent', spanType: 'AGENT' }, async (question: string) => {
  updateCurrentTrace({ sessionId: 'example-session', userId: 'example-user' });
  const [guide] = await findGuide(question);
  const messages: BaseMessage[] = [
    new SystemMessage(`You are a travel assistant. From the guide: ${guide?.page_content}`),
    new HumanMessage(question),
  ];
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const answer = await readAloud(messages);
    if (!answer.tool_calls?.length) return answer.text;
    messages.push(answer, ...(await Promise.all(answer.tool_calls.map((call) => getWeather.invoke(call)))));
  }
  throw new Error(`No answer after ${MAX_TURNS} turns.`);
});

/** Prints the answer as it arrives. */
async function readAloud(messages: BaseMessage[]) {
  const chunks = await chat.stream(messages);
  let answer: Awaited<ReturnType<typeof chat.invoke>> | undefined;
  for await (const chunk of chunks) {
    process.stdout.write(chunk.text);
    answer = answer === undefined ? chunk : answer.concat(chunk);
  }
  process.stdout.write('\n');
  if (answer === undefined) throw new Error('The model answered nothing.');
  return answer;
}

try {
  await travelAgent('What is the weather in Paris and Tokyo?');
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
