import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMlflow } from 'testing/mlflow/server.js';
import { startTopology, type Topology } from 'testing/topology.js';
import { cpuSeconds } from './cpu.js';
import type { Backend, Spent } from './job.js';

export interface MeasuredServer {
  readonly url: string;
  /** Starts counting; the function that it gives tells what was spent since. */
  count(): Promise<() => Promise<Spent>>;
  close(): Promise<void>;
}

/** A server that somebody else runs: nothing can be said about what it spends. */
export function runningServer(url: string): MeasuredServer {
  return { url, count: async () => async () => ({}), close: async () => {} };
}

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
      const before = { cpu: serverCpu(server.pid), bytes: await databaseFiles(directory) };
      return async () => ({
        ...difference('serverCpuSeconds', serverCpu(server.pid), before.cpu),
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
        server: serverCpu(server.mlflowPid()),
        database: databaseCpu(postgres),
        ...(await statistics(postgres)),
      };
      return async () => {
        const after = await statistics(postgres);
        return {
          ...difference('serverCpuSeconds', serverCpu(server.mlflowPid()), before.server),
          ...difference('databaseCpuSeconds', databaseCpu(postgres), before.database),
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

function serverCpu(pid: number | undefined): number | undefined {
  return cpuSeconds(({ group }) => group === pid);
}

/** Each of its processes is a group of its own. */
function databaseCpu(postgres: Topology['postgres']): number | undefined {
  const pid = postgres.pid();
  return cpuSeconds((process) => process.pid === pid || process.parent === pid);
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
