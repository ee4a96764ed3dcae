import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackages } from 'testing/build.js';
import { describeMachine } from '../bench/src/machine.js';
import type { Part } from '../bench/src/part.js';
import { PARTS } from '../bench/src/parts.js';
import { installPeers, PEER_VERSIONS } from '../bench/src/peers.js';
import { type Results, saveResults, writeReadme } from '../bench/src/results.js';
import { formatText, targetTable } from '../bench/src/table.js';

const NAMES = PARTS.map(({ name }) => name).join(', ');
const USAGE = `Usage: npm run bench -- [--thorough] [--only <part>]
       npm run bench -- --thorough --write-readme
Parts: ${NAMES}`;

/**
 * `npm run bench`: what tracing costs, beside the peers, in a few minutes. `--thorough` for all variants, calls with
 * compiled code and more rounds, `--only <part>` for one part (may be repeated), `--write-readme` to put the tables of a thorough run
 * into bench/README.md.
 */
export async function main(args: string[]): Promise<number> {
  const { thorough, parts, intoReadme } = optionsOf(args);
  const log = (line: string): void => console.log(`• ${line}`);
  await buildPackages();
  installPeers(log);
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const started = performance.now();
  const date = new Date().toISOString();
  const done: Record<string, Results['parts'][string]> = {};
  const results = (): Results => {
    const seconds = (performance.now() - started) / 1000;
    return { date, machine, versions: PEER_VERSIONS, thorough, seconds, parts: done };
  };
  try {
    for (const part of parts) {
      const result = await runPart(part, { thorough, folder, log });
      done[part.name] = result;
      saveResults(results()); // A long run that is broken off has at least these.
      const tables = result.targets.length > 0 ? [...result.tables, targetTable(result.targets)] : result.tables;
      console.log(`\n${tables.map(formatText).join('\n')}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`Took ${results().seconds.toFixed(0)} s. As JSON: ${saveResults(results())}`);
  if (intoReadme) writeReadme(results());
  return 0;
}

interface Options {
  thorough: boolean;
  parts: readonly Part[];
  intoReadme: boolean;
}

function optionsOf(args: string[]): Options {
  const options = {
    thorough: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    'write-readme': { type: 'boolean', default: false },
  } as const;
  try {
    const { thorough, only, 'write-readme': intoReadme } = parseArgs({ args, options }).values;
    const unknown = only?.find((name) => !PARTS.some((part) => part.name === name));
    if (unknown !== undefined) throw new Error(`There is no part "${unknown}".`);
    if (intoReadme && (only || !thorough)) {
      throw new Error('--write-readme needs a whole thorough run: add --thorough, leave --only out.');
    }
    const parts = PARTS.filter(({ name, isLeftOutOfShort }) => only?.includes(name) ?? (thorough || !isLeftOutOfShort));
    return { thorough, intoReadme, parts };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

async function runPart(part: Part, bench: Parameters<Part['run']>[0]): Promise<Results['parts'][string]> {
  bench.log(`${part.title} (${part.name})`);
  const started = performance.now();
  const result = await part.run(bench);
  return { title: part.title, seconds: (performance.now() - started) / 1000, ...result };
}
