/** Servers of others: programs that run beside the tests and do not say when they are ready. */

import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MILLIS = 20_000;
const POLL_MILLIS = 50;

export interface ServerProcess {
  /** Starts the error message. */
  name: string;
  /** The program, just started. */
  program: ChildProcess;
  /** What it writes to; removed when it has ended. */
  directory: string;
  isReady: () => Promise<boolean>;
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
  directory,
  isReady,
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
  process.once('exit', kill);
  const close = async (): Promise<void> => {
    kill();
    await ended;
    process.off('exit', kill);
    await rm(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  while (!(await isReady())) {
    if (failure !== undefined || program.exitCode !== null || Date.now() > deadline) {
      await close();
      throw new Error(`${name} did not start.`, { cause: failure });
    }
    await delay(POLL_MILLIS);
  }
  return close;
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
