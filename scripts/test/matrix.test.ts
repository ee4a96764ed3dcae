import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { CELLS, type Cell } from '../matrix/cells.js';
import { type Outcome, updatePage } from '../matrix/report.js';
import { runMatrix } from '../matrix.js';

const PAGE = resolve(import.meta.dirname, '../../docs/compatibility.md');

function find(matches: (cell: Cell) => boolean): Cell {
  const cell = CELLS.find(matches);
  if (!cell) throw new Error('There is no such cell.');
  return cell;
}

describe('compatibility', () => {
  const oldest = find(({ line }) => line.name === '2.x');
  const newest = CELLS.at(-1) as Cell;
  const CORNERS: Readonly<Record<string, Cell>> = {
    'the oldest SDK with OpenTelemetry 2.x on this Node.js': { ...oldest, node: process.versions.node },
    'the newest SDK with OpenTelemetry 3.x on Node.js 24': newest,
  };
  for (const [name, cell] of Object.entries(CORNERS)) {
    it(`of ${name}`, async function () {
      const outcome = (await runMatrix([cell], () => undefined)).get(cell);
      if (outcome?.kind === 'skipped') {
        console.log(`    ${outcome.why}`);
        this.skip();
      }
      expect(outcome).to.deep.equal({ kind: 'works' });
    }).timeout(120_000);
  }

  it('is told for these versions in docs/compatibility.md; "npm run matrix" brings it up to date', () => {
    const page = readFileSync(PAGE, 'utf8');
    expect(newest).to.have.nested.property('line.name', '3.x');
    expect(newest.node).to.match(/^24\./);
    expect(page).to.equal(updatePage(page, new Map(CELLS.map((cell): [Cell, Outcome] => [cell, { kind: 'works' }]))));
  });
});
