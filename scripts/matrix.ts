import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { buildPackages } from 'testing/build.js';
import { formatTable } from './demo/table.js';
import { CELLS, type Cell } from './matrix/cells.js';
import { installCell, nodeOf, type Packed, packPackages } from './matrix/install.js';
import { columns, describe, type Outcome, rows, updatePage } from './matrix/report.js';
import { runCell } from './matrix/run.js';

const PAGE = resolve(import.meta.dirname, '../docs/compatibility.md');
const PARALLEL = 2;

/**
 * `npm run matrix` tries the packed packages with each supported Node.js, each line of OpenTelemetry and several AWS SDKs.
 * It updates `docs/compatibility.md`.
 */
export async function main(): Promise<number> {
  const outcomes = await runMatrix(CELLS, (line) => console.log(line));
  console.log(`\n${formatTable(columns(), rows(outcomes)).join('\n')}`);
  const all = [...outcomes.values()];
  if (all.some(({ kind }) => kind === 'skipped'))
    console.log('\nSome were skipped: docs/compatibility.md is left as it is.');
  else writeFileSync(PAGE, updatePage(readFileSync(PAGE, 'utf8'), outcomes));
  return all.some(({ kind }) => kind === 'fails') ? 1 : 0;
}

/** Tries the cells, two at a time, and logs each outcome. */
export async function runMatrix(cells: readonly Cell[], log: (line: string) => void): Promise<Map<Cell, Outcome>> {
  await buildPackages();
  const packed = await packPackages();
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
  const wrong = await runCell(cell, node, await installCell(cell, packed), simulator);
  return wrong.length === 0 ? { kind: 'works' } : { kind: 'fails', wrong };
}
