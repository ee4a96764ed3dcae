// Agents of Strands that work together: a graph of two, each of which asks a model, the second one with a sub-agent as a tool.
import { Agent, BedrockModel, Graph, InvokeModelStage, tool } from '@strands-agents/sdk';
import { strandsMiddleware, traced } from 'mlflow-bedrock';
import { z } from 'zod';

const model = () => new BedrockModel({ modelId: 'amazon.nova-pro-v1:0' });

function traceable(agent: Agent): Agent {
  agent.addMiddleware(InvokeModelStage, strandsMiddleware);
  return agent;
}

const helper = traceable(new Agent({ id: 'helper', name: 'helper', model: model(), printer: false }));
const lookUp = traced('look up', async (city: string) => (await helper.invoke(`Where is ${city}?`)).toString());
const getWeather = tool({
  name: 'get_weather',
  description: 'The current weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  callback: ({ city }) => lookUp(city),
});

const graph = new Graph({
  id: 'travel',
  nodes: [
    traceable(new Agent({ id: 'planner', name: 'planner', model: model(), printer: false, systemPrompt: 'Plan.' })),
    traceable(new Agent({ id: 'guide', name: 'guide', model: model(), printer: false, tools: [getWeather] })),
  ],
  edges: [['planner', 'guide']],
});

const { status } = await graph.invoke('What is the weather in Paris?');
console.log(status);
