/**
 * The services of docker-compose.yml as programs of this machine: PostgreSQL, SeaweedFS in place of MinIO, and MLflow with
 * the file's command line and environment. Only the addresses differ: 127.0.0.1 replaces the names of containers, and free
 * ports replace the ports of the file.
 */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { execa } from 'execa';
import { commandOf, ROOT, readCompose, type Settings } from './compose.js';
import { installMlflow, installPackages } from './mlflow/install.js';
import { BASIC_AUTH, DATABASE_PACKAGES } from './mlflow/package-sets.js';
import { createMlflow } from './mlflow/server.js';
import { createObjectStore, type ObjectStore } from './object-store.js';
import { freePort } from './ports.js';
import { createPostgres, type Postgres } from './postgres.js';
import { removeDirectory, type Server } from './server.js';

/** Names of services in docker-compose.yml. */
export type PartName = 'postgres' | 'minio' | 'mlflow';

/** The running services. */
export interface Topology {
  /** URL of MLflow, for example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** A test can stop each of them and start it again. It keeps its port and its data. */
  readonly parts: Readonly<Record<PartName, Server>>;
  /** The database, and the environment of its service. */
  readonly postgres: Postgres & { readonly environment: Readonly<Record<string, string>> };
  /** What a program of the MLflow service gets as its environment, besides this process's own. */
  readonly mlflowEnv: NodeJS.ProcessEnv;
  /** Replaces the addresses of containers in a text by those of this machine. */
  localise(text: string): string;
  /** Stops every part and removes what they stored. */
  close(): Promise<void>;
}

/** Settings of the services. */
interface TopologyOptions {
  /** What a user writes into .env. Default: nothing, so that the file's own defaults apply. */
  settings?: Settings;
  /** Whether PostgreSQL waits for the disk at each commit. Default: `false`. */
  isDurable?: boolean;
  /** Receives progress lines. Default: silent. */
  log?: (line: string) => void;
}

/** Starts every part, in the order of the file. */
export async function startTopology({
  settings = {},
  isDurable = false,
  log = () => {},
}: TopologyOptions = {}): Promise<Topology> {
  await installMlflow(log);
  const packages = await installPackages(DATABASE_PACKAGES, log);
  const basicAuth = await installPackages(BASIC_AUTH, log);
  const { services } = readCompose<PartName | 'create-bucket'>(settings);
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
    const localise = (text: string): string => {
      const addresses: [string, string][] = [
        // The memory file system of the container.
        ['/tmp', directory],
        ['@postgres:5432', `@127.0.0.1:${postgres.port}`],
        ['//minio:9000', `//127.0.0.1:${minio.port}`],
        ['//127.0.0.1:5000', `//127.0.0.1:${port}`],
        ['--host 0.0.0.0 --port 5000', `--host 127.0.0.1 --port ${port}`],
        ...(services.mlflow.volumes ?? [])
          .map((volume) => volume.split(':'))
          .filter(([source]) => source?.startsWith('./'))
          .map(([source = '', target = '']): [string, string] => [target, join(ROOT, source)]),
      ];
      return addresses.reduce((result, [from, to]) => result.replaceAll(from, to), text);
    };
    const ownEnv = Object.entries(services.mlflow.environment).map(([name, value]) => [name, localise(value)]);
    const { PYTHONPATH: ofService, ...env } = Object.fromEntries(ownEnv) as NodeJS.ProcessEnv;
    const mlflowEnv = {
      PYTHONPATH: [ofService, packages, basicAuth].join(delimiter),
      AWS_EC2_METADATA_DISABLED: 'true',
      // The folder of the repository is not read-only here.
      PYTHONDONTWRITEBYTECODE: '1',
      ...env,
    };
    await createBucket(services['create-bucket'].entrypoint, mlflowEnv);

    const [program, ...args] = localise(commandOf(services.mlflow).join(' ')).split(' ');
    if (program !== 'mlflow') throw new Error(`The service "mlflow" runs another program: ${program}`);
    await runEntrypoint(services.mlflow.entrypoint?.map(localise), mlflowEnv);
    log(`Starting MLflow on ${url}, with PostgreSQL and S3`);
    const mlflow = await createMlflow({ args, env: mlflowEnv, url, directory });
    closing.push(mlflow.close);
    await mlflow.start();
    return {
      url,
      parts: { postgres, minio, mlflow },
      postgres: { ...postgres, environment: services.postgres.environment },
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

/** Runs what the container does before its command. */
async function runEntrypoint([program = '', ...args]: string[] = [], env: NodeJS.ProcessEnv): Promise<void> {
  await execa(program, [...args, 'true'], { env });
}

/** Makes the bucket that the command line of MinIO's client names. */
async function createBucket(entrypoint: string[] = [], env: NodeJS.ProcessEnv): Promise<void> {
  const { python } = await installMlflow(() => {});
  const bucket = basename(entrypoint.at(-1) ?? '');
  const make =
    'import boto3, os, sys; boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"]).create_bucket(Bucket=sys.argv[1])';
  await execa(python, ['-c', make, bucket], { env });
}
