import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { endsWithin } from '../../src/common/ends-within.js';

describe('a limited wait', () => {
  const never = new Promise<never>(() => {});

  it('ends with the work, or with its time', async () => {
    expect(await endsWithin(1000, delay(5, 'done'))).to.equal('done');
    for (const millis of [0, 5, 300]) expect(await endsWithin(millis, never)).to.equal(undefined);
    const failing = endsWithin(1000, Promise.reject(new Error('failed')));
    expect(await failing.catch((error: Error) => error.message)).to.equal('failed');
  });

  it('does not count time in which the process could not run', async () => {
    const work = (async () => {
      await delay(400);
      return delay(20, 'done');
    })();
    const waiting = endsWithin(600, work);
    const until = performance.now() + 1500;
    while (performance.now() < until);
    expect(await waiting).to.equal('done');
  });

  it('counts the delays of a busy event loop, and no suspension', async () => {
    for (const [step, looks] of [
      [900, 3],
      [5000, 8],
    ] as const) {
      let time = 0;
      const now = (): number => {
        time += step;
        return time;
      };
      await endsWithin(1900, never, now);
      expect(time).to.equal(step * (1 + looks));
    }
  });
});
