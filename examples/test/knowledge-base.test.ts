import { expect } from 'chai';
import type { MlflowSpan } from 'opentelemetry-exporter-mlflow';
import { whyOutdated } from 'testing/pictures.js';
import { type ExampleRun, outline, runExample } from './run-example.js';

const QUESTION = 'Can I return boots, and is there a warranty for tents?';
const CHAT = 'CHAT_MODEL chat anthropic.claude-3-haiku-20240307-v1:0';
const CITED = {
  's3://example-shop/returns.txt': 'Unused boots and clothes can be returned within 60 days.',
  's3://example-shop/warranty.txt': 'Tents and rucksacks have a warranty of 10 years.',
};
const ANSWER = `${Object.values(CITED).join(' ')} (Scripted by the local Bedrock simulator; no model ran.)`;

describe('example knowledge-base', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['knowledge-base']);
  });

  function spanOf(trace: number): MlflowSpan {
    return run.traces[trace]?.spans[0] ?? expect.fail(`trace ${trace} has no span`);
  }

  it('leaves the traces that the pictures of the documentation show', () => {
    expect(whyOutdated('knowledge-base', run.traces)).to.equal(undefined);
  });

  it('prints the documents, and the answer with its sources twice', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.contain('  0.40 s3://example-shop/returns.txt\n');
    expect(run.output.split(ANSWER)).to.have.length(3);
    for (const [source, quote] of Object.entries(CITED))
      expect(run.output.split(`"${quote}" is from ${source}\n`)).to.have.length(3);
  });

  it('leaves a trace for each call', () => {
    expect(run.traces.map(outline)).to.deep.equal([['RETRIEVER retrieval SHOPKB0001'], [CHAT], [CHAT]]);
    expect(run.traces.map(({ info }) => info.state)).to.deep.equal(['OK', 'OK', 'OK']);
  });

  it('shows the documents of the lookup in the form of MLflow', () => {
    const { inputs, outputs, attributes } = spanOf(0);
    expect(inputs).to.have.nested.property('retrievalQuery.text', QUESTION);
    const documents = outputs as { page_content: string; metadata: Record<string, unknown> }[];
    expect(documents.map(({ metadata }) => metadata['title'])).to.deep.equal(['Returns', 'Warranty', 'Care of boots']);
    for (const { page_content } of documents) expect(page_content).to.be.a('string').that.is.not.empty;
    expect(attributes).to.include({ 'gen_ai.data_source.id': 'SHOPKB0001', 'gen_ai.retrieval.top_k': 3 });
  });

  for (const [trace, kind] of [
    [1, 'at once'],
    [2, 'as a stream'],
  ] as const) {
    it(`keeps the conversation and the citations of the answer ${kind}`, () => {
      const { inputs, outputs, attributes } = spanOf(trace);
      expect(inputs).to.have.nested.property('input.text', QUESTION);
      expect(outputs).to.have.nested.property('output.message.content[0].text', ANSWER);
      const text = JSON.stringify(outputs);
      for (const [source, quote] of Object.entries(CITED)) expect(text).to.include(source).and.to.include(quote);
      expect(attributes['aws.bedrock.knowledge_base.id']).to.equal('SHOPKB0001');
      expect(run.traces[trace]?.info.tokenUsage?.totalTokens ?? 0).to.equal(0);
    });
  }
});
