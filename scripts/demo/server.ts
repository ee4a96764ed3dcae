import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MlflowServer, startMlflow } from '../mlflow/server.js';
import { checkTrackingServer } from '../support/tracking-server.js';
import type { DemoOptions } from './options.js';

/** The server that `--mlflow` names, or one of our own on the data of earlier demos. */
export async function demoServer(options: DemoOptions, log: (line: string) => void): Promise<MlflowServer> {
  if (options.mlflow !== undefined) {
    const url = await checkTrackingServer(
      options.mlflow,
      'Start it first (docker compose up --detach --wait), correct the address, or leave out --mlflow.',
    );
    return { url, close: async () => {} };
  }
  const { directory, port } = options;
  await refuseSecondServer(directory);
  mkdirSync(directory, { recursive: true });
  const server = await startMlflow({ directory, log, ...(port === undefined ? {} : { port }) });
  const mark = markOf(directory);
  writeFileSync(mark, JSON.stringify({ url: server.url, pid: process.pid } satisfies RunningDemo));
  return {
    ...server,
    close: async () => {
      rmSync(mark, { force: true });
      await server.close();
    },
  };
}

interface RunningDemo {
  url: string;
  pid: number;
}

/** In the data folder while a demo uses it. */
function markOf(directory: string): string {
  return join(directory, 'running.json');
}

/** Two servers on one SQLite file would lock each other out. */
async function refuseSecondServer(directory: string): Promise<void> {
  const running = readMark(directory);
  if (running === undefined || !(await answers(running.url))) return;
  throw new Error(
    `A demo is running already on ${running.url} (process ${running.pid}). Stop it with Ctrl-C in its terminal, or add to it: npm run demo -- --mlflow ${running.url}`,
  );
}

function readMark(directory: string): RunningDemo | undefined {
  try {
    return JSON.parse(readFileSync(markOf(directory), 'utf8')) as RunningDemo;
  } catch {
    // None, or cut short by a demo that was killed.
    return undefined;
  }
}

function answers(url: string): Promise<boolean> {
  return checkTrackingServer(url, '').then(
    () => true,
    () => false,
  );
}
