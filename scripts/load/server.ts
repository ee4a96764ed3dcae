import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMlflow } from 'testing/mlflow/server.js';
import { startTopology, type Topology } from 'testing/topology.js';
import { cpuSeconds } from './cpu.js';
import type { Backend, Spent } from './job.js';

/** A server, and what it spends. */
export interface MeasuredServer {
  readonly url: string;
  /** Starts counting. The function that it returns reports what the server spent since then. */
  count(): Promise<() => Promise<Spent>>;
  close(): Promise<void>;
}

/** A server of the user's. What it spends is unknown. */
export function runningServer(url: string): MeasuredServer {
  return { url, count: async () => async () => ({}), close: async () => {} };
}

/** Starts a server with this backend. */
export async function startServer(
  backend: Backend,
  workers: number,
  log: (line: string) => void,
): Promise<MeasuredServer> {
  return backend === 'sqlite' ? startOnSqlite(workers, log) : startOnPostgres(workers, log);
}

async function startOnSqlite(workers: number, log: (line: string) => void): Promise<MeasuredServer> {
  const directory = await mkdtemp(join(tmpdir(), 'load-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 5 });
  const server = await startMlflow({ directory, workers, log }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    url: server.url,
    count: async () => {
      const before = { cpu: cpuSeconds(server.pid), bytes: await databaseFiles(directory) };
      return async () => ({
        ...difference('serverCpuSeconds', cpuSeconds(server.pid), before.cpu),
        ...difference('storedBytes', await databaseFiles(directory), before.bytes),
      });
    },
    close: async () => {
      await server.close();
      await remove();
    },
  };
}

async function startOnPostgres(workers: number, log: (line: string) => void): Promise<MeasuredServer> {
  const server = await startTopology({ settings: { MLFLOW_WORKERS: String(workers) }, isDurable: true, log });
  const { postgres } = server;
  return {
    url: server.url,
    count: async () => {
      const before = {
        server: cpuSeconds(server.parts.mlflow.pid()),
        database: cpuSeconds(postgres.pid()),
        ...(await statistics(postgres)),
      };
      return async () => {
        const after = await statistics(postgres);
        return {
          ...difference('serverCpuSeconds', cpuSeconds(server.parts.mlflow.pid()), before.server),
          ...difference('databaseCpuSeconds', cpuSeconds(postgres.pid()), before.database),
          storedBytes: after.bytes - before.bytes,
          walBytes: after.wal - before.wal,
          commits: after.commits - before.commits,
          rowsWritten: after.rows - before.rows,
        };
      };
    },
    close: () => server.close(),
  };
}

async function databaseFiles(directory: string): Promise<number> {
  const files = (await readdir(directory)).filter((name) => name.startsWith('mlflow.db'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function statistics(
  postgres: Topology['postgres'],
): Promise<{ bytes: number; wal: number; commits: number; rows: number }> {
  const answer = await postgres.query(
    `SELECT pg_database_size(datname), pg_current_wal_lsn() - '0/0'::pg_lsn, xact_commit,
       tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = current_database()`,
  );
  const [bytes = Number.NaN, wal = Number.NaN, commits = Number.NaN, rows = Number.NaN] = answer.split('|').map(Number);
  return { bytes, wal, commits, rows };
}

function difference(name: keyof Spent, after: number | undefined, before: number | undefined): Spent {
  return after === undefined || before === undefined ? {} : { [name]: after - before };
}
