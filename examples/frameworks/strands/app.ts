// A Strands agent that answers two questions in a row. Strands makes OpenTelemetry spans of its own for the agent, its
// loop and its tools; with `mlflow-bedrock/register` they and the calls to Bedrock beneath them are one trace each.
import { Agent, BedrockModel, InvokeModelStage, tool } from '@strands-agents/sdk';
import { strandsMiddleware } from 'mlflow-bedrock';
import { z } from 'zod';
import { explainBedrockError } from '../../shared/explain-error.js';

// Strands then records questions, answers and tool results as attributes, where MLflow finds them, and not as events.
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
// The one line of tracing: it puts the calls to Bedrock under the agent's spans.
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
