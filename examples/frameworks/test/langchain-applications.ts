/** Applications with LangChain and LangGraph, whose spans `examples/test/frameworks-langchain-steps.test.ts` checks. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { ChatBedrockConverse } from '@langchain/aws';
import { Document } from '@langchain/core/documents';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { BaseRetriever } from '@langchain/core/retrievers';
import { RunnableLambda } from '@langchain/core/runnables';
import { tool } from '@langchain/core/tools';
import {
  Command,
  entrypoint,
  interrupt,
  type LangGraphRunnableConfig,
  MemorySaver,
  MessagesAnnotation,
  StateGraph,
  task,
} from '@langchain/langgraph';
import { createAgent } from 'langchain';
import { BedrockInstrumentation, langchainHandler, traced } from 'mlflow-bedrock';
import { z } from 'zod';

type Callbacks = (typeof langchainHandler)[];
export const HANDLER: Callbacks = [langchainHandler];
const QUESTION = { messages: [{ role: 'user' as const, content: 'What is the weather in Paris?' }] };

/** The instrumentation of the SDK that these applications use. */
export function instrumentSdk(): BedrockInstrumentation {
  const instrumentation = new BedrockInstrumentation();
  instrumentation.manuallyInstrument(sdk);
  return instrumentation;
}

export function applications(endpoint: string) {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new sdk.BedrockRuntimeClient({ region: 'us-east-1', endpoint, credentials });
  const model = new ChatBedrockConverse({ region: 'us-east-1', model: 'amazon.nova-pro-v1:0', client });

  const lookUp = traced('look up', async (city: string) => `sunny in ${city}`);
  const getWeather = tool(async ({ city }: { city: string }) => lookUp(city), {
    name: 'get_weather',
    description: 'The current weather in a city.',
    schema: z.object({ city: z.string() }),
  });
  const failingTool = tool(
    async (_: { city: string }) => {
      throw new RangeError('no such city');
    },
    { name: 'get_weather', description: 'The current weather in a city.', schema: z.object({ city: z.string() }) },
  );
  const agent = createAgent({ model, tools: [getWeather], name: 'weather-agent' });
  const failing = createAgent({ model, tools: [failingTool], name: 'weather-agent' });
  const chain = ChatPromptTemplate.fromTemplate('What is the capital of {country}?')
    .pipe(model)
    .pipe(new StringOutputParser());
  const ask = async ({ messages }: typeof MessagesAnnotation.State) => ({ messages: [await model.invoke(messages)] });

  const delegate = traced('delegate', async (city: string) => {
    const { messages } = await helper.invoke({ messages: [{ role: 'user', content: `Where is ${city}?` }] });
    return messages.at(-1)?.text ?? '';
  });
  const askHelper = tool(async ({ city }: { city: string }) => delegate(city), {
    name: 'get_weather',
    description: 'The current weather in a city.',
    schema: z.object({ city: z.string() }),
  });
  const helper = createAgent({ model, tools: [], name: 'helper' });
  const leader = createAgent({ model, tools: [askHelper], name: 'leader' });
  const askModel = task('ask', async (question: string) => (await model.invoke(question)).text);

  return {
    client,
    /** An agent with another one in a traced function of a tool. The other one gets no callbacks. */
    askLeader: (callbacks: Callbacks) => leader.invoke(QUESTION, { callbacks }),
    /** Two tasks of LangGraph's functional API, side by side. */
    workflow: entrypoint('workflow', async (question: string) =>
      Promise.all([askModel(question), askModel(`${question}!`)]),
    ),
    model,
    chain,
    askAgent: (callbacks: Callbacks, thread?: string) =>
      agent.invoke(QUESTION, { callbacks, ...(thread === undefined ? {} : { configurable: { thread_id: thread } }) }),
    streamAgent: (callbacks: Callbacks) => agent.stream(QUESTION, { callbacks, streamMode: 'messages' }),
    askFailingAgent: (callbacks: Callbacks) => failing.invoke(QUESTION, { callbacks }),
    /** Two nodes, one of which streams in a lambda without a name, inside a traced function. */
    graph: () =>
      new StateGraph(MessagesAnnotation)
        .addNode('ask', ask)
        .addNode(
          'summarize',
          traced('summary', async ({ messages }: typeof MessagesAnnotation.State, config: LangGraphRunnableConfig) => {
            const read = RunnableLambda.from(async () => {
              let text = '';
              for await (const chunk of await model.stream(messages)) text += chunk.text;
              return { messages: [{ role: 'assistant', content: text }] };
            });
            return read.invoke({}, config);
          }),
        )
        .addEdge('__start__', 'ask')
        .addEdge('ask', 'summarize')
        .compile({ name: 'report' }),
    /** Asks a graph that waits for a person, and then answers it. */
    waitingGraph: () => {
      const graph = new StateGraph(MessagesAnnotation)
        .addNode('approve', async () => ({
          messages: [{ role: 'user' as const, content: interrupt('May I?') as string }],
        }))
        .addNode('ask', ask)
        .addEdge('__start__', 'approve')
        .addEdge('approve', 'ask')
        .compile({ checkpointer: new MemorySaver() });
      const config = { callbacks: HANDLER, configurable: { thread_id: 'thread-8' } };
      return {
        ask: () => graph.invoke(QUESTION, config),
        answer: (answer: string) => graph.invoke(new Command({ resume: answer }), config),
      };
    },
    question: QUESTION,
    retrieve: (callbacks: Callbacks) => new Guides().invoke('Paris', { callbacks }),
    lambda: RunnableLambda.from(async (country: string) => chain.invoke({ country })).withConfig({
      runName: 'capital',
    }),
  };
}

/** Finds one travel guide. */
class Guides extends BaseRetriever {
  override lc_namespace = ['tests'];
  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    return [new Document({ pageContent: `${query}: bring an umbrella.`, metadata: { source: 'guides' } })];
  }
}
