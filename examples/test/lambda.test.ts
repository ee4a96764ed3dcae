import { expect } from 'chai';
import { type ExampleRun, runExample } from './run-example.js';

describe('example lambda', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['lambda']);
  });

  it('answers two invocations in one process', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output.match(/^ {2}open when the function is frozen: .*$/gm)).to.have.length(2);
  });

  it('has no open request or timer when the process is frozen', () => {
    expect(run.output.match(/frozen: (.*)$/gm)).to.deep.equal(['frozen: nothing', 'frozen: nothing']);
  });

  it('leaves a complete trace of each invocation, although the process ends without a shutdown', () => {
    expect(run.traces.map(({ info }) => [info.name, info.state, info.requestPreview])).to.have.deep.members([
      ['chat amazon.nova-lite-v1:0', 'OK', 'What is the capital of France?'],
      ['chat amazon.nova-lite-v1:0', 'OK', 'What is the capital of Japan?'],
    ]);
    for (const { info } of run.traces) expect(info.tokenUsage?.totalTokens).to.be.greaterThan(0);
  });
});
