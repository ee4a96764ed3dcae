import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installPeers, runBench } from '../bench/src/bench.js';
import { runExporterBench } from '../bench/src/exporter.js';
import { formatExporterReport } from '../bench/src/exporter-report.js';
import { formatReport } from '../bench/src/report.js';
import { buildPackages } from './build.js';

const RESULTS = resolve(import.meta.dirname, '../bench/results');
const FULL = { rounds: 5, calls: 500 };
const QUICK = { rounds: 1, calls: 200 };

const EXPORTERS = { sink: { rounds: 9, traces: 2000 }, mlflow: { rounds: 3, traces: 200 } };
const QUICK_EXPORTERS = { sink: { rounds: 1, traces: 200 }, mlflow: { rounds: 1, traces: 20 } };

/**
 * `npm run bench`: CPU time that each instrumentation adds, and what exporters cost, beside the peers; `--quick` for
 * one short round, `--only instrumentations` or `--only exporters` for one part.
 */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
  const { quick, only } = values;
  if (only !== undefined && only !== 'instrumentations' && only !== 'exporters') {
    throw new Error(
      `There is no part "${only}". Usage: npm run bench -- [--quick] [--only instrumentations|exporters]`,
    );
  }
  const log = (line: string): void => console.log(`• ${line}`);
  await buildPackages();
  mkdirSync(RESULTS, { recursive: true });
  if (only !== 'exporters') {
    installPeers(log);
    const result = await runBench(quick ? QUICK : FULL, log);
    save('latest.json', result);
    console.log(`\n${formatReport(result)}\nAs JSON: bench/results/latest.json`);
  }
  if (only !== 'instrumentations') {
    const result = await runExporterBench(quick ? QUICK_EXPORTERS : EXPORTERS, log);
    save('exporters.json', result);
    console.log(`\n${formatExporterReport(result)}\nAs JSON: bench/results/exporters.json`);
  }
  return 0;
}

function save(name: string, result: unknown): void {
  writeFileSync(join(RESULTS, name), `${JSON.stringify(result, undefined, 2)}\n`);
}
