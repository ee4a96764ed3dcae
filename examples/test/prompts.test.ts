import { expect } from 'chai';
import type { MlflowPrompt, MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { fillTemplate } from '../prompts/template.js';
import { outline, runExample, testClient } from './run-example.js';

const QUESTION = 'What is the capital of Italy?';

describe('example prompts', function () {
  this.timeout(120_000);

  const cases: [wanted: string[], version: number, text: string][] = [
    [[], 1, `Answer in one sentence: ${QUESTION}`],
    [['2'], 2, `You are a guide who loves history. Answer in one sentence: ${QUESTION}`],
  ];
  for (const [wanted, version, text] of cases) {
    it(`calls Bedrock with ${wanted[0] ? `version ${wanted[0]}` : 'the version in production'} and links it`, async () => {
      const run = await runExample(['prompts', ...wanted]);
      expect(run.code, run.output).to.equal(0);
      expect(run.output).to.contain(
        `Prompt      travel-guide, version ${version}\n${text}\n  The capital of Italy is Rome.`,
      );
      expect(run.output).to.contain(
        `Linked      travel-guide, version ${version}; 1 trace(s) of this experiment were made with it`,
      );
      expect(run.traces).to.have.length(1);
      const trace = run.traces[0] as MlflowTrace;
      expect(run.output).to.contain(`selectedEvaluationId=${trace.info.traceId}`);
      expect(outline(trace)).to.deep.equal(['CHAIN answer', '  CHAT_MODEL chat amazon.nova-lite-v1:0']);
      expect(trace.spans[0]?.inputs).to.deep.equal({ text });
      expect(trace.info.responsePreview).to.match(/^The capital of Italy is Rome\./);
      expect(trace.spans[1]?.inputs).to.have.nested.property('messages[0].content[0].text', text);
      expect(JSON.parse(trace.info.tags['mlflow.linkedPrompts'] ?? '')).to.deep.equal([
        { name: 'travel-guide', version: String(version) },
      ]);
    });
  }

  it('registers two versions, the first one in production', async () => {
    const client = await testClient();
    const [first, second] = (await Promise.all([
      client.getPrompt('travel-guide', { alias: 'production' }),
      client.getPrompt('travel-guide'),
    ])) as [MlflowPrompt, MlflowPrompt];
    expect(first).to.deep.include({ version: 1, commitMessage: 'The first one', aliases: ['production'] });
    expect(second).to.deep.include({ version: 2, commitMessage: 'With a topic of interest', aliases: [] });
  });

  it("shows MLflow's message if the alias does not exist", async () => {
    const { code, output, traces } = await runExample(['prompts', 'staging']);
    expect(code).to.equal(1);
    expect(output).to.match(/^Registered model alias staging not found\.$/m);
    expect(traces).to.deep.equal([]);
  });

  it('inserts the values of variables unchanged and refuses unknown variables', () => {
    expect(fillTemplate('{{a}}, {{ b }} and {{a}}', { a: '$& {{b}}', b: 'B' })).to.equal('$& {{b}}, B and $& {{b}}');
    expect(() => fillTemplate('{{toString}}', {})).to.throw(
      'The prompt has the variable "toString", but the application has no value for it.',
    );
  });
});
