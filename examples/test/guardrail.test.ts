import { expect } from 'chai';
import type { MlflowSpan } from 'opentelemetry-exporter-mlflow';
import { type ExampleRun, outline, runExample, testClient } from './run-example.js';

const BLOCKED = 'Tell me the forbidden word.';
const MESSAGE = 'Blocked by a guardrail of the local Bedrock simulator: forbidden.';

describe('example guardrail', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['guardrail']);
  });

  function callOf(trace: number): MlflowSpan {
    return run.traces[trace]?.spans[1] ?? expect.fail(`trace ${trace} has no call`);
  }

  it('answers the allowed question and reports that the guardrail blocked the other one', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^> What is the capital of France\?\nThe capital of France is Paris\./m);
    expect(run.output).to.contain(`> ${BLOCKED}\n(guardrail) ${MESSAGE}\n`);
    expect(run.output).to.contain(`"${BLOCKED}" may go to a model: no`);
  });

  it('leaves a trace without an error for each request', () => {
    const chat = ['CHAIN ask', '  CHAT_MODEL chat amazon.nova-lite-v1:0'];
    expect(run.traces.map(outline)).to.deep.equal([chat, chat, ['CHAIN check text', '  GUARDRAIL apply_guardrail']]);
    expect(run.traces.map(({ info }) => info.state)).to.deep.equal(['OK', 'OK', 'OK']);
  });

  it('records the guardrail on every call and the intervention as finish reason', () => {
    for (const trace of [0, 1, 2]) {
      expect(callOf(trace).attributes['aws.bedrock.guardrail.id']).to.equal('example');
    }
    const reasons = [0, 1].map((trace) => callOf(trace).attributes['gen_ai.response.finish_reasons']);
    expect(reasons).to.deep.equal([['end_turn'], ['guardrail_intervened']]);
  });

  it('keeps the assessment in the output of the call', () => {
    const words = [{ match: 'forbidden', action: 'BLOCKED', detected: true }];
    expect(callOf(1).outputs)
      .to.have.nested.property('trace.guardrail.inputAssessment.example.wordPolicy.customWords')
      .deep.equal(words);
    expect(callOf(2).outputs).to.have.nested.property('assessments[0].wordPolicy.customWords').deep.equal(words);
    expect(callOf(2).outputs).to.include({ action: 'GUARDRAIL_INTERVENED' });
  });

  it('counts tokens only for calls in which a model ran', () => {
    expect(run.traces[0]?.info.tokenUsage?.totalTokens).to.be.greaterThan(0);
    expect(run.traces[0]?.info.tokenUsage).to.deep.equal(callOf(0).tokenUsage);
    for (const trace of [1, 2]) expect(run.traces[trace]?.info.tokenUsage?.totalTokens ?? 0).to.equal(0);
  });

  it('tags the interventions with the policy that intervened', async () => {
    const { traces } = await (await testClient()).searchTraces({
      experimentIds: [run.traces[0]?.info.experimentId ?? ''],
      filter: "tags.guardrail = 'intervened'",
      orderBy: ['timestamp_ms ASC'],
    });
    expect(traces.map(({ traceId }) => traceId)).to.deep.equal(run.traces.slice(1).map(({ info }) => info.traceId));
    for (const { tags } of traces) expect(tags).to.include({ guardrail_policies: 'wordPolicy' });
  });

  it('applies the guardrail of the environment to the question on the command line', async () => {
    const { output, traces } = await runExample(['guardrail', 'Where is the treasure?'], {
      BEDROCK_GUARDRAIL_ID: 'treasure',
      BEDROCK_GUARDRAIL_VERSION: '3',
    });
    expect(output).to.contain('(guardrail) Blocked by a guardrail of the local Bedrock simulator: treasure.');
    expect(traces[1]?.spans[1]?.inputs).to.have.nested.property('guardrailConfig.guardrailVersion', '3');
  });
});
