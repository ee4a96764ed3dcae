import { expect } from 'chai';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const EMBEDDING = '    EMBEDDING embeddings amazon.titan-embed-text-v2:0';
const CHAT = '  CHAT_MODEL chat amazon.nova-pro-v1:0';

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
    expect(run.traces[0] && outline(run.traces[0])).to.have.members([
      'AGENT travel-agent',
      '  RETRIEVER find guide',
      EMBEDDING,
      EMBEDDING,
      EMBEDDING,
      CHAT,
      '  TOOL get_weather',
      '  TOOL get_weather',
      CHAT,
    ]);
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
    expect(spans[0]?.inputs).to.deep.equal({ question: 'What is the weather in Paris and Tokyo?' });
    expect(spans[0]?.outputs).to.be.a('string').that.contains('Here is what I found.');
    const retriever = spans.find(({ type }) => type === 'RETRIEVER');
    expect(retriever?.outputs).to.have.nested.property('[0].metadata.source', 'travel guides');
    const tool = spans.find(({ type }) => type === 'TOOL');
    expect(tool?.inputs).to.deep.equal({ city: 'Paris' });
    expect(tool?.outputs).to.deep.equal({ sky: 'light rain', celsius: 11 });
    const call = spans.find(({ type }) => type === 'CHAT_MODEL');
    expect(call?.events.map(({ name }) => name)).to.include.members(['contentBlockDelta', 'messageStop', 'metadata']);
  });
});
