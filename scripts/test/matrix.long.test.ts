import { expect } from 'chai';
import { CELLS, type Cell } from '../matrix/cells.js';
import { runMatrix } from '../matrix.js';

function find(matches: (cell: Cell) => boolean): Cell {
  const cell = CELLS.find(matches);
  if (!cell) throw new Error('There is no such cell.');
  return cell;
}

describe('the compatibility matrix', () => {
  const oldest = find(({ line }) => line.name === '2.x');
  const newest = CELLS.at(-1) as Cell;
  const CORNERS: Readonly<Record<string, Cell>> = {
    'the oldest SDK with OpenTelemetry 2.x on this Node.js': { ...oldest, node: process.versions.node },
    'the newest SDK with OpenTelemetry 3.x on Node.js 26': newest,
  };
  for (const [name, cell] of Object.entries(CORNERS)) {
    it(`works with ${name}`, async function () {
      const outcome = (await runMatrix([cell], () => undefined)).get(cell);
      if (outcome?.kind === 'skipped') {
        console.log(`    ${outcome.why}`);
        this.skip();
      }
      expect(outcome).to.deep.equal({ kind: 'works' });
    }).timeout(120_000);
  }
});
