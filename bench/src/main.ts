import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackages } from 'testing/build.js';
import { compareBehaviour, writeComparison } from './behaviour.js';
import { findNode, installPeers } from './install.js';
import { summaryOf, writeReadme } from './readme.js';
import { measureAll, PARTS, type PartName } from './report.js';
import { PROCESSES } from './statistics.js';
import { formatMarkdown, formatText } from './table.js';

const USAGE = `Usage: npm run bench -- [options]
  --node <version>    Node.js to measure on, from the npm registry (default: 24)
  --base <folder>     also measures a second built checkout, as "before"
  --only <part>       ${PARTS.join(', ')}; may be repeated
  --write-readme      writes the results into bench/README.md
  --behaviour         compares what is recorded and what applications notice, and writes docs/comparison.md
  --quick             tries every step in about a minute; the figures mean nothing`;

const EFFORT = { processes: PROCESSES, seconds: 30, batches: 45 } as const;
const QUICK = { processes: 2, seconds: 2, batches: 6 } as const;

/** `npm run bench`: what tracing costs, beside other instrumentations. Takes about eleven minutes on two cores. */
export async function main(args: string[]): Promise<number> {
  const { node: version, base, only, 'write-readme': intoReadme, behaviour, quick } = optionsOf(args);
  const log = (line: string): void => console.log(`• ${line}`);
  await buildPackages();
  await installPeers(log, base);
  const node = await findNode(version, log);
  if (behaviour) {
    const table = await compareBehaviour({ node, log });
    console.log(`\n${formatText(table)}`);
    writeComparison(table, new Date());
    return 0;
  }
  const about = describeRun(node);
  const started = performance.now();
  const bench = { ...(quick ? QUICK : EFFORT), node, log, ...(base === undefined ? {} : { base: resolve(base) }) };
  const tables = await measureAll(bench, only);
  console.log(`\n${about}\n\n${tables.map(formatText).join('\n\n')}\n`);
  console.log(`Took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
  if (intoReadme) writeReadme([about, ...tables.map(summaryOf).map(formatMarkdown)].join('\n\n'));
  return 0;
}

function optionsOf(args: string[]) {
  const options = {
    node: { type: 'string', default: '24' },
    base: { type: 'string' },
    only: { type: 'string', multiple: true },
    'write-readme': { type: 'boolean', default: false },
    behaviour: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  } as const;
  try {
    const { only = [...PARTS], ...rest } = parseArgs({ args, options }).values;
    const unknown = only.find((name) => !PARTS.includes(name as PartName));
    if (unknown !== undefined) throw new Error(`There is no part "${unknown}".`);
    return { ...rest, only: only as PartName[] };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

function describeRun(node: string): string {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const [cpu] = cpus();
  const load = (loadavg()[0] as number).toFixed(1);
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, Node.js ${version}, ${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, load ${load} at the start.`;
}
