import { expect } from 'chai';
import type { MlflowSpan } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const QUESTION = 'How many days do a refund and a delivery take?';
const EMBEDDING = 'EMBEDDING embeddings cohere.embed-english-v3';
const CLAUDE = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const CITED = {
  'handbook/refunds.md': 'A refund takes five working days after the bicycle has arrived in our workshop.',
  'handbook/delivery.md': 'Delivery takes three working days in the city and seven elsewhere.',
};

interface Retrieved {
  page_content: string;
  metadata: { doc_uri: string; title: string; similarity: number };
}

describe('example rag', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['rag']);
  });

  /** Returns a span of the second trace, which is that of the answer. */
  function spanOf(type: string): MlflowSpan {
    return run.traces[1]?.spans.find((span) => span.type === type) ?? expect.fail(`no span ${type}`);
  }

  it('prints an answer with numbered sources', () => {
    expect(run.code, run.output).to.equal(0);
    for (const [source, sentence] of Object.entries(CITED)) {
      const number = new RegExp(`^\\[(\\d)\\] ${source}$`, 'm').exec(run.output)?.[1];
      expect(run.output).to.contain(`${sentence} [${number}]`);
    }
  });

  it('leaves a trace of the indexing and a trace of the answer', () => {
    const [indexing, answer] = run.traces;
    expect(run.traces).to.have.length(2);
    expect(indexing && outline(indexing)).to.deep.equal(['CHAIN index documents', `  ${EMBEDDING}`]);
    expect(answer && outline(answer)).to.deep.equal([
      'CHAIN answer',
      '  RETRIEVER retrieve',
      `    ${EMBEDDING}`,
      '  RERANKER rerank cohere.rerank-v3-5:0',
      `  CHAT_MODEL chat ${CLAUDE}`,
    ]);
  });

  it('shows the retrieved documents with the nearest one first', () => {
    const { inputs, outputs } = spanOf('RETRIEVER');
    expect(inputs).to.deep.equal({ query: QUESTION });
    const found = outputs as Retrieved[];
    expect(found).to.have.length(4);
    for (const document of found) expect(document.page_content).to.be.a('string').that.is.not.empty;
    expect(found.slice(0, 2).map(({ metadata }) => metadata.doc_uri)).to.have.members(Object.keys(CITED));
    const similarities = found.map(({ metadata }) => metadata.similarity);
    expect(similarities).to.deep.equal([...similarities].sort((a, b) => b - a));
  });

  it('passes the retrieved documents to the reranker and the best two to the model', () => {
    const { inputs, outputs } = spanOf('RERANKER');
    const found = (spanOf('RETRIEVER').outputs as Retrieved[]).map(({ page_content }) => page_content);
    expect(JSON.parse((inputs as { body: string }).body)).to.deep.include({ query: QUESTION, documents: found });
    expect(outputs).to.have.nested.property('body.results').with.length(2);
    const { messages } = spanOf('CHAT_MODEL').inputs as {
      messages: { content: { document?: { name: string } }[] }[];
    };
    const given = messages.flatMap(({ content }) => content.flatMap(({ document }) => document?.name ?? []));
    expect(given).to.have.members(['Refunds', 'Delivery']);
  });

  it('keeps the citations of the answer and its text in the place that MLflow shows', () => {
    const { outputs, attributes } = spanOf('CHAT_MODEL');
    const { message } = (outputs as { output: { message: { content: Record<string, unknown>[] } } }).output;
    const texts = message.content.map(({ text }) => text);
    expect(texts.slice(0, 2)).to.have.members(Object.values(CITED));
    expect(message.content[0]).to.have.nested.property('citationsContent.citations[0].location.documentChar');
    expect(attributes['gen_ai.response.finish_reasons']).to.deep.equal(['end_turn']);
    expect(run.traces[1]?.info.state).to.equal('OK');
  });

  it('counts the tokens of embedding and answer once and no tokens for the reranker', () => {
    const { info, spans } = run.traces[1] ?? expect.fail('no trace');
    expect(spans.filter(({ tokenUsage }) => tokenUsage).map(({ type }) => type)).to.deep.equal([
      'EMBEDDING',
      'CHAT_MODEL',
    ]);
    expect(spanOf('EMBEDDING').tokenUsage).to.include({ outputTokens: 0 });
    expect(spanOf('EMBEDDING').tokenUsage?.inputTokens).to.be.greaterThan(0);
    expect(info.tokenUsage?.inputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.inputTokens));
    expect(info.tokenUsage?.outputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.outputTokens));
  });
});
