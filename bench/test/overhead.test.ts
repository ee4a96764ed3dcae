import { expect } from 'chai';
import { type Block, Overheads } from '../src/overhead.js';
import type { Variant } from '../src/variants.js';

/** Three turns of a short and a long call, in a process that ran at some speed; in the second another program ran, too. */
function round(speed: number): Block[] {
  const added: readonly (readonly [Variant, number])[] = [
    ['none', 0],
    ['ours', 20],
    ['openinference', 40],
  ];
  return [1, 7, 1].map(
    (spoiled) =>
      new Map(added.map(([variant, more]) => [variant, [100, 900].map((time) => (time + more) * speed * spoiled)])),
  );
}

describe('overhead', () => {
  it('has the same ratios whatever the speed at which the machine ran each process', () => {
    const overheads = new Overheads([round(2), round(1), round(3)], new Map());
    for (const index of [0, 1]) {
      const { median, low, high } = overheads.ratio('ours', 'openinference', index);
      for (const ratio of [median, low, high]) expect(ratio).to.be.closeTo(0.5, 1e-9);
    }
    expect(overheads.share('ours').median).to.be.closeTo(0.2, 1e-9);
    expect(overheads.growth('ours', 1, 0).median).to.be.closeTo(1, 1e-9);
    expect(overheads.added('ours').high).to.be.above(overheads.added('ours').low);
  });
});
