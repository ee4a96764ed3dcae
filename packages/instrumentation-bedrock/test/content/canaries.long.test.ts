/** As `canaries.test.ts`, with all samples and all settings. */

import { readSamples } from '../support/exchanges.js';
import { describeCanaries } from '../support/leaks.js';
import { WAYS } from '../support/watch.js';

describe('canaries in all samples', () => {
  describeCanaries({ samples: readSamples(), ways: Object.keys(WAYS).filter((way) => way !== 'nothing is set') });
});
