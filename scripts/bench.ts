import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installPeers, runBench } from '../bench/src/bench.js';
import { formatReport } from '../bench/src/report.js';
import { buildPackages } from './build.js';

const RESULTS = resolve(import.meta.dirname, '../bench/results');
const FULL = { rounds: 5, calls: 500 };
const QUICK = { rounds: 1, calls: 200 };

/** `npm run bench`: CPU time that each instrumentation adds, beside the peers; `--quick` for one short round. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { quick: { type: 'boolean' } } });
  const log = (line: string): void => console.log(`• ${line}`);
  await buildPackages();
  installPeers(log);
  const result = await runBench(values.quick ? QUICK : FULL, log);
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, 'latest.json');
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(`\n${formatReport(result)}\nAs JSON: bench/results/latest.json`);
  return 0;
}
