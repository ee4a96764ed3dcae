import { expect } from 'chai';
import { exceededTwice, type GuardedRatio, isExceeded } from '../src/guard.js';

const ratio = (low: number, what = 'ours / peer, per call'): GuardedRatio => ({
  what,
  ratio: { median: low + 0.2, low, high: low + 0.4 },
  limit: 2,
});

describe('guard of the overhead', () => {
  it('is exceeded only where the whole interval is above the limit', () => {
    expect(isExceeded(ratio(1.9))).to.equal(false);
    expect(isExceeded(ratio(2.1))).to.equal(true);
  });

  it('measures once when all is well, and fails for what exceeded its limit twice', async () => {
    const runs = [[ratio(1)], [ratio(2.1), ratio(2.5, 'other')], [ratio(2.2), ratio(1, 'other')]];
    let count = 0;
    const measure = async (): Promise<GuardedRatio[]> => runs[count++] as GuardedRatio[];
    expect(await exceededTwice(measure, () => {})).to.deep.equal([]);
    expect(count).to.equal(1);
    expect(await exceededTwice(measure, () => {})).to.deep.equal(['ours / peer, per call']);
    expect(count).to.equal(3);
  });
});
