import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { installMlflow, MLFLOW_VERSION } from '../mlflow/install.js';

const ROOT = resolve(import.meta.dirname, '../..');
const COMPOSE_FILE = join(ROOT, 'docker-compose.yml');
const CHECK_JSONSCHEMA = 'check-jsonschema==0.39.0';

interface Service {
  image: string;
  command?: string | string[];
  entrypoint?: string[];
  restart?: string;
  environment: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}

interface Compose {
  services: Record<'postgres' | 'minio' | 'create-bucket' | 'mlflow', Service>;
  volumes: Record<string, null>;
}

const text = readFileSync(COMPOSE_FILE, 'utf8');
const { services, volumes } = parse(text) as Compose;

/** `NAME=value` lines of .env.example. */
function exampleSettings(): Map<string, string> {
  const lines = readFileSync(join(ROOT, '.env.example'), 'utf8').split('\n');
  const settings = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(settings.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

describe('docker-compose.yml', () => {
  it('is valid by the published compose schema', async function () {
    this.timeout(120_000);
    const { python } = await installMlflow(() => {});
    // The schema comes with the checker, so this needs no network once the checker is cached.
    const check = ['-m', 'uv', 'tool', 'run', '--from', CHECK_JSONSCHEMA, 'check-jsonschema'];
    const { stdout } = await promisify(execFile)(python, [
      ...check,
      '--builtin-schema',
      'vendor.compose-spec',
      COMPOSE_FILE,
    ]);
    expect(stdout).to.contain('ok -- validation done');
  });

  it('runs the MLflow version that the tests run, in the image with database driver and S3 client', () => {
    expect(services.mlflow.image).to.equal(`ghcr.io/mlflow/mlflow:v${MLFLOW_VERSION}-full`);
  });

  it('publishes ports on this machine only unless asked otherwise, and neither the database nor S3', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).to.deep.equal([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: compose's own variables
      '${BIND_ADDRESS:-127.0.0.1}:${MINIO_CONSOLE_PORT:-9001}:9001',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: compose's own variables
      '${BIND_ADDRESS:-127.0.0.1}:${MLFLOW_PORT:-5000}:5000',
    ]);
  });

  it('starts MLflow after a healthy database and an existing bucket', () => {
    expect(services.mlflow.depends_on).to.deep.equal({
      postgres: { condition: 'service_healthy' },
      minio: { condition: 'service_healthy' },
      'create-bucket': { condition: 'service_completed_successfully' },
    });
    expect(services['create-bucket'].depends_on).to.deep.equal({ minio: { condition: 'service_healthy' } });
    expect(services['create-bucket'].restart).to.equal('no');
    for (const name of ['postgres', 'minio', 'mlflow'] as const) {
      expect(services[name].healthcheck?.test, name).to.be.an('array').that.is.not.empty;
    }
  });

  it('keeps data in named volumes', () => {
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    expect(mounted.map((volume) => volume.split(':')[0])).to.have.members(Object.keys(volumes));
  });

  it('names the PostgreSQL driver and serves artifacts from the bucket it creates', () => {
    expect(services.mlflow.environment['MLFLOW_BACKEND_STORE_URI']).to.match(/^postgresql\+psycopg2:\/\//);
    expect(services.mlflow.environment['MLFLOW_S3_ENDPOINT_URL']).to.equal('http://minio:9000');
    const bucket = services['create-bucket'].entrypoint?.at(-1)?.replace('minio/', '');
    expect(services.mlflow.command).to.contain(`--artifacts-destination s3://${bucket}`);
  });

  it('lets other containers call MLflow by its service name', () => {
    expect(services.mlflow.environment['MLFLOW_SERVER_ALLOWED_HOSTS']).to.contain('mlflow:*');
  });

  it('has every setting in .env.example, with the default that compose uses', () => {
    const used = new Map([...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', value = '']) => [name, value]));
    expect(Object.fromEntries(exampleSettings())).to.deep.equal(Object.fromEntries(used));
  });
});
