import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackages } from 'testing/build.js';
import { installMlflow, MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { runNode } from 'testing/run.js';
import { type GroupOutcome, runTests } from './support/run-tests.js';
import { Stages } from './support/stages.js';
import type { Selection } from './support/test-groups.js';

const ROOT = resolve(import.meta.dirname, '..');
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const SLOWEST_SHOWN = 8;

const USAGE = `Usage: npm test                           builds, lints, checks types, runs every test but the long ones
       npm run test:all                   does the same and runs the long ones too (*.long.test.ts)
       npm run test:all -- --only-long    runs only those`;

/**
 * `npm test` and `npm run test:all`. Ends with the line `N passed, N failed, N skipped`. Writes the results of each
 * mocha process to `.mlflow/results/<group>.json`.
 */
export async function main(args: string[]): Promise<number> {
  const selection = selectionOf(args);
  const stages = new Stages();
  const built = await stages.run('build', build);
  if (selection !== 'long') {
    await Promise.all([
      stages.run('lint', () => check([BIOME, 'check', '--colors=off', '.'])),
      stages.run('types', checkTypes),
    ]);
  }
  const installed = await stages.run('mlflow', async () => {
    await installMlflow((line) => console.log(`  ${line}`));
    return `MLflow ${MLFLOW_VERSION}`;
  });
  // Without the builds or the server nearly every test would fail for that one reason.
  let outcomes: GroupOutcome[] = [];
  if (built && installed) {
    await stages.run('tests', async () => {
      outcomes = await runTests(selection);
      report(outcomes);
      const failed = outcomes.filter(({ exitCode }) => exitCode !== 0);
      if (failed.length === 0) return undefined;
      const groups = failed.map(({ name, exitCode }) => `${name} (exit code ${exitCode})`);
      throw new Error(`Failed groups of tests: ${groups.join(', ')}.`);
    });
  }
  if (stages.failed.length > 0) console.log(`Failed: ${stages.failed.join(', ')}`);
  const total = (count: 'passed' | 'failed' | 'skipped'): number =>
    outcomes.reduce((sum, outcome) => sum + outcome[count], 0);
  console.log(`${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
  return stages.failed.length > 0 ? 1 : 0;
}

function selectionOf(args: string[]): Selection {
  try {
    const options = { all: { type: 'boolean' }, 'only-long': { type: 'boolean' } } as const;
    const { values } = parseArgs({ args, options });
    if (values['only-long']) return 'long';
    return values.all ? 'all' : 'short';
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

async function build(): Promise<string> {
  const names = await buildPackages();
  return names.length === 0 ? 'nothing to do' : names.join(', ');
}

async function check(command: string[]): Promise<undefined> {
  const { code, output } = await runNode(command, { cwd: ROOT });
  if (code !== 0) throw new Error(output.trimEnd());
}

async function checkTypes(): Promise<undefined> {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`);
  const projects = ['bench', 'docs', 'examples', 'examples/cdk-fargate', 'examples/frameworks', 'scripts', ...packages];
  const checks = projects.map((project) => check([TSC, '-p', join(project, 'tsconfig.json'), '--pretty', 'false']));
  const failures = (await Promise.allSettled(checks)).filter(({ status }) => status === 'rejected');
  if (failures.length > 0) throw new Error(failures.map((failure) => messageOf(failure)).join('\n'));
}

function messageOf(failure: PromiseSettledResult<undefined>): string {
  return failure.status === 'rejected' ? (failure.reason as Error).message : '';
}

/** Names the test files that took longest, and the tests that failed. */
function report(outcomes: readonly GroupOutcome[]): void {
  const seconds = outcomes.flatMap((outcome) => Object.entries(outcome.seconds));
  const slowest = seconds.toSorted(([, one], [, other]) => other - one).slice(0, SLOWEST_SHOWN);
  console.log(`\nSlowest: ${slowest.map(([file, took]) => `${file} ${took.toFixed(0)} s`).join(', ')}`);
  for (const { name, failures } of outcomes) for (const title of failures) console.log(`Failed in ${name}: ${title}`);
}
