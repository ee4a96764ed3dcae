import { expect } from 'chai';
import { inOrderOfStart, type StartedSpan } from '../../src/export/files/span-order.js';

/** In nanoseconds of the epoch. */
const NOON = 1_796_040_000_000_000_000n;

describe('the order of spans in the file of a trace', () => {
  const span = (spanId: string, start: bigint, parentSpanId?: string): StartedSpan => ({ spanId, start, parentSpanId });
  const namesOf = (spans: readonly StartedSpan[]): string[] => spans.map(({ spanId }) => spanId);

  it('is that of their start, with parents first if several start in the same millisecond', () => {
    const ended = [
      span('later', NOON + 1n, 'root'),
      span('first', NOON, 'step'),
      span('second', NOON, 'step'),
      span('step', NOON, 'root'),
      span('sibling', NOON, 'root'),
      span('earlier', NOON - 1n, 'root'),
      span('root', NOON),
    ];
    expect(namesOf(inOrderOfStart(ended))).to.deep.equal([
      'earlier',
      'root',
      'step',
      'first',
      'second',
      'sibling',
      'later',
    ]);
  });

  it('is found even if spans are parents of each other', () => {
    const cycle = [span('one', NOON, 'other'), span('other', NOON, 'one')];
    expect(namesOf(inOrderOfStart(cycle))).to.have.members(['one', 'other']);
  });
});
