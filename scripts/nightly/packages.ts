/** Tests with the newest packages from npm, in a copy of the repository. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installMlflow, MLFLOW_HOME } from 'testing/mlflow/install.js';
import { runNode } from 'testing/run.js';
import { PUBLISHED } from '../release/packages.js';
import { copyRepository } from '../support/copy-repository.js';

const COPY = join(MLFLOW_HOME, 'nightly', 'repository');
const UPDATED = ['@aws-sdk/*', '@smithy/*', '@opentelemetry/*'];

/** @returns whether everything compiles and all short tests of the published packages pass */
export async function testNewestPackages(log: (line: string) => void): Promise<boolean> {
  await installMlflow(log);
  log(`Copying the repository to ${COPY}`);
  const files = await copyRepository(COPY);
  for (const file of files.filter((name) => /(?:^|\/)package\.json$|^pnpm-workspace\.yaml$/.test(name))) {
    const copy = join(COPY, file);
    writeFileSync(copy, widen(readFileSync(copy, 'utf8')));
  }
  log(`Installing the newest ${UPDATED.join(', ')}`);
  const isInstalled = await bootstrap('pnpm', 'update', '--recursive', ...UPDATED);
  await bootstrap('pnpm', 'list', '--recursive', '--depth', '0', ...UPDATED);
  if (!isInstalled || !(await bootstrap('build'))) return false;
  const passed: boolean[] = [];
  // Each package is one process of mocha, as in `npm test`.
  for (const name of PUBLISHED) {
    log(`Types and tests of packages/${name}`);
    passed.push(await run('node_modules/typescript/bin/tsc', '-p', `packages/${name}/tsconfig.json`));
    const tests = `packages/${name}/test/**/*.test.ts`;
    passed.push(await run('node_modules/mocha/bin/mocha.js', tests, '--ignore', '**/*.{long,nightly}.test.ts'));
  }
  return passed.every(Boolean);
}

/**
 * Lets `pnpm update` take newer versions: of each AWS SDK in the catalog, and of OpenTelemetry 2.x, whose experimental
 * packages are 0.200 to 0.299. Without OpenTelemetry 3.x in the ranges, which `npm run matrix -- --newest` tries.
 */
export function widen(text: string): string {
  return text
    .replaceAll(/^( +"@aws-sdk\/[^"]+": )(\d)/gm, '$1^$2')
    .replaceAll(/ \|\| \^(?:0\.3\d\d|3\.\d+)\.\d+/g, '')
    .replaceAll(/(?<=: )"?\^(0\.2\d\d\.\d+)"?/g, '">=$1 <0.300.0"');
}

function bootstrap(...args: string[]): Promise<boolean> {
  return run('scripts/bootstrap.mjs', ...args);
}

async function run(...args: string[]): Promise<boolean> {
  const env = { MLFLOW_MODEL_CATALOG_URI: '', ...process.env };
  const { code } = await runNode(args, { cwd: COPY, env, inherit: true });
  return code === 0;
}
