import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BASIC_AUTH, installMlflow, installPackages } from './install.js';

/** A running MLflow tracking server. */
export interface MlflowServer {
  /** For example `http://127.0.0.1:41234`, without a trailing slash. */
  url: string;
  /** Id of the server's process group; absent when the server is not ours. */
  pid?: number;
  /** Ends the server with all its workers, and removes its folder when that was a temporary one. */
  close(): Promise<void>;
}

export interface StartMlflowOptions {
  /** Holds database, artifacts and log. Default: a fresh temporary folder, removed by `close()`. */
  directory?: string;
  /** Default: a free port chosen by the system. */
  port?: number;
  /** Keep data in plain files, as old servers did, instead of in SQLite. Such a server has no OTLP. Default: `false`. */
  fileStore?: boolean;
  /**
   * Demand basic authentication: user `admin` with this password of at least 12 characters. Who has no permission of
   * their own may read everything. Default: no authentication.
   */
  adminPassword?: string;
  /** Path that the server puts before its own ones, for example `/mlflow`; part of the URL. Default: none. */
  staticPrefix?: string;
  /** Enable workspaces. Default: `false`. */
  workspaces?: boolean;
  /** Processes that answer requests. Default: 1. */
  workers?: number;
  /** Receives progress lines. Default: silent. */
  log?: (line: string) => void;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MILLIS = 180_000;
const STOP_TIMEOUT_MILLIS = 5_000;
const POLL_MILLIS = 100;
const LOG_LINES_IN_ERROR = 12;

/**
 * Installs MLflow when needed and starts a server on SQLite, reachable from this machine only.
 * The server ends with this process, whatever ends it.
 *
 * @throws Error that says what to do when the port is in use; with the end of the server's log when it does not start
 */
export async function startMlflow(options: StartMlflowOptions = {}): Promise<MlflowServer> {
  const log = options.log ?? (() => {});
  const port = await freePort(options.port);
  await installMlflow(log);
  const basicAuthPackages = options.adminPassword === undefined ? undefined : await installPackages(BASIC_AUTH, log);
  const temporary = options.directory === undefined;
  const directory = options.directory ? resolve(options.directory) : await mkdtemp(join(tmpdir(), 'mlflow-'));
  mkdirSync(join(directory, 'artifacts'), { recursive: true });

  log(`Starting MLflow on http://${HOST}:${port}`);
  const sqlite = `sqlite:///${join(directory, 'mlflow.db').replaceAll('\\', '/')}`;
  const store = options.fileStore ? join(directory, 'mlruns') : sqlite;
  const { url, pid, close } = await runMlflow({
    args: [
      'server',
      ...['--host', HOST, '--port', String(port), '--workers', String(options.workers ?? 1)],
      ...['--backend-store-uri', store],
      ...['--artifacts-destination', join(directory, 'artifacts')],
      ...(options.adminPassword === undefined ? [] : ['--app-name', 'basic-auth']),
      ...(options.staticPrefix === undefined ? [] : ['--static-prefix', options.staticPrefix]),
      ...(options.workspaces ? ['--enable-workspaces'] : []),
    ],
    env: {
      // Without it, the server refuses to start on plain files.
      MLFLOW_ALLOW_FILE_STORE: 'true',
      ...(temporary ? { REMOVE_AT_EXIT: directory } : {}),
      ...(basicAuthPackages === undefined || options.adminPassword === undefined
        ? {}
        : {
            PYTHONPATH: basicAuthPackages,
            MLFLOW_AUTH_ADMIN_PASSWORD: options.adminPassword,
            // Protects the server's web form for new users.
            MLFLOW_FLASK_SERVER_SECRET_KEY: randomUUID(),
          }),
    },
    url: `http://${HOST}:${port}${options.staticPrefix ?? ''}`,
    directory,
  }).catch(async (error: unknown) => {
    if (temporary) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  });
  return {
    url,
    ...(pid === undefined ? {} : { pid }),
    async close() {
      await close();
      if (temporary) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export interface MlflowProgram {
  /** What follows `mlflow` on the command line. */
  args: readonly string[];
  /** Added to this process's environment, of which the settings of an MLflow client are left out. */
  env: NodeJS.ProcessEnv;
  /** Where the server will answer. */
  url: string;
  /** Where it runs, and writes `server.log`. */
  directory: string;
}

/**
 * Runs the `mlflow` command that starts a server, and waits until it answers. It ends with this process.
 *
 * @throws Error with the end of the server's log when it does not start
 */
export async function runMlflow({ args, env, url, directory }: MlflowProgram): Promise<MlflowServer> {
  const { python } = await installMlflow(() => {});
  const logFile = join(directory, 'server.log');
  const inherited = { ...process.env };
  // With it, every start compiles all of MLflow again: 13 s instead of 5 s.
  delete inherited['PYTHONDONTWRITEBYTECODE'];
  // Both would make the new server a client of another one.
  delete inherited['MLFLOW_TRACKING_URI'];
  delete inherited['MLFLOW_BACKEND_STORE_URI'];
  const output = openSync(logFile, 'a');
  const child = spawn(python, [join(import.meta.dirname, 'serve.py'), ...args], {
    cwd: directory,
    env: {
      ...inherited,
      // Empty: use the bundled price list. Fetching the newest one delays a fresh server's first upload by 10 s offline.
      MLFLOW_MODEL_CATALOG_URI: '',
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      ...env,
    },
    // Its own process group, so that close() reaches the workers too. Standard input: see serve.py.
    detached: true,
    stdio: ['pipe', output, output],
    windowsHide: true,
  });
  closeSync(output);
  child.stdin?.on('error', () => {});
  // A program that forgets close() still exits; the closing pipe then ends the server.
  child.unref();
  (child.stdin as unknown as { unref?(): void } | null)?.unref?.();
  try {
    await waitUntilHealthy(url, child, logFile);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { url, ...(child.pid === undefined ? {} : { pid: child.pid }), close: () => stop(child) };
}

async function waitUntilHealthy(url: string, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      failure = `exit code ${child.exitCode ?? child.signalCode}`;
    if (failure !== undefined) throw new Error(`MLflow did not start (${failure}):\n${lastLines(logFile)}`);
    if (await isHealthy(url)) return;
    if (Date.now() > deadline) {
      throw new Error(`MLflow did not answer within ${START_TIMEOUT_MILLIS / 1000} s:\n${lastLines(logFile)}`);
    }
    await delay(POLL_MILLIS);
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/T', '/F', '/PID', String(child.pid)], { stdio: 'ignore' });
    return;
  }
  const deadline = Date.now() + STOP_TIMEOUT_MILLIS;
  signalGroup(child.pid, 'SIGTERM');
  while (groupLives(child.pid) && Date.now() < deadline) await delay(POLL_MILLIS);
  signalGroup(child.pid, 'SIGKILL');
  child.stdin?.destroy();
}

function groupLives(pid: number): boolean {
  return signalGroup(pid, 0);
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_IN_ERROR).join('\n');
}

/** The wished port if it is free, else an error; without a wish, one that the system chooses. */
function freePort(wished = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${wished} is in use: stop the program that listens there, or choose another port.`)
          : error,
      );
    });
    probe.listen(wished, HOST, () => {
      const address = probe.address();
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : wished));
    });
  });
}
