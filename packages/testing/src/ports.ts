/** For servers of others that do not take port 0. */

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import getPort, { portNumbers } from 'get-port';

// Outgoing connections use higher ports, and could take one before its server starts.
const LOWEST = 10_000;
const HIGHEST = 32_000;

/** A port that no program uses now. It is another one each time in this process. */
export function freePort(): Promise<number> {
  // From a random start, so that processes that search at the same time find different ports.
  return getPort({ port: portNumbers(LOWEST + randomInt(20_000), HIGHEST), host: '127.0.0.1', reserve: true });
}

/** As many different ports. */
export function freePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}

/** Whether a server can listen on this port of 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  const isFree = await once(probe, 'listening').then(
    () => true,
    () => false,
  );
  probe.close();
  return isFree;
}
