import { expect } from 'chai';
import { flushAtProcessEnd } from '../../src/autolog/process-end.js';

const immediate = () => new Promise((resolve) => setImmediate(resolve));

describe('flushAtProcessEnd()', () => {
  it('flushes once and after the other listeners, although Node.js emits beforeExit again after each flush', async () => {
    const calls: string[] = [];
    const stop = flushAtProcessEnd({
      hasUnsentSpans: () => true,
      flush: async () => calls.push('flush'),
      flushAndAbort: async () => calls.push('flushAndAbort'),
      reportUnsent: () => {},
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
    const stop = flushAtProcessEnd({
      hasUnsentSpans: () => false,
      flush,
      flushAndAbort: flush,
      reportUnsent: () => {},
    });
    const ours = process.listeners('beforeExit').at(-1);
    ours?.(0);
    await immediate();
    stop();
    expect(flushes).to.equal(0);
  });

  it('removes its listeners when it is stopped', () => {
    const events = ['beforeExit', 'SIGTERM', 'SIGINT'] as const;
    const count = () => events.map((event) => process.listenerCount(event));
    const before = count();
    const flush = async () => undefined;
    const stop = flushAtProcessEnd({ hasUnsentSpans: () => true, flush, flushAndAbort: flush, reportUnsent: () => {} });
    expect(count()).to.deep.equal(before.map((listeners) => listeners + 1));
    stop();
    expect(count()).to.deep.equal(before);
  });
});
