/** Marked texts in requests, answers, chunks and errors: none is emitted if content is off or hooked. */

import { readSamples } from '../support/exchanges.js';
import { describeCanaries } from '../support/leaks.js';

/** One sample for each folder and operation. */
const samples = [
  ...new Map(readSamples().map((sample) => [`${sample.id.split('/')[0]} ${sample.operation}`, sample])).values(),
];

describe('canaries', () => {
  describeCanaries({ samples, ways: ['the option is off', 'a hook removes them'] });
});
