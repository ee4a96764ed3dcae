/** Runs the MLflow container of a template as a local program. */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installMlflow, installPackages } from 'testing/mlflow/install.js';
import { BASIC_AUTH, DATABASE_PACKAGES } from 'testing/mlflow/package-sets.js';
import { runMlflow } from 'testing/mlflow/server.js';
import { createObjectStore } from 'testing/object-store.js';
import { freePort } from 'testing/ports.js';
import { createPostgres } from 'testing/postgres.js';
import { removeDirectory } from 'testing/server.js';
import { createAuthority } from '../../../../packages/exporter-mlflow/test/support/certificates.js';
import { resolve, type Values } from './cloudformation.js';
import { resource, resources, type StackTemplate } from './synthesize.js';
import { startTlsProxy } from './tls-proxy.js';

/** Contains characters with a special meaning in URIs, shells and connection strings. */
export const PASSWORD = `p@s:s/w?o#r%d $HOME"'\\&+ =`;
export const BUCKET = 'artifacts-of-a-test';
/** Host name that Elastic Load Balancing derives from the load balancer's name. */
const LOAD_BALANCER = (name: string): string => `internal-${name}-1234567890.eu-central-1.elb.amazonaws.com`;

export interface NativeContainer {
  url: string;
  /** Host name of the load balancer. */
  host: string;
  /** Runs Python with MLflow's environment. */
  python(code: string, ...args: string[]): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL, S3, and the container's command with its environment. Local values replace the references of the
 * template. Three settings differ: the address to listen on, the database's address, and the address of S3.
 */
export async function startContainer(template: StackTemplate): Promise<NativeContainer> {
  const { python } = await installMlflow(() => {});
  const packages = await installPackages(DATABASE_PACKAGES, () => {});
  const basicAuth = await installPackages(BASIC_AUTH, () => {});
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const container = resource(template, 'AWS::ECS::TaskDefinition', 'ServerTask').Properties.ContainerDefinitions[0];
    const [loadBalancerId, loadBalancer] = resources(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0]!;
    const host = LOAD_BALANCER(loadBalancer.Properties.Name);
    const values: Values = {
      'AWS::Region': 'eu-central-1',
      [`${loadBalancerId}.DNSName`]: host,
      ...Object.fromEntries(resources(template, 'AWS::S3::Bucket').map(([id]) => [id, BUCKET])),
      ...Object.fromEntries(
        resources(template, 'AWS::RDS::DBInstance').map(([id]) => [`${id}.Endpoint.Address`, '127.0.0.1']),
      ),
    };
    const pairs = container.Environment.map(({ Name, Value }: Record<string, string>) => [
      Name,
      resolve(Value, values),
    ]);
    const own = Object.fromEntries(pairs) as Record<string, string>;
    for (const { Name } of container.Secrets) own[Name] = PASSWORD;

    const directory = await mkdtemp(join(tmpdir(), 'container-'));
    closing.push(() => removeDirectory(directory));
    const inDirectory = (text: string): string => text.replaceAll(/\/tmp\b/g, directory);
    for (const [name, value] of Object.entries(own)) if (value.startsWith('/tmp')) own[name] = inDirectory(value);

    const [user = '', database = ''] = [own['PGUSER'], own['PGDATABASE']];
    const postgres = await createPostgres({ packages, user, password: PASSWORD, database });
    closing.push(postgres.close);
    const s3 = { accessKey: 'test', secretKey: 'test-secret' };
    const store = await createObjectStore({ packages, ...s3 });
    closing.push(store.close);
    await Promise.all([postgres.start(), store.start()]);
    const withTls = own['PGSSLMODE'] === 'require';
    const proxy = withTls ? await startTlsProxy(postgres.port, createAuthority().issue('127.0.0.1')) : undefined;
    if (proxy) closing.push(proxy.close);

    const env: NodeJS.ProcessEnv = {
      ...own,
      // Settings that differ from AWS, where the task's role replaces the keys.
      PGHOST: '127.0.0.1',
      PGPORT: String(proxy?.port ?? postgres.port),
      MLFLOW_S3_ENDPOINT_URL: `http://127.0.0.1:${store.port}`,
      AWS_ACCESS_KEY_ID: s3.accessKey,
      AWS_SECRET_ACCESS_KEY: s3.secretKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      PYTHONPATH: [own['PYTHONPATH'], packages, basicAuth].filter(Boolean).join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const runPython = async (code: string, ...args: string[]): Promise<string> =>
      (await promisify(execFile)(python, ['-c', code, ...args], { env: { ...process.env, ...env } })).stdout.trim();
    await runPython(
      'import boto3, os, sys; boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"]).create_bucket(Bucket=sys.argv[1])',
      BUCKET,
    );

    const [entry, ...entryArgs] = (container.EntryPoint ?? ['true']).map(inDirectory) as [string, ...string[]];
    await promisify(execFile)(entry, [...entryArgs, 'true'], { env: { ...process.env, ...env } });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const command = container.Command.map((part: unknown) => resolve(part, values)) as string[];
    const [program, ...args] = command.map((part, index) => {
      if (command[index - 1] === '--host') return '127.0.0.1';
      return command[index - 1] === '--port' ? String(port) : part;
    });
    if (program !== 'mlflow') throw new Error(`The container runs another program: ${program}`);
    const server = await runMlflow({ args, env, url, directory });
    closing.push(server.close);
    return { url, host, python: runPython, close };
  } catch (error) {
    await close();
    throw error;
  }
}
