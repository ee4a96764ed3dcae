import { expect } from 'chai';
import { whyOutdated } from 'testing/pictures.js';
import { type ExampleRun, outline, runExample } from './run-example.js';

describe('example streaming', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['streaming']);
  });

  it('leaves the traces that the pictures of the documentation show', () => {
    expect(whyOutdated('streaming', run.traces)).to.equal(undefined);
  });

  it('prints the streamed text, the chunk events and the link to the trace', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.contain('You said: "Tell me in three sentences what a trace is."');
    expect(run.output).to.contain('[left early]');
    expect(run.output).to.match(
      /: 1 messageStart, \d+ contentBlockDelta, 1 contentBlockStop, 1 messageStop, 1 metadata; \d+ tokens$/m,
    );
    expect(run.output).to.match(/: 1 messageStart, 4 contentBlockDelta; no token counts$/m);
    expect(run.output).to.contain(`?selectedEvaluationId=${run.traces[0]?.info.traceId}`);
  });

  it('leaves both streams in one trace, without token counts for the one it left early', () => {
    expect(run.traces).to.have.length(1);
    const [trace] = run.traces;
    expect(trace && outline(trace)).to.deep.equal([
      'UNKNOWN streaming',
      '  CHAT_MODEL chat amazon.nova-lite-v1:0',
      '  CHAT_MODEL chat amazon.nova-lite-v1:0',
    ]);
    expect(trace?.info.state).to.equal('OK');
    const chats = trace?.spans.filter(({ type }) => type === 'CHAT_MODEL') ?? [];
    const whole = chats.find(({ tokenUsage }) => tokenUsage);
    const early = chats.find(({ tokenUsage }) => !tokenUsage);
    expect(whole?.tokenUsage?.totalTokens).to.be.greaterThan(0);
    expect(trace?.info.tokenUsage).to.deep.equal(whole?.tokenUsage);
    expect(JSON.stringify(early?.outputs)).to.contain('You said');
  });
});
