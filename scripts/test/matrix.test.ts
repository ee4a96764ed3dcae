import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { CELLS, type Cell } from '../matrix/cells.js';
import { type Outcome, updatePage } from '../matrix/report.js';

const PAGE = resolve(import.meta.dirname, '../../docs/compatibility.md');

describe('docs/compatibility.md', () => {
  it('shows that every version of the matrix works, as "npm run matrix" writes it', () => {
    const page = readFileSync(PAGE, 'utf8');
    const outcomes = new Map(CELLS.map((cell): [Cell, Outcome] => [cell, { kind: 'works' }]));
    expect(page).to.equal(updatePage(page, outcomes));
  });
});
