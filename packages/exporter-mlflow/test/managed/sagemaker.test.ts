import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { denies, withoutOtlp } from 'testing/managed/answers.js';
import { type SageMakerGateway, startSageMakerGateway } from 'testing/managed/gateway.js';
import { type AwsKey, makeKey } from 'testing/managed/keys.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import {
  chatAttributes,
  childSpan,
  exportSpans,
  FAILED,
  recordSpans,
  startTracing,
  uniqueName,
} from '../support/tracing.js';

const ROLE = 'arn:aws:iam::123456789012:role/traces';

describe('an MLflow of SageMaker', () => {
  const { log, closing } = eachTest();
  const environment = eachEnvironment();
  let gateway: SageMakerGateway;
  let folder: string;
  before(async function () {
    this.timeout(300_000);
    gateway = await startSageMakerGateway({ mlflow: (await testServer()).url });
    folder = await mkdtemp(join(tmpdir(), 'sagemaker-'));
  });
  after(async () => {
    await gateway.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    environment.set({
      ...gateway.environment(),
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
      MLFLOW_MODEL_CATALOG_URI: '',
    });
    await gateway.setKeys([gateway.key]);
    await gateway.setAnswers([]);
    await gateway.setClockOffset(0);
    await gateway.forgetRequests();
  });

  /** Takes the credentials from a profile, which can be rewritten. */
  async function useProfile(key: AwsKey): Promise<(key: AwsKey) => Promise<void>> {
    const file = join(folder, uniqueName('credentials'));
    const write = ({ id, secret, token }: AwsKey): Promise<void> =>
      writeFile(
        file,
        `[traces]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n${token === undefined ? '' : `aws_session_token = ${token}\n`}`,
      );
    await write(key);
    environment.set({
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_PROFILE: 'traces',
      AWS_SHARED_CREDENTIALS_FILE: file,
    });
    return write;
  }

  /** Starts an exporter. Each call of the result sends one trace with two spans, and returns its id. */
  function start(config: MlflowSpanExporterConfig): () => Promise<string> {
    const exporter = new MlflowSpanExporter(config);
    closing.push(() => exporter.shutdown());
    const { tracer, flush } = startTracing(exporter);
    return async () => {
      const root = tracer.startSpan('plan a trip');
      childSpan(tracer, root, 'chat', chatAttributes('Weather in Paris?', 'It is sunny.'));
      root.end();
      await flush();
      return root.spanContext().traceId;
    };
  }

  function clientOf(trackingUri: string): MlflowClient {
    const client = new MlflowClient({ trackingUri });
    closing.push(() => client.close());
    return client;
  }

  const seen = async (): Promise<(string | undefined)[]> =>
    (await gateway.requests()).map(({ method, path, verified, refusal }) =>
      [method, path, ...(refusal === undefined ? [] : [refusal]), ...(verified ? [] : ['not verified'])].join(' '),
    );

  for (const kind of ['serverArn', 'appArn'] as const) {
    it(`takes traces under its ARN and returns them (${kind})`, async () => {
      const trackingUri = gateway[kind];
      const experimentName = uniqueName("team a+b%c/é*~'()!");
      const traceId = await start({ trackingUri, experimentName })();
      const { info, spans } = await clientOf(trackingUri).getTrace(traceId);

      expect(info).to.deep.include({ state: 'OK', name: 'plan a trip', responsePreview: 'It is sunny.' });
      expect(info.tokenUsage).to.deep.include({ inputTokens: 10, outputTokens: 5 });
      expect(spans).to.have.length(2);
      const requests = await gateway.requests();
      expect(requests.filter(({ verified, arn }) => !verified || arn !== trackingUri)).to.deep.equal([]);
      expect(requests.length).to.be.at.least(4);
      expect(log.lines).to.deep.equal([]);
    });
  }

  it('takes temporary credentials, long bodies, and headers of the application', async () => {
    const key = makeKey({ isTemporary: true });
    await gateway.setKeys([key]);
    environment.set(gateway.environment(key));
    const experimentName = uniqueName('long');
    const headers = async (): Promise<Record<string, string>> => ({
      'x-team': 'travel',
      'x-umlaut': 'Jürgen',
      host: 'vpce-1.example.com',
      connection: 'keep-alive',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const exporter = new MlflowSpanExporter({ trackingUri: gateway.serverArn, experimentName, headers, token: 'x' });
    closing.push(() => exporter.shutdown());
    const spans = recordSpans((tracer) =>
      tracer.startSpan('long', { attributes: { 'input.value': 'ä €'.repeat(500_000) } }).end(),
    );
    const { code } = await exportSpans(exporter, spans);
    expect([code, log.lines]).to.deep.equal([0, []]);
    const requests = await gateway.requests();
    expect(requests.every(({ verified, keyId }) => verified && keyId === key.id)).to.equal(true);
  });

  it('is sent each request once more, at most, when a rewritten profile has other credentials', async () => {
    const [first, second] = [makeKey({ isTemporary: true }), makeKey({ isTemporary: true })];
    const rewrite = await useProfile(first);
    await gateway.setKeys([first]);
    const send = start({ trackingUri: gateway.serverArn, experimentName: uniqueName('rotated') });
    await send();
    await rewrite(second);
    await gateway.setKeys([second]);
    await gateway.forgetRequests();
    const traceId = await send();
    expect(await seen()).to.deep.equal([
      'POST /api/3.0/mlflow/traces UnrecognizedClientException not verified',
      'POST /api/3.0/mlflow/traces',
      'POST /v1/traces',
    ]);
    expect((await clientOf(gateway.serverArn).getTrace(traceId)).spans).to.have.length(2);
    expect(log.lines).to.deep.equal([]);
  });

  it('is sent nothing twice with a wrong key, and one line says what to do and repeats nothing of the request', async () => {
    const key = makeKey({ isTemporary: true });
    await gateway.setKeys([key]);
    environment.set(gateway.environment({ ...key, secret: `${key.secret.slice(0, -1)}x` }));
    const send = start({ trackingUri: gateway.serverArn, experimentName: uniqueName('wrong') });
    await send().catch(() => {});
    await send().catch(() => {});
    const route = 'GET /api/2.0/mlflow/experiments/get-by-name InvalidSignatureException not verified';
    expect(await seen()).to.deep.equal([route, route]);
    expect(log.lines).to.deep.equal([
      `error: SageMaker at ${gateway.url} refuses the signature: correct the secret access key. If it is right, a proxy changes the requests. 2 spans were not delivered.`,
    ]);
  });

  it('is asked about nothing else if a key ends while the application runs', async () => {
    const experimentName = uniqueName('ended');
    const exporter = new MlflowSpanExporter({ trackingUri: gateway.serverArn, experimentName, traceInfo: 'otlp-only' });
    closing.push(() => exporter.shutdown());
    const spans = recordSpans((tracer) => tracer.startSpan('span').end());
    expect((await exportSpans(exporter, spans)).code).to.equal(0);
    await gateway.forgetRequests();
    await gateway.setKeys([makeKey()]);
    const { error } = await exportSpans(
      exporter,
      recordSpans((tracer) => tracer.startSpan('span').end()),
    );
    expect(error?.message).to.match(/^AWS does not know the access key or the session token for SageMaker at /);
    expect(await seen()).to.deep.equal(['POST /v1/traces UnrecognizedClientException not verified']);
  });

  it('takes requests of a machine with a wrong clock', async () => {
    await gateway.setClockOffset(3600);
    const send = start({ trackingUri: gateway.serverArn, experimentName: uniqueName('clock') });
    await send();
    await send();
    const requests = await gateway.requests();
    expect(requests.filter(({ verified }) => !verified)).to.have.length(1);
    expect(log.lines).to.deep.equal([]);
  });

  it('gets the credentials of a role that the application assumes', async () => {
    environment.set({ SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: ROLE });
    const send = start({ trackingUri: gateway.serverArn, experimentName: uniqueName('role') });
    await send();
    await send();
    const assumed = await gateway.sts.requests();
    expect(assumed.map(({ role, session, keyId }) => [role, session, keyId])).to.deep.equal([
      [ROLE, 'AuthBotoSagemakerMlFlow', gateway.key.id],
    ]);
    const requests = await gateway.requests();
    expect(requests.every(({ verified, keyId }) => verified && keyId?.startsWith('ASIA'))).to.equal(true);
    expect(log.lines).to.deep.equal([]);
  });

  it('gets a role anew, with new credentials of the application if the old ones are gone', async () => {
    const [first, second] = [makeKey(), makeKey({ isTemporary: true })];
    const rewrite = await useProfile(first);
    await gateway.setKeys([first]);
    environment.set({ SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: ROLE });
    const send = start({ trackingUri: gateway.serverArn, experimentName: uniqueName('role-again') });
    await send();
    await rewrite(second);
    await gateway.setKeys([second]);
    await gateway.forgetRequests();
    await send();
    expect((await gateway.sts.requests()).map(({ keyId, refusal }) => refusal ?? keyId)).to.deep.equal([
      'InvalidClientTokenId',
      second.id,
    ]);
    expect(log.lines).to.deep.equal([]);
  });

  it('says which role the application may not assume', async () => {
    environment.set({ SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN: ROLE });
    const message = `User: arn:aws:iam::123456789012:user/ada is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`;
    await gateway.setAnswers([{ service: 'sts', status: 403, refusal: 'AccessDenied', message }]);
    await start({ trackingUri: gateway.serverArn, experimentName: uniqueName('no-role') })().catch(() => {});
    expect(log.lines).to.deep.equal([
      `error: The application may not assume the role ${ROLE}: allow sts:AssumeRole in the IAM policy of the application, and the application in the trust policy of the role. 2 spans were not delivered.`,
    ]);
    expect(await gateway.requests()).to.deep.equal([]);
  });

  for (const [answer, said] of [
    [
      withoutOtlp(403),
      ', so traces are stored as artifacts, without search by span. This is normal for a service without OTLP. It answered: SageMaker at URL does not allow this (403: Unable to determine service/operation name): allow',
    ],
    [withoutOtlp(404), ' (404), so traces are stored as artifacts, without search by span.'],
    [withoutOtlp(501), ' (501), so traces are stored as artifacts, without search by span.'],
  ] as const) {
    it(`gets traces as files if it refuses spans with ${answer.status}, also of an identity with few rights`, async () => {
      const trackingUri = gateway.serverArn;
      const identity = { ...denies('SearchExperiments', trackingUri), method: 'GET' };
      await gateway.setAnswers([answer, identity]);
      const send = start({ trackingUri, experimentName: uniqueName('files') });
      const traces = [await send(), await send()];
      for (const id of traces) {
        const { info, spans } = await clientOf(trackingUri).getTrace(id);
        expect(info.tags).to.not.have.property('mlflow.trace.spansLocation');
        expect(spans.map(({ name }) => name)).to.deep.equal(['plan a trip', 'chat']);
      }
      const [line = '', ...others] = log.lines.map((text) => text.replaceAll(gateway.url, 'URL'));
      expect(line).to.include(`warn: URL takes no spans at /v1/traces${said}`);
      expect(others).to.deep.equal([]);
    });
  }

  it('names the action that the identity lacks', async () => {
    await gateway.setAnswers([denies('StartTrace', gateway.serverArn)]);
    const exporter = new MlflowSpanExporter({ trackingUri: gateway.serverArn, experimentName: uniqueName('denied') });
    closing.push(() => exporter.shutdown());
    const result = await exportSpans(
      exporter,
      recordSpans((tracer) => tracer.startSpan('span').end()),
    );
    expect(result.code).to.equal(FAILED);
    expect(log.lines).to.deep.equal([
      `error: The spans were delivered, but not the trace record: arn:aws:sts::123456789012:assumed-role/sender/session is not allowed to use sagemaker-mlflow:StartTrace on ${gateway.serverArn} (403, no identity-based policy allows it): allow it in the IAM policy, as docs/managed-mlflow.md shows.`,
    ]);
  });
});
