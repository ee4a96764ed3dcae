/** Installs packages from the npm registry into folders of their own. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { withLock } from './lock.js';
import { MLFLOW_HOME } from './mlflow/install.js';

const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];

interface InstallOptions {
  /** Packed packages among the dependencies; if one of them changes, all are installed again. Default: none. */
  readonly files?: readonly string[];
  /** More options for npm. Default: none. */
  readonly options?: readonly string[];
  /** Called before npm starts. */
  readonly onInstall?: () => void;
}

/**
 * Installs packages. Does nothing if the folder has them already, and replaces it if it has others.
 *
 * @throws Error with npm's message if npm fails
 */
export async function installPackages(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
  { files = [], options = [], onInstall }: InstallOptions = {},
): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(dependencies));
  for (const file of files) hash.update(readFileSync(file));
  const stamp = join(folder, `installed-${hash.digest('hex').slice(0, 24)}`);
  if (existsSync(stamp)) return;
  onInstall?.();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'application', version: '1.0.0', private: true, dependencies }),
  );
  await runNpm([...INSTALL, ...options], folder);
  writeFileSync(stamp, '');
}

/**
 * Returns the program `node` of a version: the one that runs this process, or one from the npm registry.
 *
 * @param version for example `24` or `24.11.1`
 * @param folder where to install it
 * @returns undefined if the registry has no such version for this platform
 */
export async function installNode(
  version: string,
  folder: string,
  onInstall?: () => void,
): Promise<string | undefined> {
  const { node: own } = process.versions;
  if (own === version || own.startsWith(`${version}.`)) return process.execPath;
  const isWindows = process.platform === 'win32';
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
  try {
    await installPackages(folder, { [name]: version }, onInstall ? { onInstall } : {});
  } catch (error) {
    if (/E404|ETARGET|EBADPLATFORM/.test(String(error))) return undefined;
    throw error;
  }
  return join(folder, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node');
}

/** For programs that need a newer Node.js than the oldest that this project supports. */
const NEWER_NODE = '24.21.0';

/**
 * Returns a `node` of version 24 for programs that need a newer one than 20, such as AI SDK 7. It is installed once.
 *
 * @throws Error if the npm registry has none for this platform
 */
export async function newerNode(): Promise<string> {
  const folder = join(MLFLOW_HOME, 'node-24');
  let program: string | undefined;
  mkdirSync(MLFLOW_HOME, { recursive: true });
  await withLock(
    `${folder}.lock`,
    () => {},
    async () => {
      program = await installNode(NEWER_NODE, folder);
    },
  );
  if (program === undefined) throw new Error(`The npm registry has no Node.js ${NEWER_NODE} for this platform.`);
  return program;
}

/** Other runtimes for JavaScript. Their packages for each platform hold the program. */
const RUNTIMES = {
  bun: { version: '1.4.5', programs: '@oven', file: join('bin', 'bun') },
  deno: { version: '2.9.6', programs: '@deno', file: 'deno' },
} as const;

/** Returns the program of another runtime. It is installed once. */
export async function otherRuntime(name: keyof typeof RUNTIMES): Promise<string> {
  const { version, programs, file } = RUNTIMES[name];
  const folder = join(MLFLOW_HOME, name);
  mkdirSync(MLFLOW_HOME, { recursive: true });
  await withLock(
    `${folder}.lock`,
    () => {},
    () => installPackages(folder, { [name]: version }),
  );
  const parent = join(folder, 'node_modules', programs);
  const [platform] = readdirSync(parent);
  return join(parent, String(platform), process.platform === 'win32' ? `${file}.exe` : file);
}

/** @throws Error with standard error if it fails */
async function runNpm(args: readonly string[], cwd: string): Promise<void> {
  const { failed, stderr, shortMessage } = await execa('npm', args, { cwd, reject: false });
  if (failed) throw new Error(`npm ${args.join(' ')} failed in ${cwd}: ${stderr || shortMessage}`);
}
