import { expect } from 'chai';
import { atOneSpeed, type Block, Overheads } from '../src/overhead.js';

describe('overhead', () => {
  it('is the same whatever the speed at which the machine ran each process', () => {
    const round = (ours: number, peer: number): Block[] => [
      new Map([
        ['none', [{ traced: 100, untraced: 100 }]],
        ['ours', [{ traced: 120 * ours, untraced: 100 * ours }]],
        ['openinference', [{ traced: 140 * peer, untraced: 100 * peer }]],
      ]),
    ];
    const overheads = new Overheads(atOneSpeed([round(1, 2), round(3, 1)]), new Map());
    const { median, low, high } = overheads.ratio('ours', 'openinference');
    for (const figure of [median, low, high]) expect(figure).to.be.closeTo(0.5, 1e-9);
    expect(overheads.added('ours').median).to.be.closeTo(20, 1e-9);
    expect(overheads.baseline().median).to.be.closeTo(100, 1e-9);
  });
});
