import { expect } from 'chai';
import { exceeded } from '../src/guard.js';

describe('limits of the guard', () => {
  const figure = (lowest: number) => ({ median: lowest + 1, lowest, highest: lowest + 2 });

  it('are exceeded only if the ratio of every process is above the limit', () => {
    expect(exceeded({ call: figure(1.9), chunk: figure(0.9) }, { call: 2, chunk: 1 })).to.deep.equal([]);
    expect(exceeded({ call: figure(2.1), chunk: figure(1.1) }, { call: 2, chunk: 1 })).to.deep.equal(['call', 'chunk']);
  });

  it('are not exceeded by a ratio that is lost in the noise or has no limit', () => {
    expect(exceeded({ call: undefined, chunk: figure(9) }, { call: 2 })).to.deep.equal([]);
  });
});
