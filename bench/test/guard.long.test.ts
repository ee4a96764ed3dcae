import { expect } from 'chai';
import { OPERATIONS } from '../src/answers.js';
import { exceeded, LIMITS, measureRatios, type Ratios } from '../src/guard.js';
import { installPeers } from '../src/install.js';

describe('cost of a call beside openinference', function () {
  this.timeout(300_000);
  before(() => installPeers((line) => console.log(`      ${line}`)));

  for (const operation of OPERATIONS) {
    it(`stays within its limits for ${operation}`, async () => {
      const limits = LIMITS[operation];
      const first = exceeded(await measure(), limits);
      if (first.length === 0) return;
      // Another program may have disturbed the first measurement.
      const second = exceeded(await measure(), limits);
      expect(second.filter((name) => first.includes(name))).to.deep.equal([]);
    });

    async function measure(): Promise<Ratios> {
      const ratios = await measureRatios(operation);
      for (const name of Object.keys(LIMITS[operation]) as (keyof Ratios)[]) {
        const ratio = ratios[name];
        const figures = ratio && `${ratio.median.toFixed(2)}, lowest ${ratio.lowest.toFixed(2)}`;
        console.log(`      ${name}: ${figures ?? 'not measurable on this machine now'}`);
      }
      return ratios;
    }
  }
});
