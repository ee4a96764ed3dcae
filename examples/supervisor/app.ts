// A supervisor that delegates work to other agents. Its model sees the agents as tools. Tools that the model requests in
// one answer run side by side. One question makes one trace.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { explainBedrockError } from '../shared/explain-error.js';
import { createAgent } from './agent.js';
import { getWeather, listEvents } from './tools.js';

// The supervisor plans. Its agents have small tasks, so they use a smaller model.
const { BEDROCK_MODEL_ID } = process.env;
const supervisorModelId = BEDROCK_MODEL_ID ?? 'amazon.nova-pro-v1:0';
const agentModelId = BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const bedrock = new BedrockRuntimeClient();

const weatherAgent = createAgent(bedrock, {
  name: 'weather_agent',
  modelId: agentModelId,
  instructions: 'You report the weather. Use the tool; never guess.',
  tools: [getWeather],
});

const eventsAgent = createAgent(bedrock, {
  name: 'events_agent',
  modelId: agentModelId,
  instructions: 'You know what is on. Use the tool; never guess.',
  tools: [listEvents],
});

const supervisor = createAgent(bedrock, {
  name: 'supervisor',
  modelId: supervisorModelId,
  instructions: 'You plan weekends. Ask the agents, for all cities at once, then answer from what they report.',
  tools: [
    {
      name: 'weather_agent',
      description: 'An agent that reports the weather in a city.',
      run: ({ city }) => weatherAgent(`What is the weather in ${city} this weekend?`),
    },
    {
      name: 'events_agent',
      description: 'An agent that reports the events in a city.',
      run: ({ city }) => eventsAgent(`Which events are in ${city} this weekend?`),
    },
  ],
});

try {
  const question = 'I am free this weekend: how is the weather in Paris and Tokyo, and which events are there?';
  console.log(question);
  console.log(await supervisor(question));
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
