/** AI SDK 7 needs Node.js 22 or newer, so its examples run with a Node.js of their own. */

import { inspect } from 'node:util';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { MlflowSpan, MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { newerNode } from 'testing/npm.js';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const MODEL = 'us.amazon.nova-pro-v1:0';

describe('example frameworks/vercel-ai', function () {
  this.timeout(240_000);
  let node: string;
  let run: ExampleRun;
  let agent: MlflowTrace;
  let stream: MlflowTrace;
  let embedding: MlflowTrace;
  let reranking: MlflowTrace;

  before(async () => {
    node = await newerNode();
    run = await runExample(['frameworks/vercel-ai'], {}, node);
    expect(run.code, run.output).to.equal(0);
    expect(run.traces, run.output).to.have.length(4);
    [agent, stream, embedding, reranking] = run.traces as [MlflowTrace, MlflowTrace, MlflowTrace, MlflowTrace];
  });

  it('prints its tool runs and its answers, and no warning', () => {
    // Both agents run side by side.
    expect(run.output)
      .to.match(/get_weather\(Paris\) -> light rain/)
      .and.to.match(/get_weather\(Tokyo\) -> sunny/);
    expect(run.output).to.match(/^Here is what I found\. .*light rain.*sunny/m);
    expect(run.output).to.match(/^An embedding of \d+ numbers\.\nThe best document: Light rain in Paris\.$/m);
    expect(run.output).to.not.match(/warn|opentelemetry-instrumentation-bedrock/i);
  });

  it('leaves a trace of an agent with its steps, and with the agents that ran as its tools', () => {
    const chat = `CHAT_MODEL chat ${MODEL}`;
    const called = [
      '    TOOL execute_tool ask_weather_agent',
      '      AGENT invoke_agent weather-agent',
      '        CHAIN step 1',
      `          ${chat}`,
      '          TOOL execute_tool get_weather',
      '        CHAIN step 2',
      `          ${chat}`,
    ];
    // The order is not checked, because agents run side by side.
    expect(outline(agent)).to.have.members([
      'AGENT invoke_agent travel-agent',
      '  CHAIN step 1',
      `    ${chat}`,
      ...called,
      ...called,
      '  CHAIN step 2',
      `    ${chat}`,
    ]);
    expect(outline(stream)).to.have.members([
      `AGENT invoke_agent ${MODEL}`,
      '  CHAIN step 1',
      `    ${chat}`,
      '    TOOL execute_tool get_weather',
      '  CHAIN step 2',
      `    ${chat}`,
    ]);
  });

  it('counts tokens and cost once, on the calls to the model', () => {
    for (const { info, spans } of [agent, stream]) {
      const chats = named(spans, /^chat /);
      expect(spans.filter(({ tokenUsage, cost }) => tokenUsage ?? cost)).to.deep.equal(chats);
      expect(info.tokenUsage).to.include({
        inputTokens: sumOf(chats, ({ attributes }) => Number(attributes['gen_ai.usage.input_tokens'])),
        outputTokens: sumOf(chats, ({ attributes }) => Number(attributes['gen_ai.usage.output_tokens'])),
      });
      expect(info.cost?.totalCost)
        .to.be.closeTo(
          sumOf(chats, ({ cost }) => cost?.totalCost),
          1e-12,
        )
        .and.greaterThan(0);
    }
    // The AI SDK's sum of an agent has its own calls only.
    const [, input, output] = /^Tokens of travel-agent: (\d+) in, (\d+) out\.$/m.exec(run.output) ?? [];
    const own = named(agent.spans, /^step /).filter(({ parentSpanId }) => parentSpanId === agent.spans[0]?.spanId);
    const ownChats = agent.spans.filter(({ parentSpanId }) => own.some(({ spanId }) => spanId === parentSpanId));
    expect(sumOf(ownChats, ({ tokenUsage }) => tokenUsage?.inputTokens)).to.equal(Number(input));
    expect(sumOf(ownChats, ({ tokenUsage }) => tokenUsage?.outputTokens)).to.equal(Number(output));
    expect(agent.info.tokenUsage?.inputTokens).to.be.greaterThan(Number(input));
  });

  it('shows question, answer, session and user in the list of traces', () => {
    expect(agent.info).to.include({
      state: 'OK',
      sessionId: 'example-session',
      userId: 'example-user',
      requestPreview: 'What is the weather in Paris and Tokyo?',
    });
    expect(agent.info.responsePreview).to.match(/^Here is what I found\. Paris: /);
    expect(stream.info.requestPreview).to.equal('How is the weather in Paris? Say it in one sentence.');
    expect(stream.info.responsePreview).to.match(/^Here is what I found\. Paris: /);
  });

  it('records the system prompt, tools, messages and results of tools', () => {
    const [chat] = named(agent.spans, /^chat /);
    const system = 'You are a travel assistant. Ask for the weather of each city.';
    expect(chat?.inputs).to.deep.include({ role: 'system', parts: [{ type: 'text', content: system }] });
    expect(chat?.outputs).to.have.nested.property('[0].parts[1].name', 'ask_weather_agent');
    expect(chat?.attributes['mlflow.chat.tools']).to.have.nested.property('[0].function.name', 'ask_weather_agent');
    for (const { inputs } of named(agent.spans, /^chat /)) {
      for (const { role, parts } of inputs as { role: string; parts: unknown[] }[]) {
        if (role === 'tool') expect(parts, 'MLflow shows the last one only').to.have.length(1);
      }
    }
    const [tool] = named(stream.spans, /^execute_tool /);
    expect(tool?.inputs).to.deep.equal({ city: 'Paris' });
    expect(tool?.outputs).to.deep.equal({ report: 'light rain, 11 degrees' });
  });

  it('counts an embedding once, and records documents and ranking of a reranking model', () => {
    const name = 'embeddings amazon.titan-embed-text-v2:0';
    expect(outline(embedding)).to.deep.equal([`EMBEDDING ${name}`, `  EMBEDDING ${name}`]);
    expect(embedding.spans.filter(({ tokenUsage }) => tokenUsage)).to.have.length(1);
    expect(embedding.info.tokenUsage?.inputTokens).to.be.greaterThan(0);
    expect(embedding.info.cost?.totalCost).to.be.greaterThan(0);
    const rerank = 'rerank cohere.rerank-v3-5:0';
    expect(outline(reranking)).to.deep.equal([`RERANKER ${rerank}`, `  RERANKER ${rerank}`]);
    const documents = ['Sunny, 19 degrees in Tokyo', 'Light rain in Paris'];
    expect(reranking.spans.map(({ inputs }) => inputs)).to.deep.equal([{ documents }, { documents }]);
    expect(reranking.spans[1]?.outputs).to.have.nested.property('ranking[0].index', 1);
  });

  it('has no content if the switch of the process is off', async () => {
    const { code, output, traces } = await runExample(
      ['frameworks/vercel-ai'],
      { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'false' },
      node,
    );
    expect(code, output).to.equal(0);
    expect(traces.map(outline)).to.deep.equal(run.traces.map(outline));
    expect(traces.map(({ info }) => info.tokenUsage)).to.deep.equal(run.traces.map(({ info }) => info.tokenUsage));
    expect(inspect(traces, { depth: Number.POSITIVE_INFINITY, maxStringLength: null })).to.not.match(
      /Paris|Tokyo|rain|travel assistant|What is|A report of|found/i,
    );
  });

  it('has the error of Bedrock on the call to the model and on all spans above', async () => {
    const simulator = await startSimulator();
    try {
      const { code, output, traces } = await runExample(
        ['frameworks/vercel-ai'],
        { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.endpoint({ scenario: 'access-denied' }) },
        node,
      );
      expect(code).to.equal(1);
      expect(output).to.match(/^AWS denies the use of this model: .*\(AccessDeniedException: /m);
      expect(traces.map(({ info }) => info.state)).to.deep.equal(['ERROR']);
      const [trace] = traces as [MlflowTrace];
      expect(outline(trace)).to.deep.equal([
        'AGENT invoke_agent travel-agent',
        '  CHAIN step 1',
        `    CHAT_MODEL chat ${MODEL}`,
      ]);
      for (const { ok, events } of trace.spans) {
        expect(ok).to.equal(false);
        expect(events.map(({ name }) => name)).to.deep.equal(['exception']);
      }
    } finally {
      await simulator.close();
    }
  });
});

function named(spans: readonly MlflowSpan[], name: RegExp): MlflowSpan[] {
  return spans.filter((span) => name.test(span.name));
}
