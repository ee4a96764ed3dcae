/** Long streams, as in `fold-growth.test.ts`, with the allocated memory and the whole way through the client. */

import { expectLinearWork } from '../growth/growth.js';

describe('the work of reading a stream and the memory that it allocates', function () {
  this.timeout(1_200_000);

  it('double if the stream is twice as long, for every dialect and kind of chunk', () =>
    // V8 adds the first thousand members to an object in quadratic time.
    expectLinearWork(1_100, { isLong: true }));
});
