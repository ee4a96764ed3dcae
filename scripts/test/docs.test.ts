import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { ATTRIBUTE_DOCS, attributeDocs } from '../docs.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('documentation', () => {
  it('lists the attributes that the code writes; "npm run docs" brings it up to date', () => {
    expect(readFileSync(ATTRIBUTE_DOCS, 'utf8')).to.equal(attributeDocs());
  });

  it('links to files that exist', () => {
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

/** Not the pages of what is installed or built, which are many. */
function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|\..*)$/.test(entry.name) ? [] : pagesBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
