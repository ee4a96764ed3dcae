// OpenAI's SDK on Amazon Bedrock, with a Bedrock API key. mlflow-bedrock/register traces its calls, as those of the AWS SDK.
import { traced, updateCurrentTrace } from 'mlflow-bedrock';
import OpenAI from 'openai';
import { explainBedrockError } from '../../shared/explain-error.js';

const model = process.env['BEDROCK_MODEL_ID'] ?? 'openai.gpt-oss-120b-1:0';
const region = process.env['AWS_REGION'] ?? 'us-east-1';
const client = new OpenAI({
  baseURL: process.env['AWS_BEDROCK_BASE_URL'] ?? `https://bedrock-runtime.${region}.amazonaws.com/openai/v1`,
  // The simulator takes any key.
  apiKey: process.env['AWS_BEARER_TOKEN_BEDROCK'] ?? 'none',
});

const weather: Record<string, string> = { Paris: 'light rain, 11 degrees', Tokyo: 'sunny, 19 degrees' };

const getWeather = traced({ name: 'get_weather', spanType: 'TOOL' }, ({ city }: { city: string }): string => {
  const report = weather[city] ?? 'unknown';
  console.log(`  get_weather(${city}) -> ${report}`);
  return report;
});

const agent = traced({ name: 'weather-agent', spanType: 'AGENT' }, async (question: string) => {
  updateCurrentTrace({ sessionId: 'example-session', userId: 'example-user' });
  const runner = client.chat.completions.runTools({
    model,
    messages: [
      { role: 'system', content: 'You are a travel assistant. Use the tools for weather; never guess it.' },
      { role: 'user', content: question },
    ],
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'The current weather in a city.',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          parse: JSON.parse,
          function: getWeather,
        },
      },
    ],
  });
  return runner.finalContent();
});

try {
  console.log(await agent('What is the weather in Paris and Tokyo?'));

  const stream = await client.responses.create({ model, input: 'What is the capital of France?', stream: true });
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') process.stdout.write(event.delta);
  }
  process.stdout.write('\n');
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
