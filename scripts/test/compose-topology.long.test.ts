import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { ROOT, readCompose } from 'testing/compose.js';
import { installMlflow } from 'testing/mlflow/install.js';
import { startWithoutOtlp } from 'testing/old-mlflow.js';
import { runNode } from 'testing/run.js';
import { startSteadyAgent } from 'testing/steady-agent.js';
import { type PartName, startTopology, type Topology } from 'testing/topology.js';

const run = promisify(execFile);
const ADMIN = { username: 'admin', password: 'correct horse battery' };
const TRACES_DURING_OUTAGE = 5;
// Not the defaults, so that a value that the file does not pass on shows.
const SETTINGS = {
  MLFLOW_AUTH_ADMIN_PASSWORD: ADMIN.password,
  MLFLOW_FLASK_SERVER_SECRET_KEY: randomUUID(),
  POSTGRES_PASSWORD: 'another-one_2',
  MINIO_ROOT_PASSWORD: 'another-one_3',
  MLFLOW_WORKERS: '1',
};
const CREDENTIALS = { MLFLOW_TRACKING_USERNAME: ADMIN.username, MLFLOW_TRACKING_PASSWORD: ADMIN.password };

describe('the services of docker-compose.yml with authentication, as local programs', function () {
  this.timeout(300_000);
  let topology: Topology;
  const closing: (() => Promise<void> | void)[] = [];

  before(async function () {
    // There are no PostgreSQL programs for Windows in the Python package.
    if (process.platform === 'win32') return this.skip();
    topology = await startTopology({ settings: SETTINGS, log: (line) => console.log(`    ${line}`) });
    closing.push(topology.close);
  });
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('take the demo', async () => {
    const { code, output } = await runNode(['scripts/bootstrap.mjs', 'demo', '--mlflow', topology.url, '--exit'], {
      cwd: ROOT,
      env: { ...process.env, ...CREDENTIALS },
    });
    expect(code, output).to.equal(0);
    expect(output).to.match(/invoke_agent weather-agent .* OK/);
  });

  it('let in nobody without a password, and keep the users in PostgreSQL', async () => {
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

  it('say 401 to other kinds of credentials, and know those of the gateway', async () => {
    const post = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await fetch(`${topology.url}${path}`, { method: 'POST', headers, body: '{}' })).status;
    const authorization = 'Bearer of-another-provider';
    expect(await post('/v1/traces', { authorization })).to.equal(401);
    const endpoint = '/gateway/none/mlflow/invocations';
    expect(await post(endpoint, { authorization })).to.equal(401);
    // It gets as far as that there is no such endpoint.
    const agent = { authorization, 'x-mlflow-authorization': basic(ADMIN) };
    expect(await post(endpoint, agent)).to.not.be.oneOf([401, 403]);
  });

  it('lose no trace and no artifact while applications go on and each is killed, or MLflow upgraded and restored', async () => {
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
      // The one of MinIO is a program of its image.
      if (name !== 'minio') expect(await passesHealthCheck(name), name).to.equal(false);
      await Promise.all(agents.map((agent) => agent.makes(TRACES_DURING_OUTAGE)));
      if (name === 'mlflow') await upgrade();
      await topology.parts[name].start();
      if (name !== 'minio') expect(await passesHealthCheck(name), name).to.equal(true);
      await Promise.all(agents.map((agent) => agent.makes(TRACES_DURING_OUTAGE)));
    }
    const [said, saidOfOld] = await Promise.all(agents.map((agent) => agent.finish()));
    expect(said).to.equal('');
    const others = (saidOfOld ?? '').split('\n').filter((line) => !line.startsWith('MLflow has no OTLP route here'));
    expect(others).to.deep.equal(['']);

    const [inDatabase, inObjectStore] = agents;
    expect(await spansByTrace(experiments.database)).to.deep.equal(twoEach(inDatabase.traceIds));
    const artifacts = new Map<string, number>();
    for (const traceId of inObjectStore.traceIds) artifacts.set(traceId, await spansInArtifact(traceId));
    expect(artifacts).to.deep.equal(twoEach(inObjectStore.traceIds));
  });

  /** The commands of the README for an upgrade with a backup; then everything is lost, and comes back from it. */
  async function upgrade(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'backup-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const dump = join(folder, 'mlflow.dump');
    const { stdout } = await inPostgres('pg_dump', ['--format=custom', 'mlflow']);
    await writeFile(dump, stdout);
    // As an upgrade leaves it that failed: tables that the backup does not know hold on to those that it does.
    await query(
      'CREATE TABLE of_next_version (experiment_id INTEGER REFERENCES experiments (experiment_id)); DELETE FROM spans',
    );
    await inPostgres('dropdb', ['--force', 'mlflow']);
    await inPostgres('createdb', ['mlflow']);
    await inPostgres('pg_restore', ['--dbname=mlflow', dump]);
    const { python } = await installMlflow(() => {});
    const uri = topology.mlflowEnv['MLFLOW_BACKEND_STORE_URI'] ?? '';
    await run(python, ['-m', 'mlflow', 'db', 'upgrade', uri], { env: { ...process.env, ...topology.mlflowEnv } });
  }

  function basic({ username, password }: typeof ADMIN): string {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  function twoEach(traceIds: readonly string[]): Map<string, number> {
    return new Map(traceIds.toSorted().map((traceId) => [traceId, 2]));
  }

  /** Number of spans by the id of their trace, as MLflow has them. */
  async function spansByTrace(experimentName: string): Promise<Map<string, number>> {
    const client = new MlflowClient({ trackingUri: topology.url, ...ADMIN });
    try {
      const experiment = await client.getExperimentByName(experimentName);
      const experimentIds = [experiment?.experimentId ?? ''];
      const found = new Map<string, number>();
      for (let pageToken: string | undefined, more = true; more; more = pageToken !== undefined) {
        const page = await client.searchTraces({ experimentIds, ...(pageToken === undefined ? {} : { pageToken }) });
        for (const { traceId } of page.traces) found.set(traceId, (await client.getTrace(traceId)).spans.length);
        pageToken = page.nextPageToken;
      }
      return new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)));
    } finally {
      client.close();
    }
  }

  /** Read from the object store, by the route of the server for its own pages. */
  async function spansInArtifact(traceId: string): Promise<number> {
    const answer = await fetch(`${topology.url}/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${traceId}`, {
      headers: { authorization: basic(ADMIN) },
    });
    const { spans } = (await answer.json()) as { spans?: unknown[] };
    return spans?.length ?? 0;
  }

  /** Runs a program of PostgreSQL as `docker compose exec postgres` does. */
  function inPostgres(program: string, args: string[]): Promise<{ stdout: Buffer }> {
    const { programs, port, environment } = topology.postgres;
    return run(join(programs, program), args, {
      env: {
        ...process.env,
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: environment['POSTGRES_USER'],
        PGPASSWORD: environment['POSTGRES_PASSWORD'],
      },
      encoding: 'buffer',
      maxBuffer: 64 * 2 ** 20,
    });
  }

  async function query(sql: string): Promise<string[]> {
    const { stdout } = await inPostgres('psql', ['--dbname=mlflow', '--tuples-only', '--no-align', '-c', sql]);
    return stdout.toString().split('\n').filter(Boolean);
  }

  /** The health check of the file, as the container would run it. */
  async function passesHealthCheck(name: 'postgres' | 'mlflow'): Promise<boolean> {
    const { python } = await installMlflow(() => {});
    const [kind, ...words] = readCompose<PartName>().services[name].healthcheck?.test ?? [];
    const { programs, port, environment } = topology.postgres;
    const command = kind === 'CMD-SHELL' ? ['sh', '-c', words[0] ?? ''] : [python, ...words.slice(1)];
    const [program = '', ...args] = command.map((word) => topology.localise(word));
    const env = { ...process.env, ...environment, PATH: `${programs}:${process.env['PATH']}`, PGPORT: String(port) };
    return run(program, args, { env }).then(
      () => true,
      () => false,
    );
  }
});
