/** Runs the MLflow container of the templates on this machine with PostgreSQL and S3. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { invokeDeployed } from './support/application.js';
import { BUCKET, type NativeContainer, PASSWORD, startContainer } from './support/native-container.js';
import { resource, type StackTemplate, synthesizeCase } from './support/synthesize.js';

const README = new URL('../README.md', import.meta.url);
/** Connects like MLflow's driver. The first argument changes the connection. */
const CONNECT = 'import psycopg2, sys; c = psycopg2.connect(" ".join(sys.argv[1:])).cursor()';

describe('container of MLflow', function () {
  this.timeout(240_000);
  let mlflow: NativeContainer;

  before(async () => {
    mlflow = await startContainer(synthesizeCase('production').template());
  });
  after(() => mlflow?.close());

  it('keeps the trace of the deployed function in the database that its environment names', async () => {
    const experimentName = `container-${randomUUID()}`;
    const env = { MLFLOW_TRACKING_URI: mlflow.url, MLFLOW_EXPERIMENT_NAME: experimentName };
    const { answer } = await invokeDeployed(env);
    const client = new MlflowClient({ trackingUri: mlflow.url });
    const experiment = await client.getExperimentByName(experimentName);
    const { traces } = await client.searchTraces({ experimentIds: [experiment?.experimentId ?? ''] });
    await client.close();
    const shown = traces.map(({ state, requestPreview, responsePreview }) => [state, requestPreview, responsePreview]);
    expect(shown).to.deep.equal([['OK', 'What is the capital of France?', answer]]);
    expect(await mlflow.python(`${CONNECT}; c.execute("select count(*) from spans"); print(c.fetchone()[0])`)).to.equal(
      '1',
    );
  });

  it('sends the password to the database by TLS, and the database checks both', async () => {
    for (const wrong of ['password=wrong', 'sslmode=disable'])
      expect(await mlflow.python(CONNECT, wrong).catch(({ stderr }) => stderr)).to.contain('OperationalError');
  });

  it('keeps artifacts in the bucket under the prefix that its role may use', async () => {
    const path = `0/${randomUUID()}/artifacts/a.txt`;
    const url = `${mlflow.url}/api/2.0/mlflow-artifacts/artifacts/${path}`;
    expect((await fetch(url, { method: 'PUT', body: 'kept' })).status).to.equal(200);
    const read =
      'import boto3, os, sys; print(boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"]).get_object(Bucket=sys.argv[1], Key=sys.argv[2])["Body"].read().decode())';
    expect(await mlflow.python(read, BUCKET, `artifacts/${path}`)).to.equal('kept');
  });

  it('answers only to the name of the load balancer and to a forwarded port', async () => {
    const url = `${mlflow.url}/api/2.0/mlflow/experiments/get?experiment_id=0`;
    // Clients send host names in lower case.
    expect(await statusFor(url, mlflow.host.toLowerCase())).to.equal(200);
    expect(await statusFor(url, 'localhost:8080')).to.equal(200);
    expect(await statusFor(url, 'attacker.example')).to.equal(403);
  });

  it('upgrades its database with the command of the README', async () => {
    const [, command = ''] = /"command":\["mlflow",(".*?")\]/.exec(readFileSync(README, 'utf8')) ?? [];
    expect(command).to.match(/^"db","upgrade",/);
    await mlflow.python(`from mlflow.cli import cli; cli([${command}])`);
  });

  it('differs in a trial only in fewer workers and a database without TLS', () => {
    const trial = containerOf(synthesizeCase('trial').template());
    const production = containerOf(synthesizeCase('production').template());
    expect(trial.command).to.deep.equal(production.command.with(production.command.indexOf('--workers') + 1, '1'));
    const { PGHOST: _, ...same } = production.environment;
    const { PGHOST: host, ...rest } = trial.environment;
    expect(host).to.equal('postgres.mlflow-trial.internal');
    expect(rest).to.deep.equal({ ...same, PGSSLMODE: 'disable' });
  });
});

describe('container of MLflow with users', function () {
  this.timeout(240_000);

  it('asks for the password of the secret, and stores the users in the database', async () => {
    const mlflow = await startContainer(synthesizeCase('production for everyone, with passwords').template());
    try {
      const url = `${mlflow.url}/api/2.0/mlflow/experiments/get?experiment_id=0`;
      const status = async (user: string, password: string): Promise<number | undefined> => {
        const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
        return (await fetch(url, { headers: { authorization } })).status;
      };
      expect((await fetch(url)).status).to.equal(401);
      expect(await status('admin', 'wrong')).to.equal(401);
      expect(await status('admin', PASSWORD)).to.equal(200);
      const users = await mlflow.python(`${CONNECT}; c.execute("select username from users"); print(c.fetchall())`);
      expect(users).to.equal("[('admin',)]");
    } finally {
      await mlflow.close();
    }
  });
});

function containerOf(template: StackTemplate): { command: unknown[]; environment: Record<string, unknown> } {
  const [{ Command, Environment }] = resource(template, 'AWS::ECS::TaskDefinition', 'ServerTask').Properties
    .ContainerDefinitions;
  const pairs = Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [Name, Value]);
  return { command: Command, environment: Object.fromEntries(pairs) };
}

/** Returns the status of a GET with this Host header, which fetch() cannot send. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const get = request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    get.on('error', reject).end();
  });
}
