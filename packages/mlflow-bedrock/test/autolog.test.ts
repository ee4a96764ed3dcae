/** Programs that call `autolog()` themselves. */

import { expect } from 'chai';
import { NOBODY, startBlackHole, usePrograms } from './support/programs.js';

describe('autolog()', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  it('traces into a tracer provider that is registered already, and says what to add for MLflow', async () => {
    const { code, stdout, stderr } = await programs.run(['registered.mjs']);
    expect(code).to.equal(0);
    expect(stdout).to.contain('1 span of its own');
    expect(stderr).to.contain(
      'spanProcessors: [new CurrentTraceProcessor(), new BatchSpanProcessor(new MlflowSpanExporter())]',
    );
  });

  it('called twice is one, and disable() stops it', async () => {
    const { code, stderr, traces } = await programs.run(['switched.mjs']);
    expect({ code, stderr, traces }).to.deep.equal({ code: 0, stderr: 'on stderr\n', traces: [] });
  });

  it('starts again after disable()', async () => {
    const { code, stderr, traces } = await programs.run(['autolog.cjs', 'pauses and goes on']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(traces).to.have.length(2);
  });

  it('does not start again after shutdown(), and says so', async () => {
    const { code, stderr, traces } = await programs.run(['autolog.cjs', 'shuts down and tries to start again']);
    expect({ code, stderr }).to.deep.equal({
      code: 0,
      stderr:
        'mlflow-bedrock: autolog() was shut down, and cannot start again in this process. To pause it, use disable().\n',
    });
    expect(traces).to.have.length(1);
  });

  it('lets the application run, and logs the reason, when tracing cannot start', async () => {
    const { code, stdout, stderr, traces } = await programs.run(['cannot-start.cjs']);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.have.nested.property('message.role', 'assistant');
    expect(stderr).to.match(
      /^mlflow-bedrock: tracing could not start, so the application runs without it: Error: this option cannot be read\n/,
    );
    expect(traces).to.deep.equal([]);
  });

  it('sends with flush() what process.exit() would lose', async () => {
    const { code, stderr, traces } = await programs.run(['autolog.cjs', 'flushes and calls process.exit()']);
    expect({ code, stderr }).to.deep.equal({ code: 3, stderr: '' });
    expect(traces).to.have.length(1);
  });

  it('ends with shutdown() in time, also what keeps the process alive, when MLflow never answers', async () => {
    const blackHole = await startBlackHole();
    try {
      const env = { MLFLOW_TRACKING_URI: blackHole.url };
      const { code, stdout, stderr, millis } = await programs.run(['autolog.cjs', 'shuts down and ends'], { env });
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\nshut down\n' });
      expect(stderr).to.match(/^MLflow at .* cannot be reached .* 1 spans were not delivered\.\n$/);
      // 200 ms, and what a busy machine adds; without the bound it would be 29 s.
      expect(millis).to.be.within(4900, 8000);
    } finally {
      blackHole.close();
    }
  });

  it('ends, and sends it, when a listener of beforeExit traces something each time', async () => {
    const { code, stdout, stderr, traces } = await programs.run(['autolog.cjs', 'traces what it does at its end']);
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: 'goodbye\ngoodbye\n', stderr: '' });
    expect(traces.map(({ info }) => info.name)).to.have.members(['chat amazon.nova-lite-v1:0', 'goodbye']);
  });

  it('ends when all before the end was sent, although a timer that is unref() traces on', async () => {
    const { code, stdout, millis, traces } = await programs.run(['autolog.cjs', 'traces the beats of its heart']);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\n' });
    expect(traces.map(({ info }) => info.name)).to.include('chat amazon.nova-lite-v1:0');
    // It would take all of the 5 s to send what comes meanwhile.
    expect(millis).to.be.lessThan(4900);
  });

  it('lets work go on that began at the end, and keeps its exit code', async () => {
    const { code, stdout } = await programs.run([
      'autolog.cjs',
      'saves its work once, at its end, while its heart beats',
    ]);
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: 'called\nsaved\n' });
  });

  it('keeps the exit code of a module that waits for ever', async () => {
    const { code, stdout } = await programs.run(['waits.mjs', 'waits for ever while its heart beats']);
    expect({ code, stdout }).to.deep.equal({ code: 13, stdout: 'called\n' });
  });

  it('ends in time when a timer that is unref() traces on, and MLflow cannot be reached', async () => {
    const { code, stdout, millis } = await programs.run(['autolog.cjs', 'traces the beats of its heart'], {
      env: { MLFLOW_TRACKING_URI: NOBODY },
    });
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\n' });
    expect(millis).to.be.within(4900, 8000);
  });

  it('traces no more into a provider of the application after shutdown()', async () => {
    const { code, stdout, stderr } = await programs.run(['registered.mjs', 'shuts down']);
    expect(code).to.equal(0);
    expect(stdout).to.contain('0 span of its own');
    expect(stderr).to.contain('mlflow-bedrock: autolog() was shut down, and cannot start again in this process.');
  });

  it('keeps what ended within a span that was open at the signal', async () => {
    const { signal, stderr, traces } = await programs.run(['autolog.cjs', 'waits inside of a traced function'], {
      kills: ['SIGTERM'],
    });
    expect({ signal, stderr }).to.deep.equal({ signal: 'SIGTERM', stderr: '' });
    expect(traces.map(({ info }) => info.state)).to.deep.equal(['IN_PROGRESS']);
    expect(traces[0]?.spans.map(({ name }) => name)).to.deep.equal(['chat amazon.nova-lite-v1:0']);
    expect(traces[0]?.info.tokenUsage?.totalTokens).to.be.above(0);
  });
});
