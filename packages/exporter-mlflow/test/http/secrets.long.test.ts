import { eachTest } from '../support/each-test.js';
import { expectHidden, PLACES, SOURCES } from '../support/repeated-secrets.js';
import { SPELLINGS } from '../support/spellings.js';

describe('secrets that a server repeats, of all kinds', () => {
  const test = eachTest();

  for (const source of Object.keys(SOURCES)) {
    it(`are hidden in each spelling if they come from ${source}`, async () => {
      await expectHidden(test, (choose) =>
        Object.keys(SPELLINGS).map((spelling) => ({ source, spelling, place: choose(Object.keys(PLACES)) })),
      );
    });
  }
});
