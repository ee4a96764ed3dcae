import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HEARTBEAT_MILLIS = 2_000;
const STALE_MILLIS = 30_000;
const POLL_MILLIS = 250;

/**
 * Runs `work` while no other process of this machine holds the lock. The lock is a folder, because making one is
 * atomic everywhere; its owner keeps its time stamp fresh, so that the lock of a killed process is taken over.
 */
export async function withInstallLock(
  lock: string,
  log: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  let waiting = false;
  while (!(await acquire(lock))) {
    if (!waiting) log('Waiting for another process that installs the same');
    waiting = true;
    await delay(POLL_MILLIS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => {});
  }, HEARTBEAT_MILLIS);
  try {
    await work();
  } finally {
    clearInterval(heartbeat);
    await rm(lock, { recursive: true, force: true });
  }
}

async function acquire(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isAbandoned(lock)) await discard(lock);
    return false;
  }
  await writeFile(join(lock, 'pid'), String(process.pid));
  return true;
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    if (Date.now() - (await stat(lock)).mtimeMs > STALE_MILLIS) return true;
    const pid = Number(await readFile(join(lock, 'pid'), 'utf8'));
    if (!(pid > 0)) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // ESRCH: the owner is dead. ENOENT: it is just being made or removed.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function discard(lock: string): Promise<void> {
  const aside = `${lock}.${process.pid}.${Date.now()}`;
  try {
    // Renaming succeeds for one process only, so that two that wait cannot both remove.
    await rename(lock, aside);
  } catch {
    return;
  }
  // Between looking and renaming, another process may have taken the lock over: give it back.
  if (await isAbandoned(aside)) await rm(aside, { recursive: true, force: true });
  else await rename(aside, lock).catch(() => {});
}
