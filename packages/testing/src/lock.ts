import { lock } from 'proper-lockfile';

const POLL_MILLIS = 250;
/** A process that was killed leaves its lock. After this time, others take it over. */
const STALE_MILLIS = 30_000;

/** Runs `work` while no other process of this machine holds the lock, which is a folder at this path. */
export async function withLock(path: string, log: (line: string) => void, work: () => Promise<void>): Promise<void> {
  const options = { lockfilePath: path, realpath: false, stale: STALE_MILLIS, update: STALE_MILLIS / 10 };
  const release = await lock(path, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOCKED') throw error;
    log('Waiting for another process that installs the same');
    const retries = { forever: true, factor: 1, minTimeout: POLL_MILLIS, maxTimeout: POLL_MILLIS };
    return lock(path, { ...options, retries });
  });
  try {
    await work();
  } finally {
    await release();
  }
}
