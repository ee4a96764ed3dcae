import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { withLock } from '../lock.js';
import { fingerprintOf, MLFLOW, NEWEST_MLFLOW, type PackageSet, requirementsOf, UV } from './package-sets.js';

/**
 * The version that the project installs and recommends: the newest one that `pip install mlflow` installs. PyPI lists
 * 3.18.0, but not the packages `mlflow-skinny` and `mlflow-tracing` that 3.18.0 needs.
 */
export const MLFLOW_VERSION = '3.17.2';
/** The newest version that tests run against. It runs with what {@link MLFLOW_VERSION} needs. */
export const NEWEST_MLFLOW_VERSION = '3.18.0';

/** The version of the servers of this process: that of `MLFLOW_TEST_VERSION`, else {@link MLFLOW_VERSION}. */
export const TESTED_MLFLOW_VERSION: string = process.env['MLFLOW_TEST_VERSION'] || MLFLOW_VERSION;

/** Where to run MLflow from. */
interface MlflowInstallation {
  /** Absolute path of the Python interpreter that has MLflow. */
  python: string;
}

/** The folder of everything that MLflow needs. Deleting it undoes the installation. */
export const MLFLOW_HOME: string = resolve(import.meta.dirname, '../../../../.mlflow');

const WINDOWS = process.platform === 'win32';
const VENV = join(MLFLOW_HOME, 'venv');
const VENV_PYTHON = pythonOf(VENV);
// Written last, so that it exists only if every step before it succeeded.
const STAMP = join(VENV, 'mlflow-installed');
const STAMP_TEXT = `${MLFLOW_VERSION}\n${fingerprintOf(MLFLOW)}\n`;
const PYTHON_COMMANDS = [
  ['python3'],
  ['python'],
  ['python3.13'],
  ['python3.12'],
  ['python3.11'],
  ['python3.10'],
  ['py', '-3'],
];
const OLDEST_PYTHON = [3, 10] as const;

/**
 * Installs MLflow into `.mlflow/venv` of this repository if it is not there yet. Starts again after an unfinished
 * installation. Waits if another process installs it now.
 *
 * @param log receives one line before each step that takes long
 * @throws Error with one line that says what to do if Python, its `venv` module or the network is missing
 */
export async function installMlflow(log: (line: string) => void): Promise<MlflowInstallation> {
  if (isInstalled()) return { python: VENV_PYTHON };
  await mkdir(MLFLOW_HOME, { recursive: true });
  await withLock(join(MLFLOW_HOME, 'install.lock'), log, async () => {
    if (isInstalled()) return;
    await install(log);
  });
  return { python: VENV_PYTHON };
}

/**
 * Installs packages into a folder of their own below `.mlflow` if they are not there yet. MLflow's environment stays that
 * of a user who installs MLflow alone.
 *
 * @returns the folder, for `PYTHONPATH`
 * @throws Error with one line that says what to do if the packages cannot be downloaded or have other hashes
 */
export async function installPackages(set: PackageSet, log: (line: string) => void): Promise<string> {
  const { name, withoutDependencies = false } = set;
  const folder = join(MLFLOW_HOME, name);
  const stamp = join(folder, 'packages-installed');
  const wanted = fingerprintOf(set);
  const isComplete = (): boolean => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isComplete()) return folder;
  const { python } = await installMlflow(log);
  await withLock(join(MLFLOW_HOME, `${name}.lock`), log, async () => {
    if (isComplete()) return;
    log(`Installing the packages of ${name}.txt`);
    await rm(folder, { recursive: true, force: true });
    await uvInstall(python, set, ['--target', folder, ...(withoutDependencies ? ['--no-deps'] : [])]);
    await writeFile(stamp, wanted);
  });
  return folder;
}

/**
 * Installs the package of {@link TESTED_MLFLOW_VERSION} alone if that is another version than `installMlflow` installs. A
 * server runs it in place of that version if the folder is first in `PYTHONPATH`.
 *
 * @returns the folder; undefined if no other version is wanted
 * @throws Error if there are no hashes for this version
 */
export async function installTestedVersion(log: (line: string) => void): Promise<string | undefined> {
  const version = TESTED_MLFLOW_VERSION;
  if (version === MLFLOW_VERSION) return undefined;
  if (version === NEWEST_MLFLOW_VERSION) return installPackages(NEWEST_MLFLOW, log);
  throw new Error(`MLFLOW_TEST_VERSION must be ${MLFLOW_VERSION} or ${NEWEST_MLFLOW_VERSION}, not ${version}.`);
}

function pythonOf(environment: string): string {
  return WINDOWS ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');
}

function isInstalled(): boolean {
  // existsSync follows the link to the base interpreter, so an environment whose Python was removed counts as absent.
  if (!existsSync(STAMP) || !existsSync(VENV_PYTHON)) return false;
  return readFileSync(STAMP, 'utf8') === STAMP_TEXT;
}

async function install(log: (line: string) => void): Promise<void> {
  await createEnvironment(VENV, log);
  log(`Installing MLflow ${MLFLOW_VERSION} (about 700 MB on disk, half a minute on a fast network)`);
  await uvInstall(VENV_PYTHON, MLFLOW, []);
  await writeFile(`${STAMP}.new`, STAMP_TEXT);
  await rename(`${STAMP}.new`, STAMP);
}

/**
 * Creates a Python environment with uv. Replaces the folder.
 *
 * @returns its Python interpreter
 * @throws Error with one line that says what to do
 */
export async function createEnvironment(folder: string, log: (line: string) => void): Promise<string> {
  const python = await findPython();
  log(`Creating a Python environment in ${folder}`);
  await step([...python, '-m', 'venv', '--clear', folder], {
    failed: 'Creating a Python environment failed',
    advice: 'Install the venv module of your Python (Debian, Ubuntu: apt-get install python3-venv) and run this again.',
  });
  log('Installing uv');
  const options = ['--quiet', '--retries', '2', '--require-hashes', '--requirement', requirementsOf(UV)];
  const own = pythonOf(folder);
  await step([own, '-m', 'pip', 'install', ...options], { failed: 'Downloading uv failed', set: UV });
  return own;
}

async function uvInstall(python: string, set: PackageSet, options: readonly string[]): Promise<void> {
  const install = ['-m', 'uv', 'pip', 'install', '--quiet', '--python', python, '--require-hashes', ...options];
  const failed = `Downloading the packages of ${set.name}.txt failed`;
  await step([python, ...install, '--requirement', requirementsOf(set)], { failed, set });
}

const NETWORK_ADVICE =
  'Check the network connection (a proxy or package mirror: HTTPS_PROXY, PIP_INDEX_URL, UV_INDEX_URL) and run this again.';

/** The words of pip and of uv. */
const HASH_MISMATCH = /do not match the hashes|hash mismatch|in --require-hashes mode/i;

function hashAdvice({ name }: PackageSet): string {
  return (
    `A package is not the one that packages/testing/requirements/${name}.txt names by its hash, so nothing was installed. ` +
    'Find out which package index delivered it (PIP_INDEX_URL, UV_INDEX_URL). If the change is intended, run ' +
    '"npm run update-tools" and review the new hashes.'
  );
}

async function findPython(): Promise<string[]> {
  const probe = 'import sys; print("%d.%d" % sys.version_info[:2])';
  let tooOld: string | undefined;
  for (const command of PYTHON_COMMANDS) {
    const [program = '', ...args] = [...command, '-c', probe];
    const { failed, stdout } = await execa(program, args, { reject: false });
    if (failed) continue;
    const [major = 0, minor = 0] = stdout.split('.').map(Number);
    if (major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1])) return command;
    tooOld ??= stdout;
  }
  const found = tooOld === undefined ? 'none was found' : `only ${tooOld} was found`;
  throw new Error(
    `MLflow needs Python >= ${OLDEST_PYTHON.join('.')}, ${found}: install it from https://www.python.org or your system's packages so that "python3" runs it, then run this again.`,
  );
}

interface StepFailure {
  /** What failed. */
  readonly failed: string;
  readonly advice?: string;
  /** What is downloaded; then the advice depends on the cause. */
  readonly set?: PackageSet;
}

async function step([program = '', ...args]: string[], { failed: what, advice, set }: StepFailure): Promise<void> {
  const { failed, stdout, stderr, exitCode } = await execa(program, args, { reject: false, stdin: 'ignore' });
  if (!failed) return;
  const isHash = set !== undefined && HASH_MISMATCH.test(stderr);
  const cause = lastMeaningfulLine(stderr) ?? lastMeaningfulLine(stdout) ?? `exit code ${exitCode ?? 1}`;
  throw new Error(`${what} (${cause}). ${advice ?? (isHash ? hashAdvice(set) : NETWORK_ADVICE)}`);
}

function lastMeaningfulLine(output: string): string | undefined {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const errors = lines.filter((line) => /^(error|.*\berror):?\s/i.test(line));
  return errors.at(-1) ?? lines.filter((line) => line !== '').at(-1);
}
