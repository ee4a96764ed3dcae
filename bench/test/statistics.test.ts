import { expect } from 'chai';
import { estimate, median } from '../src/statistics.js';

describe('statistics of the benchmark', () => {
  it('takes the median, of an even number too', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
  });

  it('gives an interval that holds the median, and none where all samples agree', () => {
    let state = 1;
    const random = (): number => {
      state = (state * 16807) % 2147483647;
      return state / 2147483647;
    };
    const { median: middle, low, high } = estimate([5, 1, 4, 2, 3, 8, 7, 6, 9], random);
    expect(middle).to.equal(5);
    expect(low).to.be.within(1, 4);
    expect(high).to.be.within(6, 9);
    expect(estimate([7, 7, 7])).to.deep.equal({ median: 7, low: 7, high: 7 });
  });

  it('refuses to estimate from nothing', () => {
    expect(() => estimate([])).to.throw(RangeError, 'There are no samples to estimate from.');
  });
});
