import { expect } from 'chai';
import { exceededTwice, type GuardedRatio, MEASURED, measureGuard } from '../src/guard.js';
import { prepareBench } from './support/prepare.js';

describe('overhead beside the cheapest correct peer', function () {
  this.timeout(600_000);
  const folder = prepareBench();

  for (const measured of MEASURED) {
    it(`of ${measured.operation} stays within its margin`, async () => {
      const names: string[] = [];
      const exceeded = await exceededTwice(
        () => measureGuard(measured, folder),
        (one) => {
          names.push(one.what);
          console.log(`      ${describeRatio(one)}`);
        },
      );
      expect(names, 'no peer was correct').not.to.be.empty;
      expect(exceeded).to.deep.equal([]);
    });
  }
});

function describeRatio({ what, ratio: { median, low, high }, limit }: GuardedRatio): string {
  return `${what}: ${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}], limit ${limit.toFixed(2)}`;
}
