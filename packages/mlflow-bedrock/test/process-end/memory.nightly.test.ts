/** Outages of MLflow at the size of real applications. */

import { expect } from 'chai';
import { runThroughOutage } from '../support/outage.js';

describe('a long outage of MLflow', function () {
  this.timeout(600_000);

  const IMAGES = { heap: 192, calls: 150, kind: 'image', size: 1_000_000 } as const;
  const HISTORIES = { heap: 256, calls: 400, kind: 'history', size: 200_000 } as const;
  const LOADS = [
    { ...IMAGES, state: 'hanging' },
    { ...HISTORIES, state: 'hanging' },
  ] as const;
  for (const load of LOADS) {
    const { heap, calls, kind, size, state } = load;
    it(`costs no figures of ${calls} calls with ${kind} of ${size} bytes in ${heap} MB (${state})`, async () => {
      const { code, made, delivered, stderr } = await runThroughOutage(load);
      expect(made, stderr).to.deep.equal({ calls, tokens: calls * 15 });
      expect({ code, delivered }, stderr).to.deep.equal({ code: 0, delivered: made });
      expect(stderr).to.not.match(/[1-9]\d* spans? (?:was|were) not delivered/);
    });
  }
});
