import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackages } from 'testing/build.js';
import { installMlflow } from 'testing/mlflow/install.js';
import { runNode } from 'testing/run.js';
import { runTests } from './support/run-tests.js';

const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, '.mlflow', 'coverage');
/** Each Node.js process writes its counts here when it ends. */
const COUNTS = join(FOLDER, 'counts');
const C8 = createRequire(import.meta.url).resolve('c8/bin/c8.js');
/** In percent. */
const LEAST_BRANCHES = 95;

const USAGE = `Usage: npm run coverage -- [--all] [--report]
  --all      also runs the long tests
  --report   reports the last run once more`;

/**
 * `npm run coverage` runs the tests and reports which lines and branches of the published packages they ran. Fails if they
 * ran fewer than 95% of the branches, or if a test failed.
 */
export async function main(args: string[]): Promise<number> {
  const { all, report } = readArguments(args);
  const isGreen = report || (await countTests(all));
  const covered = await printReport();
  return isGreen && covered ? 0 : 1;
}

/** Runs the tests. Returns whether all passed. */
async function countTests(all: boolean): Promise<boolean> {
  await buildPackages();
  await installMlflow(console.log);
  rmSync(COUNTS, { recursive: true, force: true });
  mkdirSync(COUNTS, { recursive: true });
  process.env['NODE_V8_COVERAGE'] = COUNTS;
  const outcomes = await runTests(all ? 'all' : 'short');
  delete process.env['NODE_V8_COVERAGE'];
  const failures = outcomes.flatMap(({ name, failures }) => failures.map((title) => `Failed in ${name}: ${title}`));
  if (failures.length > 0) console.log(failures.join('\n'));
  return outcomes.every(({ exitCode }) => exitCode === 0);
}

/** Prints the report, and writes it as pages into `.mlflow/coverage`. Returns whether enough branches were run. */
async function printReport(): Promise<boolean> {
  const options = {
    'temp-directory': COUNTS,
    'reports-dir': FOLDER,
    include: 'packages/{exporter-mlflow,instrumentation-bedrock,mlflow-bedrock}/src/**/*.ts',
    branches: LEAST_BRANCHES,
  };
  const named = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const reporters = ['text', 'html'].flatMap((name) => ['--reporter', name]);
  const { code } = await runNode([C8, 'report', '--all', '--check-coverage', '--lines', '0', ...named, ...reporters], {
    cwd: ROOT,
    inherit: true,
  });
  return code === 0;
}

function readArguments(args: string[]): { all: boolean; report: boolean } {
  try {
    const options = { all: { type: 'boolean' }, report: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args, options });
    return { all: values.all ?? false, report: values.report ?? false };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}
