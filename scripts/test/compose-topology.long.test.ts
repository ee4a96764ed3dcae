import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { execa } from 'execa';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { ROOT, readCompose } from 'testing/compose.js';
import { installMlflow } from 'testing/mlflow/install.js';
import { startWithoutOtlp } from 'testing/old-mlflow.js';
import { runNode } from 'testing/run.js';
import { NOTHING_LOST, startSteadyAgent } from 'testing/steady-agent.js';
import { type PartName, startTopology, type Topology } from 'testing/topology.js';

const ADMIN = { username: 'admin', password: 'correct horse battery' };
const TRACES_DURING_OUTAGE = 5;
// Other values than the defaults reveal a setting that the file does not pass on.
const SETTINGS = {
  MLFLOW_AUTH_ADMIN_PASSWORD: ADMIN.password,
  MLFLOW_FLASK_SERVER_SECRET_KEY: randomUUID(),
  POSTGRES_PASSWORD: 'another-one_2',
  MINIO_ROOT_PASSWORD: 'another-one_3',
  MLFLOW_WORKERS: '1',
};
const CREDENTIALS = { MLFLOW_TRACKING_USERNAME: ADMIN.username, MLFLOW_TRACKING_PASSWORD: ADMIN.password };

describe('docker-compose.yml with authentication, run as local programs', function () {
  this.timeout(300_000);
  let topology: Topology;
  const closing: (() => Promise<void> | void)[] = [];

  before(async function () {
    // The Python package has no PostgreSQL for Windows.
    if (process.platform === 'win32') return this.skip();
    topology = await startTopology({ settings: SETTINGS, log: (line) => console.log(`    ${line}`) });
    closing.push(topology.close);
  });
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('receives the traces of the demo', async () => {
    const { code, output } = await runNode(['scripts/bootstrap.mjs', 'demo', '--mlflow', topology.url, '--exit'], {
      cwd: ROOT,
      env: { ...process.env, ...CREDENTIALS },
    });
    expect(code, output).to.equal(0);
    expect(output).to.match(/invoke_agent weather-agent .* OK/);
  });

  it('rejects requests without a password, and stores the users in PostgreSQL', async () => {
    expect((await fetch(`${topology.url}/version`)).status).to.equal(401);
    const reader = { username: 'reader', password: 'may read, not write' };
    const users = (method: string, path: string, by: typeof ADMIN, body: object): Promise<Response> =>
      fetch(`${topology.url}/api/2.0/mlflow/users/${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: basic(by) },
        body: JSON.stringify(body),
      });
    const version = async (by: typeof ADMIN): Promise<number> =>
      (await fetch(`${topology.url}/version`, { headers: { authorization: basic(by) } })).status;
    expect((await users('POST', 'create', ADMIN, reader)).status).to.equal(200);
    expect(await query('SELECT username FROM users ORDER BY username')).to.deep.equal(['admin', 'reader']);
    expect(await version(reader)).to.equal(200);

    const renewed = { ...reader, password: 'another good password' };
    const change = { ...renewed, current_password: reader.password };
    expect((await users('PATCH', 'update-password', reader, change)).status).to.equal(200);
    expect([await version(renewed), await version(reader)]).to.deep.equal([200, 401]);
  });

  it('answers 401 to other kinds of credentials, and accepts those of the gateway', async () => {
    const post = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await fetch(`${topology.url}${path}`, { method: 'POST', headers, body: '{}' })).status;
    const authorization = 'Bearer of-another-provider';
    expect(await post('/v1/traces', { authorization })).to.equal(401);
    const endpoint = '/gateway/none/mlflow/invocations';
    expect(await post(endpoint, { authorization })).to.equal(401);
    // The server accepts the credentials and then finds no such endpoint.
    const agent = { authorization, 'x-mlflow-authorization': basic(ADMIN) };
    expect(await post(endpoint, agent)).to.not.be.oneOf([401, 403]);
  });

  it('loses no trace and no artifact when each service is killed in turn and MLflow is upgraded', async () => {
    const simulator = await startSimulator();
    closing.push(() => simulator.close());
    const old = await startWithoutOtlp(topology.url);
    closing.push(old.close);
    // The second application's server is an old one, so its spans go through MLflow into the object store.
    const experiments = { database: `database-${randomUUID()}`, objectStore: `object-store-${randomUUID()}` };
    const newAgent = (url: string, experimentName: string): ReturnType<typeof startSteadyAgent> => {
      const env = {
        PAUSE_MILLIS: '500',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        ...CREDENTIALS,
        MLFLOW_TRACKING_URI: url,
        MLFLOW_EXPERIMENT_NAME: experimentName,
      };
      const agent = startSteadyAgent(env, join(ROOT, 'examples/test/programs/patient-tracing.ts'));
      closing.push(agent.close);
      return agent;
    };
    const agents = [newAgent(topology.url, experiments.database), newAgent(old.url, experiments.objectStore)] as const;
    await Promise.all(agents.map((agent) => agent.makes(1)));
    for (const name of ['postgres', 'minio', 'mlflow'] as const) {
      await topology.parts[name].stop();
      // MinIO's health check is a program of its image.
      if (name !== 'minio') expect(await passesHealthCheck(name), name).to.equal(false);
      await Promise.all(agents.map((agent) => agent.makes(TRACES_DURING_OUTAGE)));
      if (name === 'mlflow') await upgrade();
      await topology.parts[name].start();
      if (name !== 'minio') expect(await becomesHealthy(name), name).to.equal(true);
      await Promise.all(agents.map((agent) => agent.makes(TRACES_DURING_OUTAGE)));
    }
    const [said, saidOfOld] = await Promise.all(agents.map((agent) => agent.finish()));
    expect(said).to.match(NOTHING_LOST);
    expect((saidOfOld ?? '').replace(/^MLflow has no OTLP route here.*\n/gm, '')).to.match(NOTHING_LOST);

    const [inDatabase, inObjectStore] = agents;
    expect(await spansByTrace(experiments.database)).to.deep.equal(twoEach(inDatabase.traceIds));
    const artifacts = new Map<string, number>();
    for (const traceId of inObjectStore.traceIds) artifacts.set(traceId, await spansInArtifact(traceId));
    expect(artifacts).to.deep.equal(twoEach(inObjectStore.traceIds));
  });

  /** Runs the commands of deploy/README.md for an upgrade with a backup, and restores the backup after everything is lost. */
  async function upgrade(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'backup-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const dump = join(folder, 'mlflow.dump');
    await writeFile(dump, await inPostgres('pg_dump', ['--format=custom', 'mlflow']));
    // A failed upgrade leaves tables that are not in the backup and that reference tables of the backup.
    await query(
      'CREATE TABLE of_next_version (experiment_id INTEGER REFERENCES experiments (experiment_id)); DELETE FROM spans',
    );
    await inPostgres('dropdb', ['--force', 'mlflow']);
    await inPostgres('createdb', ['mlflow']);
    await inPostgres('pg_restore', ['--dbname=mlflow', dump]);
    const { python } = await installMlflow(() => {});
    const uri = topology.mlflowEnv['MLFLOW_BACKEND_STORE_URI'] ?? '';
    await execa(python, ['-m', 'mlflow', 'db', 'upgrade', uri], { env: topology.mlflowEnv });
  }

  function basic({ username, password }: typeof ADMIN): string {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  function twoEach(traceIds: readonly string[]): Map<string, number> {
    return new Map(traceIds.toSorted().map((traceId) => [traceId, 2]));
  }

  /** The number of spans per trace id, as MLflow has them. */
  async function spansByTrace(experimentName: string): Promise<Map<string, number>> {
    const client = new MlflowClient({ trackingUri: topology.url, ...ADMIN });
    try {
      const experiment = await client.getExperimentByName(experimentName);
      const experimentIds = [experiment?.experimentId ?? ''];
      const found = new Map<string, number>();
      for await (const { traceId } of client.eachTrace({ experimentIds })) {
        found.set(traceId, (await client.getTrace(traceId)).spans.length);
      }
      return new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)));
    } finally {
      client.close();
    }
  }

  /** Reads the object store through the route that serves MLflow's pages. */
  async function spansInArtifact(traceId: string): Promise<number> {
    const answer = await fetch(`${topology.url}/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${traceId}`, {
      headers: { authorization: basic(ADMIN) },
    });
    const { spans } = (await answer.json()) as { spans?: unknown[] };
    return spans?.length ?? 0;
  }

  /** Runs a program of PostgreSQL as `docker compose exec postgres` does. */
  async function inPostgres(program: string, args: string[]): Promise<Uint8Array> {
    const { programs, port, environment } = topology.postgres;
    const user = { PGUSER: environment['POSTGRES_USER'], PGPASSWORD: environment['POSTGRES_PASSWORD'] };
    const env = { PGHOST: '127.0.0.1', PGPORT: String(port), ...user };
    return (await execa(join(programs, program), args, { env, encoding: 'buffer' })).stdout;
  }

  async function query(sql: string): Promise<string[]> {
    const rows = await inPostgres('psql', ['--dbname=mlflow', '--tuples-only', '--no-align', '-c', sql]);
    return Buffer.from(rows).toString().split('\n').filter(Boolean);
  }

  /** Runs the health check of the file as the container would run it. */
  /** Repeats the health check as often as Compose does. */
  async function becomesHealthy(name: 'postgres' | 'mlflow'): Promise<boolean> {
    for (let left = readCompose<PartName>().services[name].healthcheck?.retries ?? 0; left > 0; left -= 1) {
      if (await passesHealthCheck(name)) return true;
    }
    return false;
  }

  async function passesHealthCheck(name: 'postgres' | 'mlflow'): Promise<boolean> {
    const { python } = await installMlflow(() => {});
    const test = readCompose<PartName>().services[name].healthcheck?.test ?? [];
    const [kind, ...words] = test.map((word) => topology.localise(word));
    const { programs, port, environment } = topology.postgres;
    const [program, ...args] = kind === 'CMD-SHELL' ? ['sh', '-c', words[0] ?? ''] : [python, ...words.slice(1)];
    const env = { ...environment, PATH: `${programs}:${process.env['PATH']}`, PGPORT: String(port) };
    return !(await execa(program, args, { env, reject: false })).failed;
  }
});
