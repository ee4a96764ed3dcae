/** The spans of LangChain's steps that `langchainHandler` makes, and their places. */

import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { type BedrockInstrumentation, CurrentTraceProcessor, getCurrentTraceId, traced } from 'mlflow-bedrock';
import { applications, HANDLER, instrumentSdk } from '../frameworks/test/langchain-applications.js';

const CHAT = 'CHAT_MODEL chat amazon.nova-pro-v1:0';
const AGENT = [
  'AGENT weather-agent',
  '  CHAIN model_request',
  `    ${CHAT}`,
  '  CHAIN tools',
  '    TOOL get_weather',
  '      UNKNOWN look up',
  '  CHAIN model_request',
  `    ${CHAT}`,
];

describe('langchainHandler', () => {
  let simulator: Simulator;
  let instrumentation: BedrockInstrumentation;
  let app: ReturnType<typeof applications>;
  let provider: NodeTracerProvider;
  const memory = new InMemorySpanExporter();
  before(async () => {
    simulator = await startSimulator();
    instrumentation = instrumentSdk();
    provider = new NodeTracerProvider({
      spanProcessors: [new CurrentTraceProcessor(), new SimpleSpanProcessor(memory)],
    });
    provider.register();
    instrumentation.setTracerProvider(provider);
    app = applications(simulator.url);
  });
  beforeEach(() => memory.reset());
  after(async () => {
    app.client.destroy();
    instrumentation.disable();
    await provider.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
    await simulator.close();
  });

  const spans = () => memory.getFinishedSpans();
  const span = (name: string): ReadableSpan => spans().find((one) => one.name === name) ?? expect.fail(`no ${name}`);
  const content = (name: string, key: 'mlflow.spanInputs' | 'mlflow.spanOutputs'): unknown =>
    JSON.parse(String(span(name).attributes[key]));

  it('makes one trace of an agent, its steps, its tools and their calls to Bedrock', async () => {
    await app.askAgent(HANDLER);
    expect(outline(spans())).to.deep.equal(AGENT);
    expect(span('weather-agent').attributes).to.include({ 'gen_ai.operation.name': 'invoke_agent' });
    expect(span('get_weather').attributes).to.include({ 'gen_ai.operation.name': 'execute_tool' });
    expect(span('get_weather').attributes['gen_ai.tool.call.id']).to.be.a('string');
  });

  it('records the conversation of an agent as that of a chat API, and what its tools get and return', async () => {
    await app.askAgent(HANDLER);
    expect(content('weather-agent', 'mlflow.spanInputs')).to.deep.equal({ messages: app.question.messages });
    const { messages } = content('weather-agent', 'mlflow.spanOutputs') as { messages: Record<string, unknown>[] };
    expect(messages.map(({ role }) => role)).to.deep.equal(['user', 'assistant', 'tool', 'assistant']);
    expect(messages[1]).to.have.nested.property('tool_calls[0].function.arguments', '{"city":"Paris"}');
    expect(content('get_weather', 'mlflow.spanInputs')).to.deep.equal({ city: 'Paris' });
    expect(content('get_weather', 'mlflow.spanOutputs')).to.equal('sunny in Paris');
  });

  it('returns what the agent returns without it, and leaves the context as it was', async () => {
    const strip = (answer: { messages: { content: unknown }[] }) => answer.messages.map(({ content }) => content);
    const without = strip(await app.askAgent([]));
    expect(strip(await app.askAgent(HANDLER))).to.deep.equal(without);
    expect(trace.getActiveSpan()).to.equal(undefined);
    expect(getCurrentTraceId()).to.equal(undefined);
  });

  it('keeps agents apart that answer at the same time, below the functions that asked them', async () => {
    const question = traced('question', async (_user: string) => app.askAgent(HANDLER));
    await Promise.all(['ada', 'bob', 'eve'].map((user) => question(user)));
    const traces = new Set(spans().map((one) => one.spanContext().traceId));
    expect(traces).to.have.property('size', 3);
    for (const id of traces) {
      const own = spans().filter((one) => one.spanContext().traceId === id);
      expect(outline(own)).to.deep.equal(['UNKNOWN question', ...AGENT.map((line) => `  ${line}`)]);
    }
  });

  it('names the conversation by the thread of LangGraph', async () => {
    await app.askAgent(HANDLER, 'thread-7');
    expect(span('weather-agent').attributes).to.include({ 'gen_ai.conversation.id': 'thread-7' });
  });

  it('ends all spans when the reader of a stream stops early', async () => {
    for await (const _chunk of await app.streamAgent(HANDLER)) break;
    await until(() => spans().length >= 3);
    expect(outline(spans()).slice(0, 3)).to.deep.equal(AGENT.slice(0, 3));
  });

  it('reports the error of a tool on its span only, because the agent goes on', async () => {
    await app.askFailingAgent(HANDLER);
    expect(span('get_weather').status).to.deep.equal({ code: 2, message: 'RangeError: no such city' });
    expect(span('get_weather').attributes).to.include({ 'error.type': 'RangeError' });
    expect(spans().filter(({ status }) => status.code === 2)).to.have.length(1);
  });

  it('reports the error of a model on each span above, and the application gets the same error', async () => {
    const failing = applications(simulator.endpoint({ scenario: 'validation-error' }));
    const error = await failing.askAgent(HANDLER).catch((thrown: unknown) => thrown);
    const without = await failing.askAgent([]).catch((thrown: unknown) => thrown);
    failing.client.destroy();
    expect(error)
      .to.be.an('error')
      .with.property('message', (without as Error).message);
    for (const name of ['model_request', 'weather-agent']) {
      expect(span(name).attributes, name).to.include({ 'error.type': 'ValidationException' });
    }
  });

  it('puts the calls of graph nodes below them, also below traced functions and in streams', async () => {
    await app.graph().invoke(app.question, { callbacks: HANDLER });
    expect(outline(spans())).to.deep.equal([
      'CHAIN report',
      '  CHAIN ask',
      `    ${CHAT}`,
      '  CHAIN summarize',
      '    UNKNOWN summary',
      `      ${CHAT}`,
    ]);
  });

  it('puts an agent that a tool calls below the tool and below the traced function around it', async () => {
    await app.askLeader(HANDLER);
    expect(outline(spans()).slice(3, 9)).to.deep.equal([
      '  CHAIN tools',
      '    TOOL get_weather',
      '      UNKNOWN delegate',
      '        AGENT helper',
      '          CHAIN model_request',
      `            ${CHAT}`,
    ]);
  });

  it('makes one span of an entrypoint of the functional API, with its tasks below', async () => {
    await app.workflow.invoke('What is the capital of France?', { callbacks: HANDLER });
    const tasks = Array(2)
      .fill(['  CHAIN ask', `    ${CHAT}`])
      .flat();
    expect(outline(spans())).to.deep.equal(['CHAIN workflow', ...tasks]);
  });

  it('shows an interrupt of a graph as its output and not as an error', async () => {
    const graph = app.waitingGraph();
    await graph.ask();
    expect(outline(spans())).to.deep.equal(['CHAIN LangGraph', '  CHAIN approve']);
    expect(spans().map(({ status }) => status.code)).to.deep.equal([0, 0]);
    expect(span('approve').attributes['mlflow.spanOutputs']).to.contain('May I?');
    memory.reset();
    await graph.answer('Yes');
    expect(outline(spans())).to.deep.equal(['CHAIN LangGraph', '  CHAIN approve', '  CHAIN ask', `    ${CHAT}`]);
  });

  it('adds no span for prompts, parsers and sequences, whose model calls stay below the span around them', async () => {
    await app.chain.invoke({ country: 'France' }, { callbacks: HANDLER });
    expect(outline(spans())).to.deep.equal([CHAT]);
    memory.reset();
    await traced('question', () => app.chain.invoke({ country: 'France' }, { callbacks: HANDLER }))();
    expect(outline(spans())).to.deep.equal(['UNKNOWN question', `  ${CHAT}`]);
    memory.reset();
    await app.lambda.invoke('France', { callbacks: HANDLER });
    expect(outline(spans())).to.deep.equal(['CHAIN capital', `  ${CHAT}`]);
  });

  it('records the documents of a retriever below the span around it', async () => {
    await app.retrieve(HANDLER);
    expect(spans()).to.deep.equal([]);
    await traced('question', () => app.retrieve(HANDLER))();
    expect(outline(spans())).to.deep.equal(['UNKNOWN question', '  RETRIEVER Guides']);
    expect(content('Guides', 'mlflow.spanInputs')).to.deep.equal({ query: 'Paris' });
    expect(content('Guides', 'mlflow.spanOutputs')).to.deep.equal([
      { page_content: 'Paris: bring an umbrella.', metadata: { source: 'guides' } },
    ]);
  });
});

/** Type and name of each span, indented by depth, in the order of their start. */
function outline(all: readonly ReadableSpan[]): string[] {
  const ids = new Set(all.map((span) => span.spanContext().spanId));
  const below = (parentId: string | undefined, depth: number): string[] =>
    all
      .filter(
        ({ parentSpanContext: parent }) => (parent && ids.has(parent.spanId) ? parent.spanId : undefined) === parentId,
      )
      .toSorted((one, other) => one.startTime[0] - other.startTime[0] || one.startTime[1] - other.startTime[1])
      .flatMap((span) => [
        `${'  '.repeat(depth)}${span.attributes['mlflow.spanType']} ${span.name}`,
        ...below(span.spanContext().spanId, depth + 1),
      ]);
  return below(undefined, 0);
}

/** Waits for work that LangChain goes on with in the background. */
async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !isDone(); turn++) await new Promise((resolve) => setImmediate(resolve));
}
