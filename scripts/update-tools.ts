/**
 * Writes the hashes of the tools that this project downloads: pnpm from npm, the packages from PyPI, and the Go modules of
 * the Collector. Versions that are named in `package.json`, `requirements/*.in` and `builder.yaml` stay.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { createEnvironment, MLFLOW_HOME } from 'testing/mlflow/install.js';
import { PACKAGE_SETS, type PackageSet, REQUIREMENTS_FOLDER, requirementsOf } from 'testing/mlflow/package-sets.js';
import { updateSums, whyNoOtelcol } from 'testing/otelcol.js';

const ROOT = resolve(import.meta.dirname, '..');
const TOOLS = join(ROOT, 'scripts', 'tools');
const UPGRADE = '--upgrade';

/** @param args `--upgrade` takes the newest versions of what the named packages need. Default: versions stay. */
export async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== UPGRADE);
  if (unknown !== undefined) throw new Error(`Unknown option ${unknown}. Usage: npm run update-tools -- [${UPGRADE}]`);
  await lockPnpm();
  // An environment of its own, because MLflow's depends on the files that this writes.
  const python = await createEnvironment(join(MLFLOW_HOME, 'update-tools'), console.log);
  for (const set of PACKAGE_SETS) await lockPackages(python, set, args);
  await lockCollector();
  console.log('Review the changes with "git diff" before you commit them.');
  return 0;
}

async function lockCollector(): Promise<void> {
  const reason = await whyNoOtelcol();
  if (reason !== undefined) return console.log(`packages/testing/otelcol.go.sum stays as it is. ${reason}`);
  console.log('packages/testing/otelcol.go.sum');
  await updateSums();
}

/** Writes the version and the hash of pnpm into `package-lock.json`, for `npm ci`, and `package.json`, for Corepack. */
async function lockPnpm(): Promise<void> {
  console.log('scripts/tools/package-lock.json');
  // Without addresses of a registry, the file fits any registry.
  const options = ['--package-lock-only', '--ignore-scripts', '--omit-lockfile-registry-resolved', '--no-audit'];
  await execa('npm', ['install', ...options], { cwd: TOOLS });
  const file = join(ROOT, 'package.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/"packageManager": "[^"]*"/, `"packageManager": "${packageManager()}"`));
}

/** The value of `packageManager` in package.json for the pnpm of the lock file. */
export function packageManager(): string {
  const lock = JSON.parse(readFileSync(join(TOOLS, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const { version, integrity } = lock.packages['node_modules/pnpm'] ?? { version: '', integrity: '' };
  const hash = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
  return `pnpm@${version}+sha512.${hash}`;
}

async function lockPackages(python: string, set: PackageSet, args: readonly string[]): Promise<void> {
  console.log(`packages/testing/requirements/${set.name}.txt`);
  const options = [
    ...['--quiet', '--universal', '--python-version', set.oldestPython ?? '3.10', '--generate-hashes'],
    ...['--custom-compile-command', 'npm run update-tools', '--no-emit-index-url', '--no-emit-find-links'],
    ...(set.withoutDependencies ? ['--no-deps'] : []),
    ...args,
  ];
  const files = [`${set.name}.in`, '--output-file', requirementsOf(set)];
  await execa(python, ['-m', 'uv', 'pip', 'compile', ...options, ...files], { cwd: REQUIREMENTS_FOLDER });
}
