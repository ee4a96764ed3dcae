import { expect } from 'chai';
import { atOneSpeed, type Block, Overheads } from '../src/overhead.js';
import type { Variant } from '../src/variants.js';

/** Three blocks of a short and a long call; in the second another program took its turn. */
function round(speeds: Readonly<Partial<Record<Variant, number>>>): Block[] {
  const added: Partial<Record<Variant, number>> = { none: 0, ours: 20, openinference: 40 };
  return [1, 7, 1].map((spoiled) => {
    const turns = Object.entries(speeds).map(([variant, speed]) => {
      const turn = (untraced: number): { traced: number; untraced: number } => ({
        untraced: untraced * speed * spoiled,
        traced: (untraced + (added[variant as Variant] as number)) * speed * spoiled,
      });
      return [variant as Variant, [turn(100), turn(900)]] as const;
    });
    return new Map(turns);
  });
}

describe('overhead', () => {
  it('is the same whatever the speed at which the machine ran each process', () => {
    const rounds = [round({ none: 2, ours: 1, openinference: 2 }), round({ none: 1, ours: 3, openinference: 1 })];
    const measured = (blocks: Block[][]): Overheads => new Overheads(blocks, new Map());
    expect(measured(rounds).ratio('ours', 'openinference').median, 'as measured').not.to.be.closeTo(0.5, 0.1);
    const overheads = measured(atOneSpeed(rounds));
    expect(overheads.ratio('ours', 'openinference').median).to.be.closeTo(0.5, 1e-9);
    expect(overheads.ratio('ours', 'openinference', 1).median).to.be.closeTo(0.5, 1e-9);
    expect(overheads.added('ours').median / overheads.baseline().median).to.be.closeTo(0.2, 1e-9);
    expect(overheads.baseline(1).median / overheads.baseline(0).median).to.be.closeTo(9, 1e-9);
  });
});
