import { expect } from 'chai';
import { type ExampleRun, outline, runExample, sumOf, testClient } from './run-example.js';

const MODEL = 'amazon.nova-lite-v1:0';
const PROMPT = 'What is the capital of Kenya?';
/** US dollars per token of Nova Lite, from the public price list: 0.06 and 0.24 per million. */
const PRICE = { input: 0.06e-6, output: 0.24e-6 };

describe('example token-cost', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['token-cost', PROMPT]);
  });

  it('prints the answer and the figures that MLflow has for each span and for the trace', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.contain('The capital of Kenya is Nairobi.');
    const { info, spans } = run.traces[0] ?? expect.fail('no trace');
    const chats = spans.filter(({ tokenUsage }) => tokenUsage);
    expect(chats).to.have.length(2);
    for (const { name, tokenUsage, cost } of [...chats, { ...info, name: 'whole trace' }]) {
      expect(run.output).to.contain(
        `${name.padEnd(30)} ${tokenUsage?.inputTokens} input tokens, ${tokenUsage?.outputTokens} output tokens, $${cost?.totalCost.toFixed(6)}`,
      );
    }
  });

  it('has the sums over the spans with the prices of the model', () => {
    const [trace] = run.traces;
    expect(trace && outline(trace)).to.deep.equal([
      'UNKNOWN answer and summary',
      `  CHAT_MODEL chat ${MODEL}`,
      `  CHAT_MODEL chat ${MODEL}`,
    ]);
    const { info, spans } = trace ?? expect.fail('no trace');
    const { inputTokens = 0, outputTokens = 0 } = info.tokenUsage ?? {};
    expect(inputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.inputTokens));
    expect(outputTokens).to.equal(sumOf(spans, ({ tokenUsage }) => tokenUsage?.outputTokens));
    expect(info.cost?.totalCost).to.be.closeTo(inputTokens * PRICE.input + outputTokens * PRICE.output, 1e-9);
  });

  it('logs a run with prompt, model, tokens and cost, and links the trace to it', async () => {
    const { info } = run.traces[0] ?? expect.fail('no trace');
    const [, experimentId = '', runId = ''] = /#\/experiments\/(\d+)\/runs\/(\w+)$/m.exec(run.output) ?? [];
    expect(experimentId).to.equal(info.experimentId);
    const client = await testClient();
    const logged = await client.getRun(runId);
    expect(logged.status).to.equal('FINISHED');
    expect(logged.params).to.deep.equal({ prompt: PROMPT, model: MODEL });
    expect(logged.metrics).to.deep.equal({
      input_tokens: info.tokenUsage?.inputTokens,
      output_tokens: info.tokenUsage?.outputTokens,
      cost: info.cost?.totalCost,
    });
    const linked = await client.searchTraces({
      experimentIds: [experimentId],
      filter: `attributes.run_id = '${runId}'`,
    });
    expect(linked.traces.map(({ traceId }) => traceId)).to.deep.equal([info.traceId]);
  });

  it('prints links to trace, run and experiment', () => {
    const { info } = run.traces[0] ?? expect.fail('no trace');
    expect(run.output).to.match(new RegExp(`^Trace +http://.*selectedEvaluationId=${info.traceId}$`, 'm'));
    expect(run.output).to.match(/^Run +http:\/\/.*\/runs\/\w+$/m);
    expect(run.output).to.match(new RegExp(`^Experiment +http://.*#/experiments/${info.experimentId}/traces$`, 'm'));
  });
});
