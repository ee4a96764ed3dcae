import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installMlflow, MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { runNode } from 'testing/run.js';
import { buildPackages } from './build.js';
import type { TestCounts } from './support/counting-reporter.js';
import { Stages } from './support/stages.js';
import { groupTests, type Selection, type TestGroup } from './support/test-groups.js';

const ROOT = resolve(import.meta.dirname, '..');
const RESULTS = join(ROOT, '.mlflow', 'results');
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const MOCHA = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const REPORTER = join(ROOT, 'scripts', 'support', 'counting-reporter.ts');

const USAGE = `Usage: npm test                              build, lint, type check, every test
       npm run test:all                      the same with the tests that need system packages (*.system.test.ts)
       npm run test:all -- --only-system     only those`;

/**
 * `npm test` and `npm run test:all`. Ends with the line `N passed, N failed, N skipped`; the figures of each
 * mocha process are in `.mlflow/results/<group>.counts.json`.
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
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  // Without the builds or the server nearly every test would fail for that one reason.
  if (built && installed) {
    await stages.run('tests', async () => {
      const outcomes = await runTests(selection);
      for (const outcome of outcomes) {
        counts.passed += outcome.counts.passed;
        counts.failed += outcome.counts.failed;
        counts.skipped += outcome.counts.skipped;
      }
      const failed = outcomes.filter(({ code }) => code !== 0).map(({ group, code }) => `${group} (exit code ${code})`);
      if (failed.length > 0) throw new Error(`Failed groups of tests: ${failed.join(', ')}.`);
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
  group: string;
  code: number;
  counts: TestCounts;
}

async function runTests(selection: Selection): Promise<MochaOutcome[]> {
  mkdirSync(RESULTS, { recursive: true });
  const outcomes: MochaOutcome[] = [];
  for (const groups of groupTests(testFiles(), selection)) {
    // Lines of two reports must not mix: the first group writes to the terminal, the others when all have ended.
    const running = groups.map((group, index) => runMocha(group, index === 0));
    for (const { output, ...outcome } of await Promise.all(running)) {
      process.stdout.write(output);
      outcomes.push(outcome);
    }
  }
  return outcomes;
}

async function runMocha({ name, files }: TestGroup, inherit: boolean): Promise<MochaOutcome & { output: string }> {
  const countsFile = join(RESULTS, `${name}.counts.json`);
  const configFile = join(RESULTS, `${name}.mocharc.json`);
  rmSync(countsFile, { force: true });
  const settings = JSON.parse(readFileSync(join(ROOT, '.mocharc.json'), 'utf8')) as object;
  writeFileSync(configFile, JSON.stringify({ ...settings, spec: files, reporter: REPORTER }));
  const args = [MOCHA, '--config', configFile, '--reporter-option', `counts=${countsFile}`];
  const { code, output } = await runNode(args, { cwd: ROOT, inherit });
  // Absent when mocha itself failed, for example on a test file that cannot be loaded.
  const counts = existsSync(countsFile)
    ? (JSON.parse(readFileSync(countsFile, 'utf8')) as TestCounts)
    : { passed: 0, failed: 0, skipped: 0 };
  return { group: name, code, counts, output };
}

/** All of them, as paths from the root of the repository. */
function testFiles(): string[] {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}/test`);
  const folders = ['bench/test', ...packages, 'examples/test', 'examples/cdk-fargate/test', 'scripts/test'];
  return folders
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => {
      const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
      return files.filter((file) => file.endsWith('.test.ts')).map((file) => join(folder, file));
    });
}
