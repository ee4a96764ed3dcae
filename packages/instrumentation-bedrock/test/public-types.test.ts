import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { unexportedTypes } from 'testing/public-types.js';

const ENTRY = fileURLToPath(new URL('../dist/esm/index.d.ts', import.meta.url));

describe('the entry of the package', () => {
  it('exports every type that its exported types and functions mention', () => {
    expect(unexportedTypes(ENTRY)).to.deep.equal([]);
  });
});
