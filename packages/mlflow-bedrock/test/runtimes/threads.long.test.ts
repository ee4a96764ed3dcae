import { once } from 'node:events';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { SharedFlag } from '../../src/autolog/shared-flag.js';
import { answerMainThread, type OtherThreads, watchWorkerThreads } from '../../src/autolog/threads.js';
import { behaviour, IMPORT, usePrograms } from '../support/programs.js';

describe('worker threads with mlflow-bedrock/register', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  const CASES: readonly { life: string; kills?: readonly NodeJS.Signals[]; traces: number }[] = [
    { life: 'goes on', kills: ['SIGTERM'], traces: 1 },
    { life: 'goes on', kills: ['SIGINT'], traces: 1 },
    { life: 'goes on until the main thread flushes and exits', kills: ['SIGTERM'], traces: 1 },
    { life: 'has a thread of its own that goes on', kills: ['SIGTERM'], traces: 1 },
    { life: 'is terminated', kills: ['SIGTERM'], traces: 0 },
    { life: 'does not keep the process alive', traces: 1 },
    { life: 'never calls and takes no messages', kills: ['SIGTERM'], traces: 0 },
    { life: 'never calls, takes no messages and does not keep the process alive', traces: 0 },
  ];
  for (const { life, kills = [], traces } of CASES) {
    const end = kills.length === 0 ? 'ends by itself' : `gets ${kills.join()}`;
    it(`deliver ${traces} traces when the process ${end} and the thread ${life}`, async () => {
      const without = await programs.run(['in-threads.mjs', life], { kills });
      const withIt = await programs.run([...IMPORT, 'in-threads.mjs', life], { kills });
      // A process logs a thread that does not answer in time.
      expect(behaviour(withIt)).to.deep.equal(behaviour(without));
      expect(withIt.traces).to.have.length(traces);
    });
  }
});

describe('watchWorkerThreads()', () => {
  let other: BroadcastChannel;
  const logged: unknown[] = [];
  let thread: Worker;
  let threads: OtherThreads;
  const watch = async (timeoutMillis: number): Promise<void> => {
    threads = watchWorkerThreads(timeoutMillis);
    thread = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await once(thread, 'online');
  };
  /** Waits for a message on its way. */
  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await new Promise(setImmediate);
  };
  const flag = (value: boolean): SharedFlag => {
    const created = new SharedFlag();
    created.set(value);
    return created;
  };
  const announce = (thread: number): void => other.postMessage({ kind: 'here', thread, unsent: flag(true).memory });
  before(() => {
    other = new BroadcastChannel('mlflow-bedrock.flush.v1');
  });
  beforeEach(() => {
    logged.length = 0;
    const ignore = () => {};
    diag.setLogger({ error: ignore, info: ignore, debug: ignore, verbose: ignore, warn: (text) => logged.push(text) });
  });
  afterEach(async () => {
    diag.disable();
    threads.stop();
    await thread.terminate();
  });
  after(() => other.close());

  it('waits for every thread with unsent spans, and for no other', async () => {
    await watch(600_000);
    await threads.flush();
    let flushes = 0;
    const hasUnsentSpans = flag(true);
    const flush = async (): Promise<void> => {
      flushes += 1;
    };
    const answering = answerMainThread({ flush, hasUnsentSpans });
    await until(() => threads.haveUnsentSpans());
    await Promise.all([threads.flush(), threads.flush()]);
    expect(flushes).to.equal(2);
    hasUnsentSpans.set(false);
    expect(threads.haveUnsentSpans()).to.equal(false);
    await threads.flush();
    hasUnsentSpans.set(true);
    const flushing = threads.flush();
    // The thread flushes by itself before the message arrives.
    hasUnsentSpans.set(false);
    await flushing;
    expect(flushes).to.equal(2);
    hasUnsentSpans.set(true);
    answering.stop();
    await until(() => !threads.haveUnsentSpans());
    expect(logged).to.deep.equal([]);
  });

  it('lets a thread stop while it flushes, and before a thread that it started ends', async () => {
    await watch(600_000);
    let flushed = (): void => {};
    let hasBegun = false;
    const flush = (): Promise<void> => {
      hasBegun = true;
      return new Promise((resolve) => {
        flushed = resolve;
      });
    };
    const answering = answerMainThread({ flush, hasUnsentSpans: flag(true) });
    const below = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await once(below, 'online');
    await until(() => threads.haveUnsentSpans());
    const flushing = threads.flush();
    await until(() => hasBegun);
    answering.stop();
    await flushing;
    // A message to the closed channel would be an uncaught error.
    flushed();
    await below.terminate();
    await new Promise(setImmediate);
    expect(threads.haveUnsentSpans()).to.equal(false);
  });

  it('logs the number of threads that do not flush in time', async () => {
    await watch(20);
    announce(7001);
    await until(() => threads.haveUnsentSpans());
    await threads.flush();
    expect(logged).to.deep.equal([
      'mlflow-bedrock: 1 of the worker threads did not flush within 20 ms; their last spans may be lost',
    ]);
  });

  it('ends a flush when it is stopped', async () => {
    await watch(600_000);
    announce(7001);
    await until(() => threads.haveUnsentSpans());
    const flushing = threads.flush();
    threads.stop();
    await flushing;
    expect(logged).to.deep.equal([]);
  });

  it('does not wait for a thread that ends', async () => {
    await watch(600_000);
    announce(thread.threadId);
    await until(() => threads.haveUnsentSpans());
    const flushing = threads.flush();
    await thread.terminate();
    await flushing;
    expect(threads.haveUnsentSpans()).to.equal(false);
    expect(logged).to.deep.equal([]);
  });
});
