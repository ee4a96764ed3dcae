// A Strands agent that answers two questions. Strands creates OpenTelemetry spans for the agent, its loop and its tools.
// With `mlflow-bedrock/register`, each question becomes one trace of these spans and the calls to Bedrock.
import { Agent, BedrockModel, InvokeModelStage, tool } from '@strands-agents/sdk';
import { strandsMiddleware } from 'mlflow-bedrock';
import { z } from 'zod';
import { explainBedrockError } from '../../shared/explain-error.js';

// Makes Strands record questions, answers and tool results as attributes, which MLflow reads, instead of events.
process.env.OTEL_SEMCONV_STABILITY_OPT_IN ??= 'gen_ai_latest_experimental,gen_ai_span_attributes_only';

const getWeather = tool({
  name: 'get_weather',
  description: 'The current weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  callback: ({ city }) => (city === 'Paris' ? { sky: 'light rain', celsius: 11 } : { sky: 'sunny', celsius: 19 }),
});

const agent = new Agent({
  name: 'travel-agent',
  model: new BedrockModel({ modelId: process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-pro-v1:0' }),
  systemPrompt: 'You are a travel assistant.',
  tools: [getWeather],
  printer: false,
  traceAttributes: { 'session.id': 'example-session', 'user.id': 'example-user' },
});
// The only line of tracing. It makes the calls to Bedrock children of the agent's spans.
agent.addMiddleware(InvokeModelStage, strandsMiddleware);

try {
  for (const question of ['What is the weather in Paris and Tokyo?', 'What is the capital of France?']) {
    const { lastMessage } = await agent.invoke(question);
    console.log(lastMessage.content.map((block) => (block.type === 'textBlock' ? block.text : '')).join(''));
  }
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
