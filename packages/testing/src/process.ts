/** Servers of others: programs that run beside the tests and do not say when they are ready. */

import type { ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MILLIS = 30_000;
const POLL_MILLIS = 50;
const LOG_CHARACTERS = 2_000;

const killAtExit = new Set<() => void>();
process.once('exit', () => {
  for (const kill of killAtExit) kill();
});

export interface ServerProcess {
  /** Starts the error message. */
  name: string;
  /** The program, just started. */
  program: ChildProcess;
  /** Where it writes; the end of it becomes part of the error message. Default: nothing. */
  logFile?: string;
  /** Removed when it has ended. Default: nothing, for a server that is started again on the same data. */
  directory?: string;
  isReady: () => Promise<boolean>;
  /** The longest it may take until then. Default: 30 s. */
  startTimeoutMillis?: number;
  /** Ends the program at once. Default: `SIGKILL`. */
  signal?: NodeJS.Signals;
}

/**
 * Waits until the server is ready, and gives what ends it; it ends with this process, too.
 *
 * @throws Error when the server ends, or is not ready in time
 */
export async function waitForServer({
  name,
  program,
  logFile,
  directory,
  isReady,
  startTimeoutMillis = START_TIMEOUT_MILLIS,
  signal = 'SIGKILL',
}: ServerProcess): Promise<() => Promise<void>> {
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    program.once('exit', () => resolve());
    // It could not even be started.
    program.once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  const kill = (): void => void program.kill(signal);
  killAtExit.add(kill);
  const close = async (): Promise<void> => {
    kill();
    await ended;
    killAtExit.delete(kill);
    if (directory !== undefined) await removeDirectory(directory);
  };
  const deadline = Date.now() + startTimeoutMillis;
  while (!(await isReady())) {
    if (failure !== undefined || program.exitCode !== null || Date.now() > deadline) {
      await close();
      const said = logFile === undefined ? '' : `\n${(await readFile(logFile, 'utf8')).slice(-LOG_CHARACTERS)}`;
      throw new Error(`${name} did not start.${said}`, { cause: failure });
    }
    await delay(POLL_MILLIS);
  }
  return close;
}

/** With what is in it; also right after its server was killed, while a last file may still be closing. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Whether anything answers at this address. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.text();
    return true;
  } catch {
    return false;
  }
}

/** A server that can go away and come back, with the same address and data. */
export interface Part {
  /** Resolves when it is ready. Does nothing while it runs. */
  start(): Promise<void>;
  /** Ends it at once. Does nothing when it has stopped. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** @param launch starts the server, waits until it is ready, and gives what ends it */
export function createPart(launch: () => Promise<() => Promise<void>>): Part {
  let running: Promise<() => Promise<void>> | undefined;
  const start = async (): Promise<void> => {
    running ??= launch();
    try {
      await running;
    } catch (error) {
      running = undefined;
      throw error;
    }
  };
  const stop = async (): Promise<void> => {
    // A start under way is awaited: nothing is to be left behind.
    const end = await running?.catch(() => undefined);
    running = undefined;
    await end?.();
  };
  return {
    start,
    stop,
    async restart() {
      await stop();
      await start();
    },
  };
}
