import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { runNode } from 'testing/run.js';
import type { TestResults } from './counting-reporter.js';
import { groupTests, type Selection, type TestGroup } from './test-groups.js';

const ROOT = resolve(import.meta.dirname, '../..');
const RESULTS = join(ROOT, '.mlflow', 'results');
const MOCHA = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const REPORTER = join(ROOT, 'scripts', 'support', 'counting-reporter.ts');
// One more than there are cores, because many tests wait.
const PARALLEL = availableParallelism() + 1;
const NO_RESULTS: TestResults = { passed: 0, failed: 0, skipped: 0, failures: [], seconds: {} };

/** How the tests of one group ended. */
export interface GroupOutcome extends TestResults {
  readonly name: string;
  /** Of the mocha process. */
  readonly exitCode: number;
}

/** Runs the selected tests, several groups at a time. Prints the report of each group when the group has ended. */
export async function runTests(selection: Selection): Promise<GroupOutcome[]> {
  mkdirSync(RESULTS, { recursive: true });
  const groups = groupTests(testFiles(), selection);
  console.log(
    `  ${groups.length} groups of tests, ${PARALLEL} at a time, and one that waits. Each prints its report when it ends.`,
  );
  const together = groups.filter(({ isWaiting }) => !isWaiting);
  const waiting = groups.filter(({ isWaiting }) => isWaiting);
  const outcomes: GroupOutcome[] = [];
  const work = async (pending: TestGroup[]): Promise<void> => {
    for (let group = pending.shift(); group; group = pending.shift()) outcomes.push(await runGroup(group));
  };
  await Promise.all([work(waiting), ...Array.from({ length: PARALLEL }, () => work(together))]);
  return outcomes;
}

async function runGroup({ name, files, env }: TestGroup): Promise<GroupOutcome> {
  const resultsFile = join(RESULTS, `${name}.json`);
  const configFile = join(RESULTS, `${name}.mocharc.json`);
  rmSync(resultsFile, { force: true });
  const settings = JSON.parse(readFileSync(join(ROOT, '.mocharc.json'), 'utf8')) as object;
  writeFileSync(configFile, JSON.stringify({ ...settings, spec: files, reporter: REPORTER }));
  const started = performance.now();
  const args = [MOCHA, '--config', configFile, '--reporter-option', `results=${resultsFile}`];
  // A test that wants prices names its own list. The others must not depend on a server on the internet.
  const offline = { MLFLOW_MODEL_CATALOG_URI: '' };
  const { code: exitCode, output } = await runNode(args, { cwd: ROOT, env: { ...offline, ...process.env, ...env } });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\n=== ${name}: ${files.length} files, ${seconds} s\n${output.trimEnd()}`);
  // The file is absent when mocha itself failed, for example on a test file that cannot be loaded.
  const results = existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as TestResults) : NO_RESULTS;
  return { name, exitCode, ...results };
}

/** All test files, as paths from the root of the repository. The folders that take longest come first. */
function testFiles(): string[] {
  const packages = ['exporter-mlflow', 'mlflow-bedrock', 'instrumentation-bedrock', 'bedrock-simulator', 'testing'];
  const examples = ['examples', 'examples/cdk-fargate'];
  const others = ['scripts', 'bench', 'docs'];
  const folders = [...examples, ...packages.map((name) => `packages/${name}`), ...others].map((name) => `${name}/test`);
  return folders
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => {
      const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
      return files.filter((file) => file.endsWith('.test.ts')).map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
    });
}
