import { expect } from 'chai';
import { buildPackages } from 'testing/build.js';
import { measureColdStarts } from '../src/lambda/cold-start.js';

describe('the cold start of a Lambda function', function () {
  this.timeout(60_000);

  it('is measured without and with tracing, and the function answers the same', async () => {
    await buildPackages();
    const forms = ['CommonJS', 'ES module, bundled'] as const;
    const starts = await measureColdStarts({ node: process.execPath, processes: 1 }, forms);
    expect([...starts.keys()]).to.deep.equal(forms);
    for (const { without, traced } of starts.values()) {
      expect(without).to.have.lengthOf(1);
      expect(traced[0]?.answer).to.be.a('string').and.to.equal(without[0]?.answer);
      for (const { init, invocation } of [...without, ...traced]) {
        expect(init).to.be.above(0);
        expect(invocation).to.be.above(0);
      }
    }
  });
});
