/** Programs that call `autolog()` themselves. */

import { expect } from 'chai';
import type { MlflowTrace } from '../../src/index.js';
import { NOBODY, startBlackHole, usePrograms } from '../support/programs.js';

describe('autolog()', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  it('traces into the tracer provider of the application and logs what to add to it for MLflow', async () => {
    const { code, stdout, stderr } = await programs.run(['registered.mjs']);
    expect(code).to.equal(0);
    expect(stdout).to.contain('1 span of its own');
    expect(stderr).to.contain(
      'spanProcessors: [new CurrentTraceProcessor(), new MlflowSpanProcessor({ exporter: new MlflowSpanExporter(), ' +
        'batch: (exporter, options) => new BatchSpanProcessor({ exporter, ...options }) })]',
    );
  });

  it('sends only the spans that spanFilter accepts, masked, as one tree', async () => {
    const { code, stderr, traces } = await programs.run(['masked.cjs']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(traces).to.have.length(1);
    const [{ info, spans }] = traces as [MlflowTrace];
    const agent = spans.find(({ name }) => name === 'agent');
    expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId])).to.have.deep.members([
      ['agent', undefined],
      ['chat amazon.nova-lite-v1:0', agent?.spanId],
    ]);
    expect(agent?.inputs).to.deep.equal({ text: 'My key is [key].' });
    expect(info).to.include({ name: 'agent', state: 'OK' });
    expect(info?.requestPreview).to.contain('[key]');
    const digits = JSON.stringify([info, spans], (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(digits).to.not.contain('tulip');
  });

  it('returns the same object when it is called twice, and disable() stops recording', async () => {
    const { code, stderr, traces } = await programs.run(['switched.mjs']);
    expect({ code, stderr, traces }).to.deep.equal({ code: 0, stderr: 'on stderr\n', traces: [] });
  });

  it('starts recording again after disable()', async () => {
    const { code, stderr, traces } = await programs.run(['autolog.cjs', 'disables and starts again']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(traces).to.have.length(2);
  });

  it('logs that it cannot start again after shutdown()', async () => {
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
    expect(stderr).to.equal(
      'mlflow-bedrock: tracing could not start, so the application runs without it (Error: this option cannot be read). ' +
        'Check the options, and that all OpenTelemetry packages belong to one line, 2.x or 3.x.\non stderr\n',
    );
    expect(traces).to.deep.equal([]);
  });

  it('sends spans with flush() that process.exit() would lose', async () => {
    const { code, stderr, traces } = await programs.run(['autolog.cjs', 'flushes and calls process.exit()']);
    expect({ code, stderr }).to.deep.equal({ code: 3, stderr: '' });
    expect(traces).to.have.length(1);
  });

  it('reports no export as failed that only the batch processor gave up', async () => {
    const { stderr, traces } = await programs.run([
      'autolog.cjs',
      'flushes while the limit of the batch processor passes',
    ]);
    expect(stderr).to.equal('');
    expect(traces).to.have.length(1);
  });

  it('ends requests and the process in time after shutdown() when MLflow never answers', async () => {
    const blackHole = await startBlackHole();
    try {
      const env = { MLFLOW_TRACKING_URI: blackHole.url };
      const { code, stdout, stderr, millis } = await programs.run(['autolog.cjs', 'shuts down and ends'], { env });
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\nshut down\n' });
      expect(stderr).to.match(/^MLflow at .* cannot be reached .* 1 span was not delivered\.\n$/);
      // 5 s and what a busy machine adds. Without the bound it would be 29 s.
      expect(millis).to.be.within(4900, 8000);
    } finally {
      blackHole.close();
    }
  });

  it('sends the spans of a beforeExit listener once and ends, although the listener traces each time', async () => {
    const { code, stdout, stderr, traces } = await programs.run(['autolog.cjs', 'traces at each beforeExit']);
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: 'goodbye\ngoodbye\n', stderr: '' });
    expect(traces.map(({ info }) => info.name)).to.have.members(['chat amazon.nova-lite-v1:0', 'goodbye']);
  });

  it('ends after one flush although an unreferenced timer goes on tracing', async () => {
    const { code, stdout, millis, traces } = await programs.run([
      'autolog.cjs',
      'ends while an unreferenced timer traces',
    ]);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\n' });
    expect(traces.map(({ info }) => info.name)).to.include('chat amazon.nova-lite-v1:0');
    // Waiting for the spans of the timer would take all of the 5 s.
    expect(millis).to.be.lessThan(4900);
  });

  it('lets work of a beforeExit listener finish and keeps its exit code', async () => {
    const { code, stdout } = await programs.run([
      'autolog.cjs',
      'works once more at beforeExit while an unreferenced timer traces',
    ]);
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: 'called\nsaved\n' });
  });

  it('keeps the exit code of a module that awaits a promise that never settles', async () => {
    const { code, stdout } = await programs.run([
      'waits.mjs',
      'awaits a promise that never settles while an unreferenced timer traces',
    ]);
    expect({ code, stdout }).to.deep.equal({ code: 13, stdout: 'called\n' });
  });

  it('ends in time when an unreferenced timer goes on tracing and MLflow cannot be reached', async () => {
    const { code, stdout, millis } = await programs.run(['autolog.cjs', 'ends while an unreferenced timer traces'], {
      env: { MLFLOW_TRACKING_URI: NOBODY },
    });
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\n' });
    expect(millis).to.be.within(4900, 8000);
  }).retries(2);

  it('stops tracing into the provider of the application after shutdown()', async () => {
    const { code, stdout, stderr } = await programs.run(['registered.mjs', 'shuts down']);
    expect(code).to.equal(0);
    expect(stdout).to.contain('0 span of its own');
    expect(stderr).to.contain('mlflow-bedrock: autolog() was shut down, and cannot start again in this process.');
  });

  it('sends spans that ended inside a span that is open at the signal', async () => {
    const { signal, stderr, traces } = await programs.run(['autolog.cjs', 'waits inside a traced function'], {
      kills: ['SIGTERM'],
    });
    expect({ signal, stderr }).to.deep.equal({ signal: 'SIGTERM', stderr: '' });
    // The topmost span that was sent ends the trace, because its root never will.
    expect(traces.map(({ info }) => info.state)).to.deep.equal(['OK']);
    expect(traces[0]?.spans.map(({ name }) => name)).to.deep.equal(['chat amazon.nova-lite-v1:0']);
    expect(traces[0]?.info.tokenUsage?.totalTokens).to.be.above(0);
  });
});
