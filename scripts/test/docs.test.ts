import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { ATTRIBUTE_DOCS, attributeDocs } from '../docs.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the documentation', () => {
  it('lists the attributes that the code writes, as "npm run docs" makes the list', () => {
    expect(readFileSync(ATTRIBUTE_DOCS, 'utf8')).to.equal(attributeDocs());
  });

  it('links only to existing files', () => {
    const broken = pagesBelow('').flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```.*?^```$/gms, '');
      return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`);
    });
    expect(broken).to.deep.equal([]);
  });
});

/** All pages except those of installed or built packages. */
function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|\..*)$/.test(entry.name) ? [] : pagesBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
