/** Checks docs/troubleshooting.md: messages about MLflow of SageMaker and Databricks. */

import type { MlflowSpanExporterConfig } from 'opentelemetry-exporter-mlflow';
import { type HttpServer, listen } from 'testing/http-server.js';
import { denies, serverStopped, withoutOtlp } from 'testing/managed/answers.js';
import { type SageMakerGateway, startSageMakerGateway } from 'testing/managed/gateway.js';
import { makeKey } from 'testing/managed/keys.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { exporterLog } from './support/exporter-says.js';
import { expectQuoted } from './support/troubleshooting-page.js';

const HOST = 'https://us-east-1.experiments.sagemaker.aws';
const WORKSPACE = 'https://dbc-a1b2c3d4-e5f6.cloud.databricks.com';
/** A trace whose file is in S3, as a tracking server of SageMaker names it. */
const RECORD = {
  trace_id: 'tr-0af7651916cd43dd8448eb211c80319c',
  state: 'OK',
  request_time: '2026-12-01T00:00:00Z',
  trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
  tags: {
    'mlflow.artifactLocation': 's3://my-bucket/artifacts/7/traces/tr-0af7651916cd43dd8448eb211c80319c/artifacts',
  },
};

describe('docs/troubleshooting.md: managed MLflow', function () {
  this.timeout(120_000);
  let gateway: SageMakerGateway;
  let workspace: HttpServer;
  let answer: { status: number; body: object } = { status: 500, body: {} };

  before(async () => {
    gateway = await startSageMakerGateway({ mlflow: (await testServer()).url, buckets: ['my-bucket'] });
    workspace = await listen((_, response) => {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  after(async () => {
    await workspace?.close();
    await gateway?.close();
  });
  afterEach(() => gateway.setAnswers([]));

  /** Sends with these variables, and no others of AWS and Databricks. */
  const log = async (env: NodeJS.ProcessEnv, config: MlflowSpanExporterConfig = {}): Promise<string[]> => {
    const before = process.env;
    const others = Object.entries(before).filter(([name]) => !/^(?:AWS|SAGEMAKER|DATABRICKS)_/.test(name));
    process.env = { ...Object.fromEntries(others), MLFLOW_MODEL_CATALOG_URI: '', ...env };
    try {
      return await exporterLog({ trackingUri: gateway.serverArn, ...config });
    } finally {
      process.env = before;
    }
  };
  const says = async (env: NodeJS.ProcessEnv, config?: MlflowSpanExporterConfig): Promise<string> =>
    (await log(env, config))[0] ?? '';
  const shown = (): Record<string, string> => ({ [gateway.url]: HOST });

  it('quotes the messages about credentials', async () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...none } = gateway.environment();
    expectQuoted(await says(none), shown());
    expectQuoted(await says(gateway.environment(makeKey())), shown());
    expectQuoted(await says(gateway.environment({ ...gateway.key, secret: makeKey().secret })), shown());
    const old = makeKey({ isTemporary: true, expires: 1 });
    await gateway.setKeys([gateway.key, old]);
    expectQuoted(await says(gateway.environment(old)), shown());
  });

  it('quotes the messages about a missing permission and another account', async () => {
    await gateway.setAnswers([denies('GetExperimentByName', gateway.serverArn)]);
    expectQuoted(await says(gateway.environment()), shown());
    await gateway.setAnswers([denies('GetExperimentByName', gateway.appArn)]);
    expectQuoted(await says(gateway.environment(), { trackingUri: gateway.appArn }), shown());
    await gateway.setAnswers([
      denies('GetExperimentByName', gateway.serverArn.replace('123456789012', '210987654321')),
    ]);
    expectQuoted(await says(gateway.environment()), shown());
  });

  it('quotes the messages about a server that is stopped or elsewhere', async () => {
    await gateway.setAnswers([serverStopped(gateway.serverArn)]);
    expectQuoted(await says(gateway.environment()), shown());
    await gateway.setAnswers([]);
    const other = gateway.serverArn.replace('demo', 'other');
    expectQuoted(await says(gateway.environment(), { trackingUri: other }), shown());
    const region = gateway.serverArn.replace('us-east-1', 'xx-west-9');
    const { SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: _, ...env } = gateway.environment();
    expectQuoted(await says(env, { trackingUri: region, timeoutMillis: 1000 }), { 'xx-west-9': 'us-east-9' });
  });

  it('quotes the message about an ARN that is none', async () => {
    expectQuoted(await says({}, { trackingUri: gateway.serverArn.replace('123456789012', '1234-5678-9012') }), shown());
  });

  it('quotes the messages about a server without an OTLP route, and its bucket', async () => {
    const body = JSON.stringify({ trace: { trace_info: RECORD } });
    const record = { method: 'POST', path: '/api/3\\.0/mlflow/traces', status: 200, body };
    const denied = {
      service: 's3',
      status: 403,
      refusal: 'AccessDenied',
      message:
        'User: arn:aws:sts::123456789012:assumed-role/sender/session is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::my-bucket/x" because no identity-based policy allows the s3:PutObject action',
    } as const;
    await gateway.setAnswers([withoutOtlp(404), record, denied]);
    for (const line of await log(gateway.environment())) expectQuoted(line, shown());
  });

  it('quotes the messages of Databricks', async () => {
    const env = { DATABRICKS_HOST: workspace.url, DATABRICKS_TOKEN: 'dapi-of-a-test' };
    const at = { trackingUri: 'databricks', experimentName: '/Users/ada@example.com/my-agents' };
    const there = { [workspace.url]: WORKSPACE };
    answer = { status: 403, body: { error_code: '403', message: 'Invalid access token.' } };
    expectQuoted(await says(env, at), there);
    answer = { status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'No access to the experiment.' } };
    expectQuoted(await says(env, at), there);
    answer = {
      status: 400,
      body: {
        error_code: 'INVALID_PARAMETER_VALUE',
        message:
          "Got an invalid experiment name 'my-agents'. An experiment name must be an absolute path within the Databricks workspace.",
      },
    };
    expectQuoted(await says(env, { ...at, experimentName: 'my-agents' }), there);
    expectQuoted(await says({ HOME: '/nonexistent', DATABRICKS_CONFIG_FILE: '/nonexistent' }, at));
    answer = { status: 401, body: { error: 'invalid_client' } };
    const client = { DATABRICKS_CLIENT_ID: 'app', DATABRICKS_CLIENT_SECRET: 'of-a-test' };
    expectQuoted(await says({ DATABRICKS_HOST: workspace.url, ...client }, at));
    expectQuoted(await says({ ...env, DATABRICKS_HOST: 'http://dbc.example' }, { ...at, timeoutMillis: 100 }));
  });
});
