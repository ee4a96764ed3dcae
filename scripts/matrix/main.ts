import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { buildPackages } from 'testing/build.js';
import { type Packed, packPackages } from '../release/pack.js';
import { formatTable } from '../support/table.js';
import { CELLS, type Cell, newestCells } from './cells.js';
import { FOLDER, installCell, nodeOf } from './install.js';
import { columns, describe, type Outcome, type Outcomes, rows, updatePage } from './report.js';
import { runCell } from './run.js';

const PAGE = resolve(import.meta.dirname, '../../docs/compatibility.md');
const PARALLEL = 2;

const USAGE = `Usage: npm run matrix -- [--node major] [--newest]
  --node     tries the combinations of one line of Node.js, for example 22
  --newest   tries the newest AWS SDK and OpenTelemetry that the npm registry has
  Without options, all combinations are tried and docs/compatibility.md is updated.`;

/** `npm run matrix` tries the packed packages with versions of Node.js, OpenTelemetry and the AWS SDK. */
export async function main(args: string[]): Promise<number> {
  const { node, newest } = readOptions(args);
  const all = newest ? await newestCells() : CELLS;
  const cells = all.filter((cell) => node === undefined || cell.node.split('.')[0] === node);
  if (cells.length === 0) throw new Error(`There are no combinations with Node.js ${node}.\n${USAGE}`);
  const outcomes = await runMatrix(cells, (line) => console.log(line));
  const kinds = new Set([...outcomes.values()].map(({ kind }) => kind));
  if (!newest && node === undefined) updateTable(outcomes, kinds.has('skipped'));
  return kinds.has('fails') ? 1 : 0;
}

function readOptions(args: string[]): { node?: string; newest?: boolean } {
  try {
    return parseArgs({ args, options: { node: { type: 'string' }, newest: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

function updateTable(outcomes: Outcomes, hasSkipped: boolean): void {
  console.log(`\n${formatTable(columns(), rows(outcomes)).join('\n')}`);
  if (hasSkipped) console.log('\nSome were skipped: docs/compatibility.md is left as it is.');
  else writeFileSync(PAGE, updatePage(readFileSync(PAGE, 'utf8'), outcomes));
}

/** Tries the cells, two at a time, and logs each outcome. */
export async function runMatrix(cells: readonly Cell[], log: (line: string) => void): Promise<Map<Cell, Outcome>> {
  await buildPackages();
  const packed = await packPackages(join(FOLDER, 'packed'));
  const simulator = await startSimulator();
  const outcomes = new Map<Cell, Outcome>();
  const pending = [...cells];
  const work = async (): Promise<void> => {
    for (let cell = pending.shift(); cell; cell = pending.shift()) {
      const outcome = await tryCell(cell, packed, simulator);
      outcomes.set(cell, outcome);
      log(`${outcome.kind.padEnd(7)}  ${describe(cell)}`);
      if (outcome.kind === 'fails') for (const what of outcome.wrong) log(`  ${what}`);
      if (outcome.kind === 'skipped') log(`  ${outcome.why}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, work));
  } finally {
    await simulator.close();
  }
  return outcomes;
}

async function tryCell(cell: Cell, packed: readonly Packed[], simulator: Simulator): Promise<Outcome> {
  const node = await nodeOf(cell.node);
  if (node === undefined) {
    const why = `The npm registry has no Node.js ${cell.node} for ${process.platform} on ${process.arch}.`;
    return { kind: 'skipped', why };
  }
  try {
    const wrong = await runCell(cell, node, await installCell(cell, packed), simulator);
    return wrong.length === 0 ? { kind: 'works' } : { kind: 'fails', wrong };
  } catch (error) {
    // The other cells still say something.
    return { kind: 'fails', wrong: [(error as Error).message] };
  }
}
