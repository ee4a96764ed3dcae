/** The doctor and managed MLflow: a stand-in for SageMaker that checks signatures, and answers of Databricks. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { type HttpServer, listen } from 'testing/http-server.js';
import { denies, serverStopped, withoutOtlp } from 'testing/managed/answers.js';
import { type SageMakerGateway, startSageMakerGateway } from 'testing/managed/gateway.js';
import { makeKey } from 'testing/managed/keys.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { readableTrackingUri } from '../../src/common/environment.js';
import { explainFailure } from '../../src/doctor/checks/failure.js';
import { checkManaged } from '../../src/doctor/checks/managed.js';
import { checkTrace } from '../../src/doctor/checks/server.js';
import { type Application, COMPLETE, complaints, createApplication, examineIn, resultsOf } from '../support/doctor.js';

const ARN = 'arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/demo';
const SECRET = 'walnut-7-harbour';
const URI = 'MLFLOW_TRACKING_URI';
const ROLE = 'arn:aws:iam::123456789012:role/traces';

describe('the doctor looks at the settings of managed MLflow', () => {
  const cases: [NodeJS.ProcessEnv, ...results: string[]][] = [
    [{ [URI]: 'http://localhost:5000' }],
    [
      { SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: ROLE },
      `warning: SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN has no effect, because ${URI} is no ARN. -> Set ${URI} to the ARN of the tracking server or app, or unset SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN.`,
    ],
    [
      { [URI]: ARN, MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: SECRET },
      'warning: MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD has no effect, because requests to SageMaker are signed. -> Unset MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD.',
    ],
    [
      { [URI]: 'databricks', MLFLOW_TRACKING_TOKEN: SECRET },
      'warning: MLFLOW_TRACKING_TOKEN has no effect, because Databricks has variables of its own. -> Unset MLFLOW_TRACKING_TOKEN.',
    ],
  ];
  for (const [env, ...expected] of cases) {
    it(`such as ${Object.keys(env).join(', ')}`, () => {
      expect(complaints(checkManaged(env))).to.deep.equal(expected);
    });
  }

  it('and names role, address and table', () => {
    const sagemaker = {
      [URI]: ARN,
      SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: ROLE,
      SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: `https://ada:${SECRET}@mlflow.internal`,
    };
    expect(resultsOf(checkManaged(sagemaker), 'managed')).to.deep.equal([
      `ok: Requests to MLflow are signed with the role ${ROLE} (SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN).`,
      'ok: SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT replaces the address of SageMaker.',
    ]);
    const databricks = { [URI]: 'databricks://work', MLFLOW_TRACING_DESTINATION: 'main.traces' };
    expect(resultsOf(checkManaged(databricks), 'managed')).to.deep.equal([
      'ok: Traces go to tables of Unity Catalog: main.traces (MLFLOW_TRACING_DESTINATION).',
    ]);
  });

  it('and shows tracking URIs of managed servers as they are, and others without credentials', () => {
    for (const uri of [ARN, 'databricks', 'databricks://work']) {
      expect(readableTrackingUri({}, { [URI]: uri })).to.equal(uri);
    }
    expect(readableTrackingUri({}, { MLFLOW_TRACING_DESTINATION: 'main.traces' })).to.equal('databricks');
    const secret = 'http://ada:walnut@mlflow:5000/team?token=walnut';
    expect(readableTrackingUri({}, { [URI]: secret })).to.equal('http://mlflow:5000/team');
    expect(readableTrackingUri({ trackingUri: 'http://ada:walnut@' }, {})).to.equal('the tracking URI');
    expect(readableTrackingUri({ tracingDestination: 'main.traces' }, {})).to.equal('databricks');
    expect(readableTrackingUri({ tracingDestination: '7' }, { MLFLOW_TRACING_DESTINATION: 'main.traces' })).to.equal(
      'http://localhost:5000',
    );
  });

  it('and takes a sender that may not read for a good one', () => {
    const facts = {
      traceId: 'tr-0af7651916cd43dd8448eb211c80319c',
      inDatabase: false,
      deleted: false,
      isInCatalog: false,
      unreadable: { status: 403, message: 'S3 does not let this identity read from s3://my-bucket/ (AccessDenied)' },
    };
    const place = { url: 'https://us-east-1.experiments.sagemaker.aws', env: { [URI]: ARN }, machine: {} };
    expect(resultsOf(checkTrace(facts, place), 'trace')).to.deep.equal([
      'ok: A test trace was sent. It stays as "mlflow-bedrock doctor" (tr-0af7651916cd43dd8448eb211c80319c), because this user may not read traces.',
    ]);
  });

  it('and explains why an address cannot be reached', () => {
    const explain = (uri: string, message: string, env: NodeJS.ProcessEnv = {}): string[] => {
      const place = { url: 'https://us-east-1.experiments.sagemaker.aws', env: { [URI]: uri, ...env }, machine: {} };
      return complaints([explainFailure('server', { message }, place)]);
    };
    const unknown = 'MLflow at https://a.example cannot be reached (getaddrinfo ENOTFOUND a.example)';
    expect(explain(ARN, unknown)).to.deep.equal([
      `problem: ${unknown}. -> Correct the region in MLFLOW_TRACKING_URI, or SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT if it is set, or give this machine a route there.`,
    ]);
    expect(explain('databricks', unknown)).to.deep.equal([
      `problem: ${unknown}. -> Correct DATABRICKS_HOST, or host in the profile, or give this machine a route there.`,
    ]);
    const silent = 'MLflow at https://a.example cannot be reached (no answer in time)';
    expect(explain(ARN, silent, { HTTPS_PROXY: `http://ada:${SECRET}@proxy` })).to.deep.equal([
      `problem: ${silent}. -> Check that a firewall or security group lets this machine reach the server, and that HTTPS_PROXY names the right proxy. no_proxy lists servers to reach directly.`,
    ]);
  });
});

describe('the doctor asks MLflow of SageMaker', function () {
  this.timeout(120_000);
  let application: Application;
  let gateway: SageMakerGateway;
  before(async () => {
    application = createApplication();
    gateway = await startSageMakerGateway({ mlflow: (await testServer()).url });
  });
  after(async () => {
    application.remove();
    await gateway?.close();
  });
  afterEach(() => gateway.setAnswers([]));

  const examineAt = (uri: string, env: NodeJS.ProcessEnv = {}) =>
    examineIn(application.folder, {
      ...COMPLETE,
      ...gateway.environment(),
      MLFLOW_TRACKING_URI: uri,
      MLFLOW_EXPERIMENT_NAME: `doctor-${randomUUID()}`,
      // No prices from the internet.
      MLFLOW_MODEL_CATALOG_URI: '',
      ...env,
    });

  it('finds no fault with a tracking server and an app, and every request is signed', async () => {
    for (const arn of [gateway.serverArn, gateway.appArn]) {
      const results = await examineAt(arn);
      expect(complaints(results)).to.deep.equal([]);
      expect(resultsOf(results, 'tracking-uri', 'trace')).to.deep.equal([
        `ok: MLFLOW_TRACKING_URI is ${arn}, which is at ${gateway.url}.`,
        'ok: A test trace was written, read back and deleted.',
      ]);
    }
    const requests = await gateway.requests();
    expect(requests.filter(({ verified }) => !verified)).to.deep.equal([]);
    expect(new Set(requests.map(({ arn }) => arn))).to.deep.equal(new Set([gateway.serverArn, gateway.appArn]));
  });

  it('finds the spans of an application there, and links no page, which needs a signed address', async () => {
    application.write('app.js', "import { traced } from 'mlflow-bedrock'; await traced('step', async () => 1)();");
    const env = { ...COMPLETE, ...gateway.environment(), MLFLOW_TRACKING_URI: gateway.appArn };
    const options = {
      application: ['app.js'],
      nodeOptions: ['--import', 'mlflow-bedrock/register'],
      trace: false,
    };
    const name = `doctor-${randomUUID()}`;
    const results = await examineIn(
      application.folder,
      { ...env, MLFLOW_EXPERIMENT_NAME: name, MLFLOW_MODEL_CATALOG_URI: '' },
      options,
    );
    expect(results.filter(({ status }) => status === 'problem')).to.deep.equal([]);
    expect(resultsOf(results, 'application')).to.include('ok: MLflow has the span of the application.');
  });

  it('says that credentials are missing, unknown or wrong, and shows none', async () => {
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const withoutAny = await examineAt(gateway.serverArn, none);
    expect(complaints(withoutAny).filter((text) => text.startsWith('problem'))).to.deep.equal([
      'problem: No AWS credentials were found. -> Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the option credentials, or run where AWS provides a role (ECS, EKS, Lambda, EC2).',
    ]);
    const unknown = makeKey();
    const results = await examineAt(gateway.serverArn, gateway.environment(unknown));
    expect(complaints(results)).to.have.length(1);
    expect(complaints(results)[0]).to.match(
      /^problem: AWS does not know the access key .* -> Correct the credentials\./,
    );
    const wrong = { ...gateway.key, secret: makeKey().secret };
    const refused = await examineAt(gateway.serverArn, gateway.environment(wrong));
    expect(complaints(refused)).to.have.length(1);
    expect(complaints(refused)[0]).to.match(/^problem: SageMaker at .* refuses the signature\. -> Correct the secret/);
    const texts = JSON.stringify([withoutAny, results, refused]);
    for (const secret of [gateway.key.secret, unknown.secret, wrong.secret]) expect(texts).not.to.include(secret);
  });

  it('names the identity and the action that its policy lacks', async () => {
    await gateway.setAnswers([denies('GetExperimentByName', gateway.serverArn)]);
    const [complaint = '', ...others] = complaints(await examineAt(gateway.serverArn));
    expect(others).to.deep.equal([]);
    expect(complaint).to.match(
      /^problem: arn:aws:sts::123456789012:assumed-role\/sender\/session is not allowed to use sagemaker-mlflow:GetExperimentByName/,
    );
    expect(complaint).to.include(' -> Allow it in the IAM policy');
  });

  it('says how to start a server that is stopped', async () => {
    await gateway.setAnswers([serverStopped(gateway.serverArn)]);
    expect(complaints(await examineAt(gateway.serverArn))).to.deep.equal([
      `problem: The tracking server "demo" at ${gateway.url} is stopped. -> Run "aws sagemaker start-mlflow-tracking-server --tracking-server-name demo".`,
    ]);
  });

  it('takes a server without an OTLP route for one that keeps files', async () => {
    await gateway.setAnswers([withoutOtlp(404)]);
    const results = await examineAt(gateway.serverArn);
    expect(complaints(results)).to.deep.equal([]);
    expect(resultsOf(results, 'trace')).to.deep.equal([
      'ok: A test trace was written, read back and deleted.',
      'ok: The server keeps spans as files, so searches by span do not find them. Everything else works.',
    ]);
  });
});

describe('the doctor asks Databricks', function () {
  this.timeout(60_000);
  let application: Application;
  let server: HttpServer | undefined;
  before(() => {
    application = createApplication();
  });
  after(() => application.remove());
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  const examineAt = async (
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    env: NodeJS.ProcessEnv = {},
    options: Parameters<typeof examineIn>[2] = {},
  ) => {
    server = await listen(answer);
    const all = {
      ...COMPLETE,
      MLFLOW_TRACKING_URI: 'databricks',
      DATABRICKS_HOST: server.url,
      DATABRICKS_TOKEN: SECRET,
      MLFLOW_EXPERIMENT_NAME: '/Users/ada@example.com/traces',
      ...env,
    };
    return examineIn(application.folder, all, options);
  };
  const json = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  it('says what to do about a token that the workspace refuses, and does not show it', async () => {
    for (const status of [401, 403]) {
      const results = await examineAt((_, response) => json(response, status, { message: `Invalid token ${SECRET}` }));
      const [complaint = '', ...others] = complaints(results);
      expect(others).to.deep.equal([]);
      expect(complaint).to.match(
        /^problem: Databricks at .* refuses the credentials of DATABRICKS_TOKEN .* -> Replace/,
      );
      expect(JSON.stringify(results)).not.to.include(SECRET);
      await server?.close();
    }
  });

  it('sends a test trace to tables of Unity Catalog, which it cannot read', async () => {
    const sent: string[] = [];
    const results = await examineAt(
      (request, response) => {
        sent.push(`${request.method} ${request.url}`);
        const isRead = request.method === 'GET';
        json(response, isRead ? 404 : 200, isRead ? { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No.' } : {});
      },
      { MLFLOW_TRACKING_URI: '', MLFLOW_TRACING_DESTINATION: 'main.traces', MLFLOW_MODEL_CATALOG_URI: '' },
    );
    expect(complaints(results)).to.deep.equal([]);
    expect(resultsOf(results, 'managed', 'experiment', 'trace')).to.deep.equal([
      'ok: Traces go to tables of Unity Catalog: main.traces (MLFLOW_TRACING_DESTINATION).',
      'ok: A test trace was sent to Unity Catalog. It stays there, because the doctor cannot read or delete it.',
    ]);
    expect(sent).to.include('POST /api/2.0/otel/v1/traces');
  });

  it('looks in no experiment for spans that the application sends to Unity Catalog', async () => {
    application.write(
      'app.js',
      "import { autolog, traced } from 'mlflow-bedrock'; autolog({ tracingDestination: 'main.traces' }); await traced('step', async () => 1)();",
    );
    const found = { experiment: { experiment_id: '7', name: 'traces', lifecycle_stage: 'active' } };
    const sent: string[] = [];
    const results = await examineAt(
      (request, response) => {
        sent.push(`${request.url}`);
        json(response, 200, request.url?.includes('/experiments/') ? found : {});
      },
      { MLFLOW_MODEL_CATALOG_URI: '' },
      { application: ['app.js'], trace: false },
    );
    expect(results.filter(({ status }) => status === 'problem')).to.deep.equal([]);
    expect(sent).to.include('/api/2.0/otel/v1/traces');
    expect(sent.filter((path) => path.includes('/mlflow/traces/tr-'))).to.deep.equal([]);
  });

  it('says that an experiment is missing', async () => {
    const results = await examineAt(
      (_, response) => json(response, 404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No.' }),
      { MLFLOW_EXPERIMENT_NAME: '' },
    );
    const [complaint = ''] = complaints(results);
    expect(complaint).to.match(
      /no experiment is set, and Databricks has none with the name Default\. -> Set experimentName/i,
    );
  });

  it('says what is missing', async () => {
    const results = await examineAt((_, response) => json(response, 500, {}), {
      DATABRICKS_HOST: '',
      DATABRICKS_TOKEN: '',
      HOME: '/nonexistent',
      DATABRICKS_CONFIG_FILE: '/nonexistent/databrickscfg',
    });
    const [complaint = '', ...others] = complaints(results);
    expect(others).to.deep.equal([]);
    expect(complaint).to.match(/^problem: MLflow tracking URI "databricks" needs .* -> Set DATABRICKS_HOST/);
  });
});
