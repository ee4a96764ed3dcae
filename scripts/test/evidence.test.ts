/** Pages that name the tests which show what they say. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { API, markdownFiles, ROOT } from '../../docs/.vitepress/pages.js';

/** A link to a test file, with the titles of tests in quotation marks after it. `…` stands for any text. */
const EVIDENCE = /\]\((?<file>[^)]*\.test\.ts)\)(?<titles>: "[^"\n]+"(?:, "[^"\n]+")*)?/g;
const NUMBERS = /^\|(?: [^|]* \|){5} (\d+(?:, \d+)*) \|$/gm;
const NUMBERED = /^(\d+)\. \[[^\n]*\.test\.ts\)/gm;

describe('the evidence in the documentation', () => {
  const pages = markdownFiles().filter((page) => !page.startsWith(API));
  const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

  it('names only tests that exist', () => {
    let named = 0;
    const missing = pages.flatMap((page) =>
      [...read(page).matchAll(EVIDENCE)].flatMap(({ groups: { file = '', titles = '' } = {} }) => {
        const source = read(join(dirname(page), file));
        return [...titles.matchAll(/"([^"]+)"/g)]
          .map(([, title = '']) => title)
          .filter((title) => {
            named += 1;
            return !isTitleIn(source, title);
          })
          .map((title) => `${page}: ${file}: ${title}`);
      }),
    );
    expect(missing).to.deep.equal([]);
    expect(named).to.be.above(40);
  });

  it('has a row for each numbered test, and a test for each number', () => {
    const page = read('docs/delivery.md');
    const used = new Set([...page.matchAll(NUMBERS)].flatMap(([, numbers = '']) => numbers.split(', ').map(Number)));
    const listed = [...page.matchAll(NUMBERED)].map(([, number]) => Number(number));
    expect(listed).to.have.length.above(20);
    expect([...used].sort((a, b) => a - b)).to.deep.equal(listed);
  });
});

/** Whether a test has this title. The title in the source may be a template, whose fields the page writes as `…`. */
function isTitleIn(source: string, title: string): boolean {
  const titles = [...source.matchAll(/\b(?:it|describe)\(\s*(['`])(.*?)\1,/gs)].map(([, , text = '']) => text);
  const others = [...source.matchAll(/\['([^'\n]+)',/g)].map(([, text = '']) => text);
  const pattern = new RegExp(`^${title.split('…').map(asPattern).join('.*')}$`, 's');
  return [...titles, ...others].some((one) => pattern.test(one.replaceAll(/\$\{[^`]*?\}/g, '…')));
}

function asPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
