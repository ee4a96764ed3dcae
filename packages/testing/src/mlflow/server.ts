import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { freePort, isPortFree } from '../ports.js';
import { answers, createServer, type Server, startServer } from '../server.js';
import { installMlflow, installPackages, installTestedVersion, TESTED_MLFLOW_VERSION } from './install.js';
import { BASIC_AUTH, BOTO3 } from './package-sets.js';

/** A running MLflow tracking server. */
export interface MlflowServer {
  /** For example `http://127.0.0.1:41234`, without a trailing slash. */
  readonly url: string;
  /** The id of a process from which all of the server's processes descend. Absent for a server of the user's. */
  readonly pid?: number;
  /** Ends the server by SIGKILL, as a crash does. Does nothing to a server of the user's. */
  kill(): Promise<void>;
  /** Ends the server with all its workers. Removes its folder if that was a temporary one. */
  close(): Promise<void>;
}

/** Settings of an MLflow server. */
interface StartMlflowOptions {
  /** Holds database, artifacts and log. Default: a temporary folder, which `close()` removes. */
  directory?: string;
  /** Default: a free port. */
  port?: number;
  /** Keep data in plain files, as old servers did, and not in SQLite. Such a server has no OTLP. Default: `false`. */
  fileStore?: boolean;
  /**
   * Require basic authentication: user `admin` with this password of at least 12 characters. Users without permissions
   * of their own may read everything. Default: no authentication.
   */
  adminPassword?: string;
  /** Path that the server puts before its own paths, for example `/mlflow`; part of the URL. Default: none. */
  staticPrefix?: string;
  /** Enable workspaces. Default: `false`. */
  workspaces?: boolean;
  /**
   * Leaves artifacts to the clients, as managed servers do: they are below this address of S3. The server itself reads
   * them with the settings of AWS in `env`. Default: the server keeps artifacts in its folder.
   */
  s3?: { root: string; env: NodeJS.ProcessEnv };
  /** Processes that answer requests. Default: 1. */
  workers?: number;
  /** Receives progress lines. Default: silent. */
  log?: (line: string) => void;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MILLIS = 180_000;

/**
 * Installs MLflow if needed, and starts a server on SQLite that only this machine can reach. The server ends with this
 * process.
 *
 * @throws Error that says what to do if the port is in use; with the end of the log if the server does not start
 */
export async function startMlflow(options: StartMlflowOptions = {}): Promise<MlflowServer> {
  const { adminPassword, staticPrefix, s3, log = () => {} } = options;
  const port = await choosePort(options.port);
  await installMlflow(log);
  await installTestedVersion(log);
  const basicAuth = adminPassword === undefined ? undefined : await installPackages(BASIC_AUTH, log);
  const boto3 = s3 === undefined ? undefined : await installPackages(BOTO3, log);
  const packages = [basicAuth, boto3].filter((folder) => folder !== undefined);
  const directory = options.directory ? resolve(options.directory) : await mkdtemp(join(tmpdir(), 'mlflow-'));
  mkdirSync(join(directory, 'artifacts'), { recursive: true });

  log(`Starting MLflow ${TESTED_MLFLOW_VERSION} on http://${HOST}:${port}`);
  const sqlite = `sqlite:///${join(directory, 'mlflow.db').replaceAll('\\', '/')}`;
  return runMlflow({
    args: [
      'server',
      ...['--host', HOST, '--port', String(port), '--workers', String(options.workers ?? 1)],
      ...['--backend-store-uri', options.fileStore ? join(directory, 'mlruns') : sqlite],
      ...(s3 === undefined
        ? ['--artifacts-destination', join(directory, 'artifacts')]
        : ['--no-serve-artifacts', '--default-artifact-root', s3.root]),
      ...(adminPassword === undefined ? [] : ['--app-name', 'basic-auth']),
      ...(staticPrefix === undefined ? [] : ['--static-prefix', staticPrefix]),
      ...(options.workspaces ? ['--enable-workspaces'] : []),
    ],
    env: {
      // The server refuses to start on plain files without it.
      MLFLOW_ALLOW_FILE_STORE: 'true',
      ...(packages.length === 0 ? {} : { PYTHONPATH: packages.join(delimiter) }),
      ...s3?.env,
      ...(adminPassword === undefined ? {} : { MLFLOW_AUTH_ADMIN_PASSWORD: adminPassword }),
      // Protects the server's web form for new users.
      MLFLOW_FLASK_SERVER_SECRET_KEY: randomUUID(),
    },
    url: `http://${HOST}:${port}${staticPrefix ?? ''}`,
    directory,
    isTemporary: options.directory === undefined,
  });
}

/** How to run the `mlflow` command that starts a server. */
interface MlflowProgram {
  /** What follows `mlflow` on the command line. */
  readonly args: readonly string[];
  /** Added to this process's environment, without the settings of an MLflow client. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the server will answer. */
  readonly url: string;
  /** The working folder, with the log in `server.log`. */
  readonly directory: string;
  /** Whether `close()` removes the folder. Default: `false`. */
  readonly isTemporary?: boolean;
}

/**
 * Runs the `mlflow` command that starts a server, and waits until the server answers.
 *
 * @throws Error with the end of the log if the server does not start
 */
export async function runMlflow(program: MlflowProgram): Promise<MlflowServer> {
  const server = await startServer(await describeMlflow(program));
  const pid = server.pid();
  return { url: program.url, kill: server.kill, close: server.close, ...(pid === undefined ? {} : { pid }) };
}

/** As `runMlflow`, for a server that a test stops and starts again. It is not started yet. */
export async function createMlflow(program: MlflowProgram): Promise<Server> {
  return createServer(await describeMlflow(program));
}

async function describeMlflow({ args, env, url, directory, isTemporary = false }: MlflowProgram) {
  const { python } = await installMlflow(() => {});
  const { PYTHONPATH: packages, ...ownEnv } = env;
  const pythonPath = [await installTestedVersion(() => {}), packages].filter((path) => path !== undefined);
  const {
    // With it, every start compiles all of MLflow again: 13 s instead of 5 s.
    PYTHONDONTWRITEBYTECODE: _compile,
    // Both would make the new server a client of another server.
    MLFLOW_TRACKING_URI: _uri,
    MLFLOW_BACKEND_STORE_URI: _store,
    ...inherited
  } = process.env;
  return {
    name: 'MLflow',
    command: [python, '-m', 'mlflow', ...args] as const,
    directory,
    isTemporary,
    env: {
      ...inherited,
      // Empty means the bundled price list. Without a network, fetching the newest delays the first upload by 10 s.
      MLFLOW_MODEL_CATALOG_URI: '',
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      ...(pythonPath.length === 0 ? {} : { PYTHONPATH: pythonPath.join(delimiter) }),
      ...ownEnv,
    },
    isReady: () => answers(`${url}/health`, { isOk: true }),
    startTimeoutMillis: START_TIMEOUT_MILLIS,
    // An orderly end takes seconds, and temporary data does not need it.
    stopSignal: isTemporary ? ('SIGKILL' as const) : ('SIGTERM' as const),
  };
}

/** @throws Error if the wanted port is in use */
async function choosePort(wanted: number | undefined): Promise<number> {
  if (wanted === undefined) return freePort();
  if (await isPortFree(wanted)) return wanted;
  throw new Error(`Port ${wanted} is in use: stop the program that listens there, or choose another port.`);
}
