import { randomBytes } from 'node:crypto';
import { DiagLogLevel } from '@opentelemetry/api';
import { expect } from 'chai';
import { denies, type GatewayAnswer, serverStopped, withoutOtlp } from 'testing/managed/answers.js';
import { type SageMakerGateway, startSageMakerGateway } from 'testing/managed/gateway.js';
import { type AwsKey, makeKey } from 'testing/managed/keys.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, type MlflowConnectionConfig, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { eachEnvironment } from '../support/environment.js';
import { chatAttributes, exportSpans, FAILED, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const SPECIAL = 'a b+c%d%20/é~*\'"!()😀=&?#;:@,$';

/** AWS quotes what it gets of some requests. */
const QUOTING: GatewayAnswer = {
  status: 403,
  refusal: 'OddException',
  message:
    'Bad {x-amz-date}: {authorization} {x-amz-content-sha256} {x-amz-security-token}. Authorization={authorization}',
};

const TEMPORARY = makeKey({ isTemporary: true });

describe('requests to SageMaker', function () {
  this.timeout(120_000);
  let gateway: SageMakerGateway;
  const environment = eachEnvironment();

  before(async () => {
    gateway = await startSageMakerGateway({ mlflow: (await testServer()).url });
  });
  after(() => gateway.close());
  beforeEach(async () => {
    environment.set({ ...gateway.environment(), MLFLOW_MODEL_CATALOG_URI: '' });
    await gateway.setKeys([gateway.key, TEMPORARY]);
    await gateway.setAnswers([]);
    await gateway.forgetRequests();
  });

  const credentialsOf = ({ id, secret, token }: AwsKey) => ({
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token === undefined ? {} : { sessionToken: token }),
  });
  const spanWith = (question: string) =>
    recordSpans((tracer) => tracer.startSpan('chat', { attributes: chatAttributes(question, 'answer') }).end());
  /** Exports one span. Returns the error of the export and every line of the log. */
  const exportOnce = async (config: MlflowConnectionConfig & { experimentName?: string }, question = 'question') => {
    const diag = collectDiag(DiagLogLevel.ALL);
    const exporter = new MlflowSpanExporter({
      trackingUri: gateway.serverArn,
      experimentName: uniqueName('requests'),
      ...config,
    });
    const { code, error } = await exportSpans(exporter, spanWith(question));
    await exporter.shutdown();
    diag.stop();
    return { code, error, lines: diag.lines };
  };

  it('pass its front door, whatever names and values contain', async () => {
    for (const trackingUri of [gateway.serverArn, gateway.appArn]) {
      const experimentName = uniqueName(SPECIAL);
      const exporter = new MlflowSpanExporter({ trackingUri, experimentName });
      const spans = spanWith(SPECIAL);
      const { code } = await exportSpans(exporter, spans);
      await exporter.shutdown();
      const client = new MlflowClient({ trackingUri });
      const traceId = `tr-${spans[0]?.spanContext().traceId}`;
      const { experimentId } = await client.getOrCreateExperiment(experimentName);
      await client.setTraceTag(traceId, 'key a:b/c', SPECIAL);
      const filter = `tags."key a:b/c" = '${SPECIAL.replaceAll(/['"]/g, '')}'`;
      await client.searchTraces({ experimentIds: [experimentId], filter });
      const { tags } = await client.getTraceInfo(traceId);
      await client.deleteTraceTag(traceId, 'key a:b/c');
      const prompt = uniqueName('prompt');
      await client.registerPrompt(prompt, { template: SPECIAL });
      await client.setPromptAlias(prompt, 'a_b-c', 1);
      await client.getPrompt(prompt, { alias: 'a_b-c' });
      const { runId } = await client.createRun({ experimentId, name: SPECIAL });
      await client.getRun(runId);
      await client.logFeedback(traceId, { name: SPECIAL, value: true });
      client.close();

      expect(code).to.equal(SUCCESS);
      expect(tags['key a:b/c']).to.equal(SPECIAL);
    }
    const requests = await gateway.requests();
    expect(requests.filter(({ verified }) => !verified)).to.deep.equal([]);
    // Some services read a plus sign as a space, others do not.
    expect(requests.filter(({ target }) => target.includes('+'))).to.deep.equal([]);
    expect(new Set(requests.map(({ arn }) => arn))).to.deep.equal(new Set([gateway.serverArn, gateway.appArn]));
  });

  it('use new keys of a provider in mid-run, also for bodies of megabytes', async () => {
    let key = makeKey({ isTemporary: true });
    await gateway.setKeys([key]);
    const diag = collectDiag();
    const exporter = new MlflowSpanExporter({
      trackingUri: gateway.serverArn,
      experimentName: uniqueName('rotation'),
      credentials: async () => credentialsOf(key),
    });
    const codes = [];
    for (let round = 0; round < 3; round++) {
      // Random text stays long even if it is compressed.
      const { code } = await exportSpans(exporter, spanWith(randomBytes(2_000_000).toString('base64')));
      codes.push(code);
      key = makeKey({ isTemporary: true });
      await gateway.setKeys([key]);
    }
    await exporter.shutdown();
    diag.stop();

    expect({ codes, lines: diag.lines }).to.deep.equal({ codes: [SUCCESS, SUCCESS, SUCCESS], lines: [] });
    const requests = await gateway.requests();
    expect(requests.filter(({ verified }) => !verified).map(({ refusal }) => refusal)).to.deep.equal([
      'UnrecognizedClientException',
      'UnrecognizedClientException',
    ]);
    expect(Math.max(...requests.map(({ bodyBytes }) => bodyBytes))).to.be.greaterThan(2_000_000);
  });

  const refusals: [string, { key?: () => AwsKey; answers?: () => GatewayAnswer[] }][] = [
    ['a wrong secret', { key: () => ({ ...gateway.key, secret: makeKey().secret }) }],
    ['an unknown key', { key: () => makeKey({ isTemporary: true }) }],
    ['a missing permission', { answers: () => [denies('GetExperimentByName', gateway.serverArn)] }],
    ['a stopped server', { answers: () => [serverStopped(gateway.serverArn)] }],
    ['a refusal that quotes the request', { key: () => TEMPORARY, answers: () => [QUOTING] }],
  ];
  for (const [cause, { key: keyOf = () => gateway.key, answers = () => [] }] of refusals) {
    it(`are not repeated after ${cause}, and one line without secrets says what to do`, async () => {
      const key = keyOf();
      await gateway.setAnswers(answers());

      const { error, lines } = await exportOnce({ credentials: credentialsOf(key) });

      const requests = await gateway.requests();
      expect(requests).to.have.length(1);
      expect(lines, lines.join('\n')).to.have.length(1);
      expectNoSecrets([...lines, `${error?.stack}`, JSON.stringify(error)], key);
    });
  }

  it('to S3 are not repeated after a refusal that quotes the request, and no line has secrets', async () => {
    const experimentName = uniqueName('in S3');
    const location = { name: experimentName, artifact_location: 's3://traces/a b+c/Köln' };
    const url = `${(await testServer()).url}/api/2.0/mlflow/experiments/create`;
    const headers = { 'content-type': 'application/json' };
    await fetch(url, { method: 'POST', headers, body: JSON.stringify(location) });
    await gateway.setAnswers([withoutOtlp(404), { ...QUOTING, service: 's3' }]);

    const { code, error, lines } = await exportOnce({ credentials: credentialsOf(TEMPORARY), experimentName });

    expect(code).to.equal(FAILED);
    expect((await gateway.s3.requests()).map(({ method, verified }) => [method, verified])).to.deep.equal([
      ['PUT', true],
    ]);
    expect(lines.filter((line) => line.includes('S3'))).to.have.length(1);
    expectNoSecrets([...lines, `${error?.stack}`, JSON.stringify(error)], TEMPORARY);
  });
});

/** A signature that is not redacted, and a line of a canonical request. */
const OF_SIGNING = /Signature=(?!\[redacted\])|x-amz-\w+:|canonical|string-to-sign/i;

function expectNoSecrets(texts: readonly string[], { id, secret, token = id }: AwsKey): void {
  for (const text of texts) {
    expect(text).to.not.match(OF_SIGNING);
    for (const part of [id, secret, token, token.slice(0, 24), secret.slice(0, 12)]) expect(text).to.not.include(part);
  }
}
