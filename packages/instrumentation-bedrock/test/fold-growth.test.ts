/** Long streams: the work for a chunk does not depend on how many came before it. */

import { expectLinearWork } from './growth/growth.js';

describe('the work of reading a stream', () => {
  it('doubles if the stream is twice as long, for every dialect and kind of chunk', () => expectLinearWork(150));
});
