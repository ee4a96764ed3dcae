// Anthropic's SDK on Amazon Bedrock. It sends with its own fetch and creates its own spans.
// mlflow-bedrock/register sends them to MLflow.
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { anthropicMiddleware, traced, updateCurrentTrace } from 'mlflow-bedrock';
import { explainBedrockError } from '../../shared/explain-error.js';

const model = process.env['BEDROCK_MODEL_ID'] ?? 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const client = new AnthropicBedrock({
  // Unlike the AWS SDK, Anthropic's SDK does not read this variable.
  baseURL: process.env['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'],
  // Completes the SDK's spans of model calls with the whole request and the whole answer.
  middleware: [anthropicMiddleware],
  // Makes the SDK record what the tools of its tool runner get and return.
  openTelemetry: { traces: { contentMode: 'content' } },
});

const weather: Record<string, string> = { Paris: 'light rain, 11 degrees', Tokyo: 'sunny, 19 degrees' };

const getWeather = {
  name: 'get_weather',
  description: 'The current weather in a city.',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
  parse: (input: unknown) => input as { city: string },
  run({ city }: { city: string }): string {
    const report = weather[city] ?? 'unknown';
    console.log(`  get_weather(${city}) -> ${report}`);
    return report;
  },
};

const agent = traced({ name: 'weather-agent', spanType: 'AGENT' }, async (question: string) => {
  updateCurrentTrace({ sessionId: 'example-session', userId: 'example-user' });
  const { content } = await client.beta.messages.toolRunner({
    model,
    max_tokens: 500,
    system: 'You are a travel assistant. Use the tools for weather; never guess it.',
    messages: [{ role: 'user', content: question }],
    tools: [getWeather],
    max_iterations: 8,
  });
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
});

try {
  console.log(await agent('What is the weather in Paris and Tokyo?'));

  const stream = await client.messages.create({
    model,
    max_tokens: 200,
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    stream: true,
  });
  for await (const event of stream) {
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
      process.stdout.write(event.delta.text);
  }
  process.stdout.write('\n');
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
