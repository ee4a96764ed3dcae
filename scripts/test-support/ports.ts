/** For servers of others that take no port 0 and do not say when they listen. */

import type { ChildProcess } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MILLIS = 15_000;

/** A port that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/**
 * @param name starts the error message
 * @throws Error when the server ends, or does not listen in time
 */
export async function waitUntilListening(name: string, url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  for (;;) {
    const isListening = await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
      async (response) => {
        await response.text();
        return true;
      },
      () => false,
    );
    if (isListening) return;
    if (server.exitCode !== null || Date.now() > deadline) {
      throw new Error(`${name} did not start listening at ${url}.`);
    }
    await delay(50);
  }
}
