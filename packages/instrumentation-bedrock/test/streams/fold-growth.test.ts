/** Long streams: the work for a chunk does not depend on how many came before it. */

import { expect } from 'chai';
import { createChunkListFold } from '../../src/dialects/fold/chunk-list-fold.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { expectLinearWork } from '../growth/growth.js';
import { STREAMS } from '../growth/streams.js';

describe('the work of reading a stream', () => {
  it('is measured for every dialect with streams', () => {
    const withStreams = DIALECTS.filter(({ dialect }) => dialect.createFold !== createChunkListFold);
    const measured = STREAMS.map(({ name }) => name.replace(/:.*/, ''));
    expect(measured).to.include.members(withStreams.map(({ dialect }) => dialect.name));
  });

  it('doubles if the stream is twice as long, for every dialect and kind of chunk', () => expectLinearWork(150));
});
