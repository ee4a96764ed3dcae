import { once } from 'node:events';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { answerMainThread, watchWorkerThreads } from '../src/autolog/worker-threads.js';
import { behaviour, IMPORT, usePrograms } from './support/programs.js';

/** Starts a worker thread that does nothing until it is terminated. */
async function idleThread(): Promise<Worker> {
  const thread = new Worker('setInterval(() => {}, 1000)', { eval: true });
  await once(thread, 'online');
  return thread;
}

describe('worker threads with mlflow-bedrock/register', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  const CASES: readonly { life: string; kills?: readonly NodeJS.Signals[]; traces: number }[] = [
    { life: 'goes on', kills: ['SIGTERM'], traces: 1 },
    { life: 'goes on', kills: ['SIGINT'], traces: 1 },
    { life: 'has a thread of its own that goes on', kills: ['SIGTERM'], traces: 1 },
    { life: 'is terminated', kills: ['SIGTERM'], traces: 0 },
    { life: 'does not keep the process alive', traces: 1 },
  ];
  for (const { life, kills = [], traces } of CASES) {
    const end = kills.length === 0 ? 'ends by itself' : `gets ${kills.join()}`;
    it(`deliver ${traces} traces when the process ${end} and the thread ${life}`, async () => {
      const without = await programs.run(['in-threads.mjs', life], { kills });
      const withIt = await programs.run([...IMPORT, 'in-threads.mjs', life], { kills });
      // A process that waited for a thread in vain would log it.
      expect(behaviour(withIt)).to.deep.equal(behaviour(without));
      expect(withIt.traces).to.have.length(traces);
    });
  }
});

describe('watchWorkerThreads()', () => {
  const TIMEOUT_MILLIS = 50;

  it('waits for every thread that traces, and counts those that did not flush in time', async () => {
    const threads = watchWorkerThreads(TIMEOUT_MILLIS);
    const other = new BroadcastChannel('mlflow-bedrock.flush.v1');
    const thread = await idleThread();
    try {
      expect(await threads.flush(), 'a thread that does not trace').to.equal(0);
      const flushes: string[] = [];
      const stop = answerMainThread(async () => flushes.push('flushed'));
      other.postMessage({ kind: 'here', thread: 7001 });
      while (threads.isEmpty()) await new Promise(setImmediate);
      expect(await Promise.all([threads.flush(), threads.flush()])).to.deep.equal([1, 1]);
      expect(flushes).to.deep.equal(['flushed', 'flushed']);

      other.postMessage({ kind: 'gone', thread: 7001 });
      expect(await threads.flush()).to.equal(0);
      stop();
      while (!threads.isEmpty()) await new Promise(setImmediate);
    } finally {
      threads.stop();
      other.close();
      await thread.terminate();
    }
  });

  it('does not wait for a thread that ended', async () => {
    // Without the end of the thread, the flush would wait until the test fails.
    const threads = watchWorkerThreads(600_000);
    const other = new BroadcastChannel('mlflow-bedrock.flush.v1');
    const thread = await idleThread();
    try {
      other.postMessage({ kind: 'here', thread: thread.threadId });
      while (threads.isEmpty()) await new Promise(setImmediate);
      const flushing = threads.flush();
      await thread.terminate();
      expect(await flushing).to.equal(0);
      expect(threads.isEmpty()).to.equal(true);
    } finally {
      threads.stop();
      other.close();
    }
  });
});
