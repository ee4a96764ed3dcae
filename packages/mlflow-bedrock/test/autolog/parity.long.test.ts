/** The same programs with and without `mlflow-bedrock/register`. */

import { expect } from 'chai';
import { behaviour, IMPORT, NOBODY, startBlackHole, startStatusServer, usePrograms } from '../support/programs.js';

/** How much tracing may add to the time of the process, besides its flush. */
const GRACE_MILLIS = 200;
/** How much a busy machine may add to a flush that times out. Without a bound the flush would take 29 s. */
const BUSY_MILLIS = 3_000;
const FLUSH_MILLIS = 5000;

describe('an application with mlflow-bedrock/register', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  const CASES: readonly { ending: string; kills?: readonly NodeJS.Signals[]; traces: number }[] = [
    { ending: 'ends by itself', traces: 1 },
    { ending: 'sets an exit code', traces: 1 },
    { ending: 'calls process.exit()', traces: 0 },
    { ending: 'throws an uncaught error', traces: 0 },
    { ending: 'leaves a rejection unhandled', traces: 0 },
    { ending: 'keeps running', kills: ['SIGTERM'], traces: 1 },
    { ending: 'keeps running', kills: ['SIGINT'], traces: 1 },
    { ending: 'keeps running and listens to signals', kills: ['SIGTERM'], traces: 1 },
    { ending: 'keeps running and listens to signals', kills: ['SIGINT'], traces: 1 },
    { ending: 'keeps running and listens to the first signal', kills: ['SIGTERM', 'SIGTERM'], traces: 1 },
    { ending: 'keeps running and ends at a signal if it is the last listener', kills: ['SIGTERM'], traces: 0 },
    { ending: 'awaits a promise at its top level that never settles', traces: 1 },
  ];

  for (const { ending, kills = [], traces } of CASES) {
    it(`behaves the same when it ${[ending, ...kills].join(' until ')}`, async () => {
      const without = await programs.run(['app.mjs', ending], { kills });
      const withIt = await programs.run([...IMPORT, 'app.mjs', ending], { kills });
      expect(behaviour(withIt)).to.deep.equal(behaviour(without));
      expect(withIt.traces.map(({ info }) => info.state)).to.deep.equal(Array(traces).fill('OK'));
    });
  }

  it('behaves the same in a worker thread and traces it', async () => {
    const without = await programs.run(['in-worker.mjs', 'sets an exit code']);
    const withIt = await programs.run([...IMPORT, 'in-worker.mjs', 'sets an exit code']);
    expect(behaviour(withIt)).to.deep.equal(behaviour(without));
    expect(withIt.traces).to.have.length(1);
  });

  it('behaves the same in a child process that inherits NODE_OPTIONS', async () => {
    const without = await programs.run(['in-child.mjs', 'sets an exit code']);
    const withIt = await programs.run(['in-child.mjs', 'sets an exit code'], {
      env: { NODE_OPTIONS: IMPORT.join(' ') },
    });
    expect(behaviour(withIt)).to.deep.equal(behaviour(without));
    expect(withIt.code).to.equal(3);
    expect(withIt.traces).to.have.length(1);
  });

  it('runs normally and logs one line when nothing listens at the tracking URI', async () => {
    const without = await programs.run(['app.mjs', 'ends by itself']);
    const env = { MLFLOW_TRACKING_URI: NOBODY };
    const withIt = await programs.run([...IMPORT, 'app.mjs', 'ends by itself'], { env });
    const line = `MLflow at ${NOBODY} cannot be reached (connect ECONNREFUSED 127.0.0.1:9). 1 span was not delivered.\n`;
    expect(behaviour(withIt)).to.deep.equal({ ...behaviour(without), stderr: `on stderr\n${line}` });
    expect(withIt.millis).to.be.below(without.millis + FLUSH_MILLIS + GRACE_MILLIS);
  });

  it('runs normally and logs one line when MLflow refuses the spans while it runs', async () => {
    const server = await startStatusServer(401);
    try {
      // The batch processor exports at once, not only at the end.
      const env = { MLFLOW_TRACKING_URI: server.url, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' };
      const { code, stderr } = await programs.run([...IMPORT, 'app.mjs', 'ends by itself'], { env });
      expect(code).to.equal(0);
      expect(stderr).to.match(/^on stderr\n.*401.*\n$/);
    } finally {
      server.close();
    }
  });

  it('reports failed exports to the batch processor, which logs them to the logger of the application', async () => {
    const server = await startStatusServer(401);
    try {
      const env = { MLFLOW_TRACKING_URI: server.url, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' };
      const { code, stderr } = await programs.run(['own-logger.cjs'], { env });
      expect(code).to.equal(0);
      const lines = stderr.trimEnd().split('\n');
      expect(lines.filter((line) => !line.startsWith('{')).join()).to.match(/401/);
      const errors = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).name);
      expect(errors).to.deep.equal(['MlflowError']);
    } finally {
      server.close();
    }
  });

  it('keeps the exit code of a module that never settles when nothing listens at the tracking URI', async () => {
    const env = { MLFLOW_TRACKING_URI: NOBODY };
    const { code } = await programs.run(
      [...IMPORT, 'app.mjs', 'awaits a promise at its top level that never settles'],
      { env },
    );
    expect(code).to.equal(13);
  });

  it('ends in time and by one signal when MLflow accepts connections and never answers', async () => {
    const blackHole = await startBlackHole();
    const env = { MLFLOW_TRACKING_URI: blackHole.url };
    try {
      const ends = await programs.run([...IMPORT, 'app.mjs', 'sets an exit code'], { env });
      expect(ends.code).to.equal(3);
      const killed = await programs.run([...IMPORT, 'app.mjs', 'keeps running'], { env, kills: ['SIGTERM'] });
      expect(killed.signal).to.equal('SIGTERM');
      for (const { millis } of [ends, killed]) {
        expect(millis).to.be.within(FLUSH_MILLIS - 100, FLUSH_MILLIS + BUSY_MILLIS);
      }
    } finally {
      blackHole.close();
    }
  });

  it('ends at once at a second signal during the flush', async () => {
    let send = (_signal: NodeJS.Signals): void => {};
    // The first signal starts the flush.
    const blackHole = await startBlackHole(() => send('SIGTERM'));
    try {
      const { signal, millis, stderr } = await programs.run([...IMPORT, 'app.mjs', 'keeps running'], {
        env: { MLFLOW_TRACKING_URI: blackHole.url },
        kills: ['SIGTERM'],
        onStart: (kill) => {
          send = kill;
        },
      });
      expect({ signal, stderr }).to.deep.equal({ signal: 'SIGTERM', stderr: 'on stderr\n' });
      expect(millis).to.be.below(FLUSH_MILLIS / 2);
    } finally {
      blackHole.close();
    }
  });

  for (const [how, start] of [
    ['nothing listens', async () => ({ url: NOBODY, close: () => {} })],
    ['no server answers', startBlackHole],
  ] as const) {
    it(`ends in time after the work of its beforeExit listener when ${how} at the tracking URI`, async () => {
      const server = await start();
      const env = { MLFLOW_TRACKING_URI: server.url };
      try {
        const { code, stdout, stderr, millis } = await programs.run(['autolog.cjs', 'prints once more at beforeExit'], {
          env,
        });
        expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'called\none more thing\n' });
        expect(stderr).to.match(
          new RegExp(`^MLflow at ${server.url} cannot be reached .* 1 span was not delivered\\.\n$`),
        );
        expect(millis).to.be.within(FLUSH_MILLIS - 100, FLUSH_MILLIS + BUSY_MILLIS);
      } finally {
        server.close();
      }
    });
  }
});
