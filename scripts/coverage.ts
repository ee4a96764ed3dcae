import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installMlflow, MLFLOW_HOME } from 'testing/mlflow/install.js';
import { installPackages } from 'testing/npm.js';
import { type Finished, runNode } from 'testing/run.js';
import { copyRepository } from './support/copy-repository.js';

const FOLDER = join(MLFLOW_HOME, 'coverage');
const TOOLS = join(FOLDER, 'tools');
const COPY = join(FOLDER, 'repository');
const COUNTS = join(FOLDER, 'counts');
const WRITE_COUNTS = join(COPY, 'scripts/support/write-counts.cjs');
const NYC = join(TOOLS, 'node_modules/nyc/bin/nyc.js');
/** Of the branches, in percent. Lines say less, because a line of this code often holds several branches. */
const LEAST = 95;
const PACKAGES = ['exporter-mlflow', 'instrumentation-bedrock', 'mlflow-bedrock'];
const SETTINGS = {
  extension: ['.ts'],
  include: PACKAGES.map((name) => `packages/${name}/src/**`),
  'parser-plugins': ['typescript', 'classPrivateProperties', 'classPrivateMethods'],
};

const USAGE = `Usage: npm run coverage -- [test files] [--long] [--report]
  test files   run instead of all tests
  --long       also runs the long tests
  --report     only reports the last run once more`;

/**
 * `npm run coverage` runs the tests of the published packages and of the examples, and reports which lines and branches of
 * the packages they ran. Fails if they ran too few branches.
 *
 * Istanbul counts in a copy of the repository, because it changes the files. The copy is built from the changed files, so
 * programs that a test starts count, too. V8's own counts do not fit: tsx compiles a file once for `import` and once for
 * `require`, and V8 keeps the source map of one of them.
 */
export async function main(args: string[]): Promise<number> {
  const { files, long, report } = readArguments(args);
  const log = (line: string): void => console.log(`• ${line}`);
  if (!report) {
    await installMlflow(log);
    await installPackages(TOOLS, { nyc: '18.0.0' }, { onInstall: () => log('Installing Istanbul') });
    log('Copying and building the repository');
    await copyRepository(COPY);
    writeFileSync(join(COPY, '.nycrc.json'), JSON.stringify(SETTINGS));
    expectSuccess(await run(NYC, 'instrument', '--in-place', 'packages', '.'));
    PACKAGES.forEach(writeCountsAtExit);
    expectSuccess(await run('scripts/bootstrap.mjs', 'build'));
    rmSync(COUNTS, { recursive: true, force: true });
    mkdirSync(COUNTS, { recursive: true });
    if (files.length > 0) await runTests(files);
    for (const folder of files.length > 0 ? [] : [...PACKAGES.map((name) => `packages/${name}`), 'examples']) {
      log(`Tests of ${folder}`);
      await runTests([`${folder}/test/**/*.test.ts`, ...ignored(folder, long)]);
    }
  }
  return printReport();
}

/** Lets each process that loads a file of the package write its counts when it ends. */
function writeCountsAtExit(name: string): void {
  const path = JSON.stringify(WRITE_COUNTS);
  const load = `globalThis.process?.getBuiltinModule?.('node:module').createRequire(${path})(${path});`;
  const folder = join(COPY, 'packages', name, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  for (const file of files.map((file) => join(folder, file))) {
    const code = readFileSync(file, 'utf8');
    // Istanbul's code has no types.
    const unchecked = code.replace(/^(?:#!.*\n)?/, '$&// @ts-nocheck\n');
    if (code.includes('__coverage__')) writeFileSync(file, `${unchecked}\n${load}\n`);
  }
  const settings = join(COPY, 'packages', name, 'tsconfig.cjs.json');
  writeFileSync(
    settings,
    readFileSync(settings, 'utf8').replace('"isolatedDeclarations": true', '"isolatedDeclarations": false'),
  );
}

function ignored(folder: string, long: boolean): string[] {
  // The tests of the layers read the files, which Istanbul has changed.
  const files = [`${folder}/test/layers.test.ts`, '**/*.nightly.test.ts', ...(long ? [] : ['**/*.long.test.ts'])];
  return files.flatMap((pattern) => ['--ignore', pattern]);
}

/** A test that fails is printed and changes nothing else: `npm test` is the command that judges tests. */
async function runTests(args: readonly string[]): Promise<void> {
  await runNode(['node_modules/mocha/bin/mocha.js', '--reporter', 'dot', ...args], {
    cwd: COPY,
    inherit: true,
    env: { MLFLOW_MODEL_CATALOG_URI: '', ...process.env },
  });
}

/** Prints the report, and writes it as pages into `.mlflow/coverage/report`. Returns 1 if too few branches were run. */
async function printReport(): Promise<number> {
  const folders = ['--temp-dir', COUNTS, '--report-dir', join(FOLDER, 'report')];
  const reporters = ['--reporter', 'text', '--reporter', 'html'];
  const least = [
    '--check-coverage',
    '--branches',
    String(LEAST),
    '--lines',
    '0',
    '--functions',
    '0',
    '--statements',
    '0',
  ];
  const args = [NYC, 'report', ...folders, ...reporters, ...least];
  return (await runNode(args, { cwd: COPY, inherit: true })).code;
}

function run(...args: string[]): Promise<Finished> {
  return runNode(args, { cwd: COPY });
}

function expectSuccess({ code, output }: Finished): void {
  if (code !== 0) throw new Error(output.trimEnd());
}

function readArguments(args: string[]): { files: string[]; long: boolean; report: boolean } {
  try {
    const options = { long: { type: 'boolean' }, report: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { files: positionals, long: values.long ?? false, report: values.report ?? false };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}
