import { once } from 'node:events';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { flushAtProcessEnd } from '../src/autolog/process-end.js';

const immediate = () => new Promise((resolve) => setImmediate(resolve));

describe('flushAtProcessEnd()', () => {
  it('flushes once and after the other listeners, although Node.js emits beforeExit again after each flush', async () => {
    const calls: string[] = [];
    const stop = flushAtProcessEnd({
      hasUnsentSpans: () => true,
      flush: async () => calls.push('flush'),
      flushAndAbort: async () => calls.push('flushAndAbort'),
      timeoutMillis: 1000,
    });
    // Called directly, so that no listener of the test runner runs.
    const ours = process.listeners('beforeExit').at(-1);
    try {
      for (let round = 0; round < 3; round += 1) {
        ours?.(0);
        calls.push('other listener');
        await immediate();
      }
    } finally {
      stop();
    }
    expect(calls).to.deep.equal(['other listener', 'flushAndAbort', 'other listener', 'other listener']);
  });

  it('leaves the event loop empty when there is nothing to send', async () => {
    let flushes = 0;
    const flush = async () => ++flushes;
    const stop = flushAtProcessEnd({ hasUnsentSpans: () => false, flush, flushAndAbort: flush, timeoutMillis: 1000 });
    const ours = process.listeners('beforeExit').at(-1);
    ours?.(0);
    await immediate();
    stop();
    expect(flushes).to.equal(0);
  });

  it('warns if a worker thread does not flush in time, and does not flush in vain when nothing is unsent', async () => {
    const logged: unknown[] = [];
    const ignore = () => {};
    diag.setLogger({ error: ignore, info: ignore, debug: ignore, verbose: ignore, warn: (text) => logged.push(text) });
    let flushes = 0;
    const flush = async () => ++flushes;
    const stop = flushAtProcessEnd({ hasUnsentSpans: () => false, flush, flushAndAbort: flush, timeoutMillis: 20 });
    const ours = process.listeners('beforeExit').at(-1);
    const thread = new Worker('setInterval(() => {}, 1000)', { eval: true });
    const channel = new BroadcastChannel('mlflow-bedrock.flush.v1');
    try {
      await once(thread, 'online');
      channel.postMessage({ kind: 'here', thread: thread.threadId });
      while (logged.length === 0) {
        ours?.(0);
        await immediate();
      }
    } finally {
      stop();
      channel.close();
      await thread.terminate();
      diag.disable();
    }
    expect(logged).to.deep.equal([
      'mlflow-bedrock: 1 of the worker threads did not flush within 20 ms; their last spans may be lost',
    ]);
    expect(flushes).to.equal(0);
  });

  it('removes its listeners when it is stopped', () => {
    const events = ['beforeExit', 'SIGTERM', 'SIGINT'] as const;
    const count = () => events.map((event) => process.listenerCount(event));
    const before = count();
    const flush = async () => undefined;
    const stop = flushAtProcessEnd({ hasUnsentSpans: () => true, flush, flushAndAbort: flush, timeoutMillis: 1000 });
    expect(count()).to.deep.equal(before.map((listeners) => listeners + 1));
    stop();
    expect(count()).to.deep.equal(before);
  });
});
