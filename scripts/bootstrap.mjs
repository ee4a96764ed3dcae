// The entry of `npm test`, `npm run demo` and the other commands: prepares a fresh clone, then runs the task.
// Plain JavaScript without dependencies, because nothing is installed yet when it starts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const STAMP = join(ROOT, 'node_modules', '.installed-lock');
/** Holds pnpm alone. Version 10 is the newest that is one package for all platforms, so one hash is enough. */
const TOOLS = join(ROOT, 'scripts', 'tools');
const TOOLS_LOCK = join(TOOLS, 'package-lock.json');
const TOOLS_STAMP = join(TOOLS, 'node_modules', '.installed-lock');
const PNPM = join(TOOLS, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs');
const LOG = join('.mlflow', 'logs', 'packages.log');
/** Tasks, and the modules that run them. */
const TASKS = {
  api: './release/api.ts',
  bench: '../bench/src/main.ts',
  build: './build.ts',
  coverage: './coverage.ts',
  demo: './demo/main.ts',
  docs: './docs/main.ts',
  'docs:site': '../docs/.vitepress/main.ts',
  example: './example.ts',
  load: './load/main.ts',
  matrix: './matrix/main.ts',
  mutation: './mutation/main.ts',
  nightly: './nightly/main.ts',
  'pin-images': './pin-images.ts',
  'release:check': './release/check.ts',
  'release:prepare': './release/prepare.ts',
  'release:publish': './release/publish.ts',
  'release:version': './release/version.ts',
  sbom: './release/sbom.ts',
  screenshots: './screenshots.ts',
  soak: './soak.ts',
  test: './test.ts',
  'update-tools': './update-tools.ts',
};
/** As `engines` in each package.json. */
const NODE_MINIMUM = [20, 19];

/** Causes of a failed installation that the user can mend, by the output of the package manager. */
const CAUSES = [
  {
    seen: /EINTEGRITY|ERR_PNPM_TARBALL_INTEGRITY/,
    say: 'a package is not the one that the lock file names by its hash, so it was not installed. Find out which registry delivered it (npm config get registry). If the change is intended, run "npm run update-tools" for pnpm itself or "npm run pnpm -- install" for other packages, and review the new hashes.',
  },
  {
    seen: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|error sending request/,
    say: 'the npm registry cannot be reached. Check the network connection (and HTTPS_PROXY or the npm registry setting, if you use one), then run the command again.',
  },
  {
    seen: /OUTDATED_LOCKFILE/,
    say: 'pnpm-lock.yaml does not match a package.json. Run "npm run pnpm -- install" to update it, then run the command again.',
  },
  { seen: /ENOSPC/, say: 'the disk is full. Free about 2 GB, then run the command again.' },
  {
    seen: /EACCES|EPERM|EROFS/,
    say: 'a folder is not writable. Check the owner of this folder and of your npm cache, then run the command again.',
  },
];

/** @returns {void} */
function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = NODE_MINIMUM;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  throw new Error(
    `This project needs Node.js ${NODE_MINIMUM.join('.')} or newer; this is ${process.versions.node} (${process.execPath}). Install a newer one from https://nodejs.org.`,
  );
}

/** @returns {string} identifies what must be installed: the lock file, for this platform */
function lockFingerprint() {
  const lock = readFileSync(join(ROOT, 'pnpm-lock.yaml'));
  return createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');
}

/**
 * @param {string} stamp
 * @param {string} fingerprint
 * @returns {boolean}
 */
function isInstalled(stamp, fingerprint) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;
}

/**
 * Installs pnpm if it is missing. npm checks its hash.
 *
 * @returns {Promise<void>}
 */
async function installPnpm() {
  const lock = readFileSync(TOOLS_LOCK, 'utf8');
  if (isInstalled(TOOLS_STAMP, lock)) return;
  // A failed installation can leave files behind, and npm keeps a folder that seems complete.
  rmSync(join(TOOLS, 'node_modules'), { recursive: true, force: true });
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm is a .cmd file on Windows, and only a shell starts those.
  const shell = process.platform === 'win32';
  check(await run('npm', ['ci', ...options], { cwd: TOOLS, shell }), 'npm');
  writeFileSync(TOOLS_STAMP, lock);
}

/**
 * Installs the packages of the lock file with pnpm.
 *
 * @returns {Promise<void>}
 */
async function installPackages() {
  const started = Date.now();
  process.stderr.write('Installing the packages of pnpm-lock.yaml (once, about 30 s) ...\n');
  await installPnpm();
  check(await run(process.execPath, [PNPM, 'install', '--frozen-lockfile'], { cwd: ROOT }), 'pnpm');
  process.stderr.write(`Packages installed in ${((Date.now() - started) / 1000).toFixed(1)} s.\n`);
}

/**
 * @param {{ code: number | string, output: string }} ended
 * @param {string} program
 * @throws Error that says what to do if the program failed
 */
function check({ code, output }, program) {
  if (code === 0) return;
  mkdirSync(join(ROOT, dirname(LOG)), { recursive: true });
  writeFileSync(join(ROOT, LOG), output);
  const cause = CAUSES.find(({ seen }) => seen.test(output));
  const say = cause?.say ?? `${program} ended with ${code}.`;
  throw new Error(`Installing the packages failed: ${say} Full output: ${LOG}`);
}

/**
 * Runs pnpm for the user.
 *
 * @param {string[]} args
 * @returns {Promise<void>}
 */
async function runPnpm(args) {
  await installPnpm();
  const child = spawn(process.execPath, [PNPM, ...args], { cwd: ROOT, stdio: 'inherit' });
  // Ctrl-C reaches pnpm as well, and this process ends after it.
  process.on('SIGINT', () => {});
  process.exitCode = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, shell?: boolean }} options
 * @returns {Promise<{ code: number | string, output: string }>}
 */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    /** @type {NodeJS.Signals | undefined} */
    let stoppedBy;
    /** @param {NodeJS.Signals} signal */
    const stop = (signal) => {
      stoppedBy = signal;
      child.kill(signal);
    };
    // Before the child starts: otherwise a signal at that moment would end this program and leave the child running.
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    const child = spawn(command, args, {
      ...options,
      // Without CI, pnpm waits for a key before it replaces a node_modules folder of another package manager.
      // The short retry waits make a missing network an error within seconds.
      env: {
        npm_config_fetch_retry_mintimeout: '1000',
        npm_config_fetch_retry_maxtimeout: '5000',
        ...process.env,
        CI: 'true',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.on('error', () => {
      reject(new Error(`"${command}" was not found. It comes with Node.js: install it from https://nodejs.org.`));
    });
    child.on('close', (code, signal) => {
      // These are the exit codes of shells for a program that one of these signals ended.
      if (stoppedBy) process.exit(stoppedBy === 'SIGINT' ? 130 : 143);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve({ code: code ?? signal ?? 1, output });
    });
  });
}

/** @returns {Promise<void>} */
async function main() {
  checkNode();
  const [task = '', ...rest] = process.argv.slice(2);
  // npm removes the "--" that separates its options from the task's; pnpm and yarn pass it on.
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  if (task === 'pnpm') return runPnpm(args);
  const entry = TASKS[/** @type {keyof typeof TASKS} */ (task)];
  if (!entry) throw new Error(`Usage: node scripts/bootstrap.mjs ${Object.keys(TASKS).join('|')}|pnpm [options]`);

  const fingerprint = lockFingerprint();
  if (!isInstalled(STAMP, fingerprint)) {
    await installPackages();
    writeFileSync(STAMP, fingerprint);
  }

  process.chdir(ROOT);
  // In this process, because signals and the exit code then need no forwarding.
  const tsx = await import('tsx/esm/api');
  tsx.register();
  const module = await import(entry);
  process.exitCode = await module.main(args);
}

main().catch((error) => {
  // A plain Error of these scripts or of MLflow's client is a sentence for the user. Any other error is a defect, and its
  // stack helps to find it.
  const isForTheUser = error?.constructor === Error || error?.name === 'MlflowError';
  console.error(isForTheUser ? error.message : error);
  process.exitCode = 1;
});
