import { expect } from 'chai';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const CHAT = '      CHAT_MODEL chat amazon.nova-pro-v1:0';

describe('example frameworks/langchain', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['frameworks/langchain']);
  });

  it('prints the answer from the tool results', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^Here is what I found\. Paris: sky light rain, celsius 11\. Tokyo: sky sunny/m);
  });

  it('leaves one trace of the agent, its retrieval with embeddings, its tools and its model calls', () => {
    expect(run.traces).to.have.length(1);
    // The order is not checked, because spans that start within one millisecond have the same time.
    const lines = run.traces[0] ? outline(run.traces[0]) : [];
    expect(lines).to.have.members([
      'UNKNOWN travel question',
      '  RETRIEVER find guide',
      ...Array(3).fill('    EMBEDDING embeddings amazon.titan-embed-text-v2:0'),
      '  AGENT weather-agent',
      ...Array(2).fill(['    CHAIN model_request', CHAT, '    CHAIN tools', '      TOOL get_weather']).flat(),
    ]);
    // LangGraph may start the tools within one millisecond, but never before the model.
    expect(lines[lines.indexOf('  AGENT weather-agent') + 2]).to.equal(CHAT);
  });

  it('counts every token once', () => {
    const { info, spans } = run.traces[0] ?? expect.fail('no trace');
    expect(spans.filter(({ tokenUsage }) => tokenUsage)).to.have.length(5);
    expect(info.tokenUsage?.inputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.inputTokens));
    expect(info.tokenUsage?.outputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.outputTokens));
    const embeddings = spans.filter(({ type }) => type === 'EMBEDDING');
    expect(sumOf(embeddings, ({ tokenUsage }) => tokenUsage?.inputTokens)).to.be.greaterThan(0);
    expect(info.cost?.totalCost)
      .to.be.closeTo(
        sumOf(spans, ({ cost }) => cost?.totalCost),
        1e-12,
      )
      .and.greaterThan(0);
  });

  it('records question, answer, documents, tool results and the streamed answer', () => {
    const { info, spans } = run.traces[0] ?? expect.fail('no trace');
    expect(info).to.include({ state: 'OK', sessionId: 'example-session', userId: 'example-user' });
    expect(info.requestPreview).to.contain('What is the weather in Paris and Tokyo?');
    expect(info.responsePreview).to.match(/^Here is what I found\./);
    const retriever = spans.find(({ type }) => type === 'RETRIEVER');
    expect(retriever?.outputs).to.have.nested.property('[0].metadata.source', 'travel guides');
    const agent = spans.find(({ type }) => type === 'AGENT');
    expect(agent?.inputs).to.have.nested.property('messages[1].content', 'What is the weather in Paris and Tokyo?');
    expect(agent?.outputs).to.have.nested.property('messages[5].role', 'assistant');
    expect(agent?.outputs).to.have.nested.property('messages[5].content', info.responsePreview);
    const tool = spans.find(({ type }) => type === 'TOOL');
    expect(tool?.inputs).to.deep.equal({ city: 'Paris' });
    expect(tool?.outputs).to.deep.equal({ sky: 'light rain', celsius: 11 });
    const call = spans.find(({ type }) => type === 'CHAT_MODEL');
    expect(call?.events.map(({ name }) => name)).to.include.members(['contentBlockDelta', 'messageStop', 'metadata']);
  });
});
