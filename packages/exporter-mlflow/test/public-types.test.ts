import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { unexportedTypes } from 'testing/public-types.js';

const ENTRY = fileURLToPath(new URL('../dist/esm/index.d.ts', import.meta.url));

describe('the entry of the package', () => {
  it('exports every type that its exported types and functions mention', () => {
    expect(unexportedTypes(ENTRY)).to.deep.equal([]);
  });

  // A compiler with `skipLibCheck: false` would not find them.
  it('mentions no types of packages that applications need not install', () => {
    const { peerDependenciesMeta } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    const names = Object.keys(peerDependenciesMeta);
    expect(names).to.include('@smithy/signature-v4');
    const dist = fileURLToPath(new URL('../dist', import.meta.url));
    for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.d.ts')) continue;
      const text = readFileSync(`${dist}/${file}`, 'utf8');
      expect(
        names.filter((name) => text.includes(`'${name}'`) || text.includes(`"${name}"`)),
        file,
      ).to.deep.equal([]);
    }
  });
});
