import { expect } from 'chai';
import { RunningClock } from '../../src/common/running-time.js';

describe('the clock of deadlines', () => {
  it('leaves out what no timer of this length explains, and nothing else', () => {
    let time = 1_000;
    const clock = new RunningClock(() => time);
    const begin = clock.now();
    for (const step of [1, 400, 500, 1_000]) {
      time += step;
      clock.now();
    }
    expect(clock.now() - begin).to.equal(1_901);
    time += 3_600_000;
    expect(clock.now() - begin).to.equal(2_151);
    time += 10;
    expect(clock.now() - begin).to.equal(2_161);
  });

  it('calls back at its own time, and not after it was told not to', async () => {
    let offset = 0;
    const clock = new RunningClock(() => performance.now() + offset);
    const calls: string[] = [];
    const begin = clock.now();
    clock.callAt(begin + 30, () => calls.push('cancelled'))();
    await new Promise<void>((resolve) => {
      clock.callAt(begin + 60, () => {
        calls.push('late');
        resolve();
      });
      offset = 60_000;
    });
    expect(calls).to.deep.equal(['late']);
    expect(clock.now() - begin).to.be.at.least(60);
  });
});
