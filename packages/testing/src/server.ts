/** Servers that other people make, as programs beside the tests: one way to start, await, log and end them. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How to run a server. */
export interface ServerDescription {
  /** Starts error messages. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** The working folder. The server's output is appended to `server.log` in it. */
  readonly directory: string;
  /** Whether `close()`, and the end of this process, remove the folder. Default: `false`. */
  readonly isTemporary?: boolean;
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** The user that runs the server. Default: the user of this process. */
  readonly account?: { readonly uid?: number; readonly gid?: number };
  /** Whether the server takes requests now. */
  readonly isReady: () => Promise<boolean>;
  /** The longest time until it does, in milliseconds. Default: 60,000. */
  readonly startTimeoutMillis?: number;
  /** What ends the server. SIGKILL follows after five seconds. Default: `SIGKILL`. */
  readonly stopSignal?: NodeJS.Signals;
}

/** A server that can stop and start again, with the same address and data. It ends with this process. */
export interface Server {
  /**
   * Starts the server and waits until it is ready. Does nothing while it runs.
   *
   * @throws Error with the end of the log if the server ends early or is not ready in time
   */
  start(): Promise<void>;
  /** Ends the server with every process that it started. Does nothing if it does not run. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Ends the server by SIGKILL, as a crash does. */
  kill(): Promise<void>;
  /** Stops the server, and removes a temporary folder. */
  close(): Promise<void>;
  /** The id of a process from which all of the server's processes descend, while it runs. */
  pid(): number | undefined;
  /** What the server has written so far. */
  log(): Promise<string>;
}

const GUARD = join(import.meta.dirname, 'server-guard.mjs');
const START_TIMEOUT_MILLIS = 60_000;
const POLL_MILLIS = 50;
const LOG_LINES_IN_ERROR = 12;

type Order = 'stop' | 'kill';

interface Running {
  readonly guard: ChildProcess;
  readonly ended: Promise<unknown>;
}

/** Describes a server without starting it. */
export function createServer(description: ServerDescription): Server {
  const { directory, isTemporary = false } = description;
  const logFile = join(directory, 'server.log');
  let running: Promise<Running> | undefined;
  let pid: number | undefined;

  const launch = async (): Promise<Running> => {
    const server = spawnGuarded(description, logFile);
    pid = server.guard.pid;
    try {
      await waitUntilReady(description, server, logFile);
      return server;
    } catch (error) {
      await end(server, 'stop');
      throw error;
    }
  };
  const start = async (): Promise<void> => {
    running ??= launch();
    try {
      await running;
    } catch (error) {
      running = undefined;
      throw error;
    }
  };
  const endBy = async (order: Order): Promise<void> => {
    // Waits for a start under way, so that it leaves nothing behind.
    const server = await running?.catch(() => undefined);
    running = undefined;
    pid = undefined;
    if (server !== undefined) await end(server, order);
  };
  const stop = (): Promise<void> => endBy('stop');
  return {
    start,
    stop,
    kill: () => endBy('kill'),
    async restart() {
      await stop();
      await start();
    },
    async close() {
      await stop();
      if (isTemporary) await removeDirectory(directory);
    },
    pid: () => pid,
    log: () => readFile(logFile, 'utf8'),
  };
}

/** Starts a server. Removes a temporary folder if that fails. */
export async function startServer(description: ServerDescription): Promise<Server> {
  const server = createServer(description);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Runs the server below a guard, which ends it when the pipe to the guard closes. */
function spawnGuarded(description: ServerDescription, logFile: string): Running {
  const { command, directory, env = process.env, account = {}, stopSignal = 'SIGKILL', isTemporary } = description;
  const order = { command, account, stopSignal, ...(isTemporary ? { temporary: directory } : {}) };
  const output = openSync(logFile, 'a');
  const guard = spawn(process.execPath, [GUARD, JSON.stringify(order)], {
    cwd: directory,
    env,
    // A process group of its own keeps Ctrl-C in a terminal away from the guard.
    detached: true,
    stdio: ['pipe', output, output],
    windowsHide: true,
  });
  closeSync(output);
  guard.stdin?.on('error', () => {});
  // A program that forgets to stop the server can still exit.
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return { guard, ended: once(guard, 'exit') };
}

async function waitUntilReady(
  { name, isReady, startTimeoutMillis = START_TIMEOUT_MILLIS }: ServerDescription,
  { guard }: Running,
  logFile: string,
): Promise<void> {
  const failed = async (reason: string): Promise<Error> => {
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
    return new Error(`${name} did not start (${reason}):\n${lines.slice(-LOG_LINES_IN_ERROR).join('\n')}`);
  };
  const deadline = performance.now() + startTimeoutMillis;
  while (!(await isReady())) {
    const exit = guard.exitCode ?? guard.signalCode;
    if (exit !== null) throw await failed(`exit code ${exit}`);
    if (performance.now() > deadline) throw await failed(`no answer within ${startTimeoutMillis / 1000} s`);
    await delay(POLL_MILLIS);
  }
}

/** Gives the guard its last order. After an order, the guard leaves the folder to this process. */
async function end({ guard, ended }: Running, order: Order): Promise<void> {
  guard.ref();
  guard.stdin?.end(order);
  await ended;
}

/** Removes a folder with its content, even while a killed server's last file is still closing. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Whether anything answers at this URL; with `isOk`, whether the status is a success. */
export async function answers(url: string, { isOk = false } = {}): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.text();
    return response.ok || !isOk;
  } catch {
    return false;
  }
}
