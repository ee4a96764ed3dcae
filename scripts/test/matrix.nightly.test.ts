import { expect } from 'chai';
import { CELLS, type Cell } from '../matrix/cells.js';
import { runMatrix } from '../matrix/main.js';

/** The other combinations are jobs of the workflows. The oldest SDK is in the tests of the instrumentation, too. */
const NEWEST = CELLS.at(-1) as Cell;

describe('the compatibility matrix', () => {
  it('works with the newest SDK and OpenTelemetry 3.x on Node.js 26', async function () {
    const outcome = (await runMatrix([NEWEST], () => undefined)).get(NEWEST);
    if (outcome?.kind === 'skipped') {
      console.log(`    ${outcome.why}`);
      this.skip();
    }
    expect(outcome).to.deep.equal({ kind: 'works' });
  }).timeout(120_000);
});
