import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startMlflow } from 'testing/mlflow/server.js';
import { checkTrackingServer, type TrackingServer } from '../support/tracking-server.js';
import type { DemoOptions } from './options.js';

/** The MLflow server of a demo. */
export interface DemoServer extends TrackingServer {
  close(): Promise<void>;
}

/** The server that `--mlflow` names. Starts one on the data of earlier demos if there is no such option. */
export async function demoServer(options: DemoOptions, log: (line: string) => void): Promise<DemoServer> {
  if (options.mlflow !== undefined) {
    const server = await checkTrackingServer(
      options.mlflow,
      'Start it first (docker compose up --detach --wait), correct the address, or leave out --mlflow.',
    );
    return { ...server, close: async () => {} };
  }
  const { directory, port } = options;
  mkdirSync(directory, { recursive: true });
  await claim(directory);
  const release = (): void => rmSync(markOf(directory), { force: true });
  try {
    const { url, close } = await startMlflow({ directory, log, ...(port === undefined ? {} : { port }) });
    writeMark(directory, { url, pid: process.pid });
    return {
      uri: url,
      shownUrl: url,
      close: async () => {
        await close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

interface RunningDemo {
  /** Absent while the server starts. */
  url?: string;
  pid: number;
}

/** The file that marks a data folder while a demo uses it. */
function markOf(directory: string): string {
  return join(directory, 'running.json');
}

function writeMark(directory: string, demo: RunningDemo, flag = 'w'): void {
  writeFileSync(markOf(directory), JSON.stringify(demo), { flag });
}

/** Two servers on one SQLite file would block each other, or create its tables at the same time. */
async function claim(directory: string): Promise<void> {
  const running = readMark(directory);
  if (running && (await isRunning(running))) throw alreadyRunning(running);
  rmSync(markOf(directory), { force: true });
  try {
    // Fails if another demo has just made it.
    writeMark(directory, { pid: process.pid }, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw alreadyRunning(readMark(directory));
  }
}

function alreadyRunning(running: RunningDemo | undefined): Error {
  if (running?.url === undefined) {
    return new Error(
      'A demo is starting on the same data already. Wait until it is up, or use other data: npm run demo -- --directory DIR',
    );
  }
  return new Error(
    `A demo is running already on ${running.url} (process ${running.pid}). Stop it with Ctrl-C in its terminal, or add to it: npm run demo -- --mlflow ${running.url}`,
  );
}

function readMark(directory: string): RunningDemo | undefined {
  try {
    return JSON.parse(readFileSync(markOf(directory), 'utf8')) as RunningDemo;
  } catch {
    // There is no file, or a killed demo did not finish it.
    return undefined;
  }
}

async function isRunning({ url, pid }: RunningDemo): Promise<boolean> {
  // The process id of a killed demo may belong to another program now, so the server decides.
  if (url !== undefined) {
    return checkTrackingServer(url, '').then(
      () => true,
      () => false,
    );
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // No such process.
  }
}
