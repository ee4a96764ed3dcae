import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { flushAtEnd } from '../src/at-end.js';

describe('flushAtEnd()', () => {
  it('puts the end off once for the time it may take, however often other listeners make Node.js ask', async () => {
    const given: number[] = [];
    const flushed = new EventTarget();
    const stop = flushAtEnd({
      hasUnsent: () => true,
      flush: async () => true,
      flushOrGiveUp: async (timeoutMillis) => {
        given.push(timeoutMillis);
        await sleep(Math.min(timeoutMillis, 60));
        // After the one that waits for this has gone on.
        setImmediate(() => flushed.dispatchEvent(new Event('flushed')));
        return true;
      },
      flushTimeoutMillis: 100,
    });
    // The one just added, so that nobody else is asked.
    const [ask] = process.listeners('beforeExit');
    const other = (): void => {};
    process.on('beforeExit', other);
    try {
      for (let round = 0; round < 2; round += 1) {
        const end = once(flushed, 'flushed');
        ask?.(0);
        await end;
      }
      ask?.(0);
      await new Promise(setImmediate);
    } finally {
      stop();
      process.off('beforeExit', other);
    }
    expect(given).to.have.length(2);
    expect(given[0]).to.equal(100);
    // Timers are up to a millisecond early.
    expect(given[1]).to.be.within(0, 41);
  });
});
