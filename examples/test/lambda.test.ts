import { expect } from 'chai';
import { withFlush } from '../lambda/with-flush.js';
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

describe('a Lambda handler that flushes', () => {
  const never = (): Promise<void> => new Promise(() => {});
  const answer = async (): Promise<string> => 'answer';
  const context = (milliseconds: number): { getRemainingTimeInMillis(): number } => {
    const deadline = performance.now() + milliseconds;
    return { getRemainingTimeInMillis: () => deadline - performance.now() };
  };

  it('returns in time if the flush does not end', async () => {
    const started = performance.now();
    const handler = withFlush(answer, never);
    expect(await handler({}, context(700))).to.equal('answer');
    expect(performance.now() - started).to.be.within(150, 650);
  });

  it('returns at once if no time is left', async () => {
    const started = performance.now();
    expect(await withFlush(answer, never)({}, context(100))).to.equal('answer');
    expect(performance.now() - started).to.be.lessThan(100);
  });

  it('flushes after an error and throws that error even if the flush fails', async () => {
    const order: string[] = [];
    const handler = withFlush(
      async () => {
        order.push('handler');
        throw new RangeError('of the application');
      },
      async () => {
        order.push('flush');
        throw new Error('of the flush');
      },
    );
    const error = await handler({}, context(10_000)).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RangeError);
    expect(order).to.deep.equal(['handler', 'flush']);
  });

  it('leaves no timer', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    // Mocha starts its own timer after the test has returned its promise.
    await answer();
    const before = timers();
    await withFlush(answer, async () => {})({}, context(60_000));
    expect(timers()).to.be.at.most(before);
  });
});
