import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, newerNode } from 'testing/npm.js';
import { runNode } from 'testing/run.js';
import { formatScores, formatSurvivors, type MutationReport, scoresOf } from './report.js';
import { isSubject, SUBJECTS, type Subject, type SubjectName } from './subjects.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.mlflow', 'mutation');
/** Stryker loads the mocha of the folder in which it runs. It does not find its way in mocha 12. */
const TOOLS = {
  '@stryker-mutator/core': '10.0.0',
  '@stryker-mutator/mocha-runner': '10.0.0',
  chai: '6.3.0',
  mocha: '11.7.5',
  tsx: '4.23.15',
};
const PACKAGES = ['exporter-mlflow', 'instrumentation-bedrock'];

const USAGE = `Usage: npm run mutation -- [${Object.keys(SUBJECTS).join('|')}] [--files pattern] [--survivors]
  --files      changes only these files, as a pattern below the package, such as src/dialects/llama.ts
  --survivors  lists the changes that no test noticed
Without a subject, all run one after the other. That takes about an hour on two cores.`;

/**
 * `npm run mutation` changes the code of a subject in many places, one at a time, and runs its tests. A change that no test
 * notices has survived. Prints the score of each file: how many of 100 changes the tests noticed.
 */
export async function main(args: string[]): Promise<number> {
  const { names, files, survivors } = readArguments(args);
  const node = await newerNode();
  await installPackages(FOLDER, TOOLS, { onInstall: () => console.log('• Installing Stryker') });
  for (const name of names) {
    const subject = SUBJECTS[name];
    console.log(`• ${name}: ${subject.description}`);
    const report = await mutate({ ...subject, ...(files === undefined ? {} : { files: [files] }) }, node);
    if (survivors) console.log(`\n${formatSurvivors(report)}`);
    console.log(`\n${formatScores(scoresOf(report))}\n`);
  }
  return 0;
}

/**
 * Runs Stryker on a copy of the packages, because it writes its changes into the files.
 *
 * @throws Error with Stryker's output if it fails
 */
async function mutate(subject: Subject, node: string): Promise<MutationReport> {
  copyPackages();
  const below = (patterns: readonly string[]): string[] =>
    patterns.map((path) => `packages/${subject.package}/${path}`);
  const settings = {
    testRunner: 'mocha',
    plugins: ['@stryker-mutator/mocha-runner'],
    inPlace: true,
    mutate: below(subject.files),
    mochaOptions: {
      spec: below(subject.tests.map((name) => `test/${name}.test.ts`)),
      'no-config': true,
      extension: ['ts'],
    },
    testRunnerNodeArgs: ['--import=tsx', '--expose-gc'],
    coverageAnalysis: 'perTest',
    // Text in messages and names of attributes are compared by the tests of their own.
    mutator: { excludedMutations: ['StringLiteral'] },
    reporters: ['json', 'dots'],
    jsonReporter: { fileName: 'report.json' },
    timeoutMS: 20_000,
  };
  writeFileSync(join(FOLDER, 'stryker.config.json'), JSON.stringify(settings));
  const stryker = join(FOLDER, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { code, output } = await runNode([stryker, 'run', 'stryker.config.json'], { cwd: FOLDER, node });
  if (code !== 0) throw new Error(`Stryker ended with ${code}.\n${output.trimEnd()}`);
  return JSON.parse(readFileSync(join(FOLDER, 'report.json'), 'utf8')) as MutationReport;
}

function copyPackages(): void {
  for (const name of PACKAGES) {
    const copy = join(FOLDER, 'packages', name);
    const original = join(ROOT, 'packages', name);
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy, { recursive: true });
    for (const part of ['src', 'test', 'package.json', 'tsconfig.json']) {
      cpSync(join(original, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(original, 'node_modules'), join(copy, 'node_modules'));
  }
  const base = join(FOLDER, 'tsconfig.base.json');
  if (!existsSync(base)) cpSync(join(ROOT, 'tsconfig.base.json'), base);
}

function readArguments(args: string[]): { names: SubjectName[]; files: string | undefined; survivors: boolean } {
  try {
    const options = { files: { type: 'string' }, survivors: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const unknown = positionals.find((name) => !isSubject(name));
    if (unknown !== undefined) throw new Error(`There is no subject "${unknown}".`);
    const names = positionals.filter(isSubject);
    const all = Object.keys(SUBJECTS) as SubjectName[];
    return { names: names.length > 0 ? names : all, files: values.files, survivors: values.survivors ?? false };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}
