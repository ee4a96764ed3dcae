/** Part 6: what `register` adds to the start of a program, and the size of what is installed. */

import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Bench, Part } from '../part.js';
import { type Estimate, estimate } from '../statistics.js';
import type { Table } from '../table.js';

const PACKAGES: string = resolve(import.meta.dirname, '../../../packages');
const REGISTER: string = join(PACKAGES, 'mlflow-bedrock/dist/cjs/register.js');
const FOLDERS = ['instrumentation-bedrock', 'exporter-mlflow', 'mlflow-bedrock'] as const;
const ROUNDS = { short: 5, thorough: 15 } as const;
const MIB = 1024 * 1024;
const execute = promisify(execFile);

/** Of an empty program at its end. */
interface Start {
  readonly cpuMilliseconds: number;
  readonly wallMilliseconds: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
}

const PROGRAM = `
const { user, system } = process.cpuUsage();
const { rss, heapUsed } = process.memoryUsage();
console.log(JSON.stringify({ cpuMilliseconds: (user + system) / 1e3, wallMilliseconds: performance.now(),
  rssMiB: rss / ${MIB}, heapMiB: heapUsed / ${MIB} }));
process.exit();
`;

export const startUp: Part = {
  name: 'start-up',
  title: 'Start-up and size',
  run: async (bench) => {
    const program = join(bench.folder, 'empty.cjs');
    writeFileSync(program, PROGRAM);
    return { tables: [await startTable(program, bench), await sizeTable(bench)], targets: [] };
  },
};

async function startTable(program: string, { thorough, log }: Bench): Promise<Table> {
  log('Starting an empty program');
  const pairs: { empty: Start; registered: Start }[] = [];
  for (let round = 0; round < (thorough ? ROUNDS.thorough : ROUNDS.short); round++) {
    pairs.push({ empty: await start([program]), registered: await start(['--import', REGISTER, program]) });
  }
  const row = (name: string, figure: (start: Start) => number): (string | Estimate)[] => [
    name,
    estimate(pairs.map(({ empty }) => figure(empty))),
    estimate(pairs.map(({ empty, registered }) => figure(registered) - figure(empty))),
  ];
  return {
    title: 'An empty program, and what `--import mlflow-bedrock/register` adds',
    columns: ['', 'empty program', 'register adds'],
    rows: [
      row('CPU time, ms', ({ cpuMilliseconds }) => cpuMilliseconds),
      row('wall time, ms', ({ wallMilliseconds }) => wallMilliseconds),
      row('memory of the process, MiB', ({ rssMiB }) => rssMiB),
      row('heap, MiB', ({ heapMiB }) => heapMiB),
    ],
  };
}

async function start(args: readonly string[]): Promise<Start> {
  const { stdout } = await execute(process.execPath, args, {
    env: { ...process.env, MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Start;
}

/** What a user gets by `npm install mlflow-bedrock`, from the packages as they are published. */
async function sizeTable({ folder, log }: Bench): Promise<Table> {
  log('Installing the packages as a user does');
  const install = join(folder, 'install');
  mkdirSync(install);
  for (const name of FOLDERS) {
    await execute('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', install], { cwd: join(PACKAGES, name) });
  }
  const tarballs = readdirSync(install).filter((file) => file.endsWith('.tgz'));
  const dependencies = Object.fromEntries(
    tarballs.map((file) => [file.replace(/-\d+\.\d+\.\d+.*$/, ''), `file:${file}`]),
  );
  writeFileSync(join(install, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await execute('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: install,
  });
  const modules = join(install, 'node_modules');
  const own = Object.keys(dependencies);
  const all = bytesOf(modules);
  const ownBytes = own.map((name) => bytesOf(join(modules, name)));
  return {
    title: 'Size of the packages installed',
    columns: ['', 'MiB', 'packages'],
    rows: [
      ...own.map((name, index) => [name, (ownBytes[index] as number) / MIB, 1]),
      ['their dependencies', (all - ownBytes.reduce((a, b) => a + b, 0)) / MIB, packagesIn(install) - own.length],
      ['all', all / MIB, packagesIn(install)],
    ],
  };
}

function packagesIn(folder: string): number {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
  return Object.keys(lock.packages).filter((path) => path.startsWith('node_modules/')).length;
}

function bytesOf(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, entry) => sum + bytesOf(join(path, entry)), 0);
}
