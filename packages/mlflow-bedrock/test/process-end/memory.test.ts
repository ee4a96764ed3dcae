/** The application survives an outage of MLflow with a small heap, and no figure is lost. */

import { expect } from 'chai';
import { runThroughOutage } from '../support/outage.js';

describe('an outage of MLflow', function () {
  this.timeout(60_000);

  it('costs content and no figures if the images of the calls do not fit into the heap', async () => {
    const { code, made, delivered, stderr } = await runThroughOutage({
      heap: 64,
      calls: 50,
      kind: 'image',
      size: 1024 * 1024,
      state: 'refusing',
      options: { retry: { maxBackoffMillis: 100 } },
    });
    expect(made, stderr).to.deep.equal({ calls: 50, tokens: 750 });
    expect({ code, delivered }, stderr).to.deep.equal({ code: 0, delivered: made });
    expect(stderr).to.match(/^Spans of more than \d+ MB wait for MLflow, which is slow or down\. The oldest lose/m);
    expect(stderr).to.not.match(/[1-9]\d* spans? (?:was|were) not delivered/);
  });
});
