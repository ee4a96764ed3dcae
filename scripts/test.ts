import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackages } from './build.js';
import { installMlflow, MLFLOW_VERSION } from './mlflow/install.js';
import type { TestCounts } from './support/counting-reporter.js';
import { runNode } from './support/run.js';
import { Stages } from './support/stages.js';

const ROOT = resolve(import.meta.dirname, '..');
const RESULTS = join(ROOT, '.mlflow', 'results');
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const MOCHA = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const REPORTER = join(ROOT, 'scripts', 'support', 'counting-reporter.ts');

const USAGE = `Usage: npm test                              build, lint, type check, every test
       npm run test:all                      the same with the tests that need system packages (*.system.test.ts)
       npm run test:all -- --only-system     only those`;

/** Which test files run: those that need nothing but npm and Python packages, those that need more, or both. */
type Selection = 'plain' | 'system' | 'all';

/**
 * `npm test` and `npm run test:all`. Ends with the line `N passed, N failed, N skipped`; the same figures are in
 * `.mlflow/results/<selection>.json`.
 */
export async function main(args: string[]): Promise<number> {
  const selection = selectionOf(args);
  const stages = new Stages();
  const built = await stages.run('build', build);
  if (selection !== 'system') {
    await stages.run('lint', () => check([BIOME, 'check', '--colors=off', '.']));
    await stages.run('types', typeCheck);
  }
  const installed = await stages.run('mlflow', async () => {
    await installMlflow((line) => console.log(`  ${line}`));
    return `MLflow ${MLFLOW_VERSION}`;
  });
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  // Without the builds or the server nearly every test would fail for that one reason.
  if (built && installed) {
    await stages.run('tests', async () => {
      if (selection === 'system' && systemTests().length === 0) return 'there are no system tests';
      const outcome = await runMocha(selection);
      counts = outcome.counts;
      if (outcome.code !== 0) throw new Error(`mocha ended with ${outcome.code}.`);
      return undefined;
    });
  }
  if (stages.failed.length > 0) console.log(`Failed: ${stages.failed.join(', ')}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return stages.failed.length > 0 ? 1 : 0;
}

function selectionOf(args: string[]): Selection {
  try {
    const options = { all: { type: 'boolean' }, 'only-system': { type: 'boolean' } } as const;
    const { values } = parseArgs({ args, options });
    if (values['only-system']) return 'system';
    return values.all ? 'all' : 'plain';
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

async function build(): Promise<string | undefined> {
  const names = await buildPackages();
  return names.length === 0 ? 'nothing to do' : names.join(', ');
}

async function check(command: string[]): Promise<undefined> {
  const { code, output } = await runNode(command, { cwd: ROOT });
  if (code !== 0) throw new Error(output.trimEnd());
}

async function typeCheck(): Promise<undefined> {
  const folders = [
    'bench',
    'examples',
    'examples/cdk-fargate',
    'examples/frameworks',
    'scripts',
    ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`),
  ];
  const projects = folders
    .map((folder) => join(folder, 'tsconfig.json'))
    .filter((file) => existsSync(join(ROOT, file)));
  const messages: string[] = [];
  for (const project of projects) {
    const { code, output } = await runNode([TSC, '-p', project, '--pretty', 'false'], { cwd: ROOT });
    if (code !== 0) messages.push(output.trimEnd());
  }
  if (messages.length > 0) throw new Error(messages.join('\n'));
}

interface MochaOutcome {
  code: number;
  counts: TestCounts;
}

async function runMocha(selection: Selection): Promise<MochaOutcome> {
  mkdirSync(RESULTS, { recursive: true });
  const countsFile = join(RESULTS, `${selection}.json`);
  const configFile = join(RESULTS, `${selection}.mocharc.json`);
  rmSync(countsFile, { force: true });
  writeFileSync(configFile, JSON.stringify({ ...mochaConfig(selection), reporter: REPORTER }));
  const { code } = await runNode([MOCHA, '--config', configFile, '--reporter-option', `counts=${countsFile}`], {
    cwd: ROOT,
    inherit: true,
  });
  // Absent when mocha itself failed, for example on a test file that cannot be loaded.
  const counts = existsSync(countsFile)
    ? (JSON.parse(readFileSync(countsFile, 'utf8')) as TestCounts)
    : { passed: 0, failed: 0, skipped: 0 };
  return { code, counts };
}

/** The repository's mocha settings, narrowed to the selected files. */
function mochaConfig(selection: Selection): object {
  const config = JSON.parse(readFileSync(join(ROOT, '.mocharc.json'), 'utf8')) as { spec: string[] };
  if (selection === 'all') return config;
  if (selection === 'plain') return { ...config, ignore: ['**/*.system.test.ts'] };
  return { ...config, spec: systemTests() };
}

function systemTests(): string[] {
  const packages = readdirSync('packages').map((name) => `packages/${name}/test`);
  const folders = ['bench/test', 'examples/test', 'scripts/test', ...packages];
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => {
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      return files.filter((file) => file.endsWith('.system.test.ts')).map((file) => join(folder, file));
    });
}
