import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { MlflowClient, type MlflowConnectionConfig, MlflowError, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

describe('an MLflow server with basic authentication', () => {
  const admin = { username: 'admin', password: 'correct horse battery' };
  const reader = { username: 'reader', password: 'may read, not write' };
  const closing: (() => Promise<void> | void)[] = [];
  let server: MlflowServer;
  let log: ReturnType<typeof collectDiag>;
  before(async function () {
    this.timeout(300_000);
    server = await startMlflow({ adminPassword: admin.password, log: (line) => console.log(`    ${line}`) });
    const response = await fetch(`${server.url}/api/2.0/mlflow/users/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: basic(admin) },
      body: JSON.stringify(reader),
    });
    expect(response.status).to.equal(200);
  });
  after(() => server?.close());
  beforeEach(() => {
    log = collectDiag();
  });
  afterEach(async () => {
    log.stop();
    for (const close of closing.splice(0).reverse()) await close();
  });

  function basic({ username, password }: typeof admin): string {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  function newExporter(experimentName: string, config: MlflowConnectionConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, experimentName, ...config });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  function newClient(config: MlflowConnectionConfig): MlflowClient {
    const client = new MlflowClient({ trackingUri: server.url, ...config });
    closing.push(() => client.close());
    return client;
  }
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('span').end());
  const traceIdOf = ([span]: ReadableSpan[]): string => span?.spanContext().traceId ?? '';

  it('takes spans and every call of the client with the right credentials', async () => {
    const experimentName = uniqueName('right');
    const spans = oneSpan();
    expect((await exportSpans(newExporter(experimentName, admin), spans)).code).to.equal(SUCCESS);
    const client = newClient({ headers: async () => ({ Authorization: basic(admin) }) });
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const traceId = traceIdOf(spans);
    expect((await client.getTrace(traceId)).info.name).to.equal('span');
    expect((await client.searchTraces({ experimentIds: [experimentId] })).traces).to.have.length(1);
    await client.setTraceTag(traceId, 'reviewed', 'yes');
    await client.logFeedback(traceId, { name: 'helpful', value: true });
    const run = await client.createRun({ experimentId });
    await client.logParams(run.runId, { model: 'm' });
    await client.linkTracesToRun(run.runId, [traceId]);
    await client.endRun(run.runId);
    expect(await client.deleteTraces(experimentId, [traceId])).to.equal(1);
    expect(log.lines).to.deep.equal([]);
  });

  it('loses nothing when the credentials are wrong at first, and a function gives better ones', async () => {
    const experimentName = uniqueName('wrong-then-right');
    let asked = 0;
    const headers = (): Record<string, string> => {
      asked += 1;
      return { authorization: basic(asked === 1 ? { ...admin, password: 'not the password' } : admin) };
    };
    const spans = oneSpan();
    expect((await exportSpans(newExporter(experimentName, { headers }), spans)).code).to.equal(SUCCESS);
    const { info } = await newClient(admin).getTrace(traceIdOf(spans));
    expect([info.name, log.lines]).to.deep.equal(['span', []]);
  });

  it('causes one line with what to do while the credentials stay wrong', async () => {
    const exporter = newExporter('any', { ...admin, password: 'wr0ng-password' });
    const message = `MLflow at ${server.url} refuses the credentials (401): set username and password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD), or token (MLFLOW_TRACKING_TOKEN).`;
    for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, oneSpan())).error?.message).to.equal(message);
    expect(log.lines).to.deep.equal([`error: ${message} 1 span was not delivered.`]);
    const error = await newClient({ token: 'a token, which this server does not know' })
      .getExperimentByName('any')
      .catch((error: unknown) => error);
    expect(error).to.be.instanceOf(MlflowError).and.to.have.property('message', message);
  });

  it('lets a user without permission read, and reports that writing is not allowed', async () => {
    const experimentName = uniqueName('of-the-admin');
    const { experimentId } = await newClient(admin).getOrCreateExperiment(experimentName);
    const client = newClient(reader);
    expect((await client.getExperimentByName(experimentName))?.experimentId).to.equal(experimentId);
    const { code, error } = await exportSpans(newExporter(experimentName, reader), oneSpan());
    expect(code).not.to.equal(SUCCESS);
    const message = `MLflow at ${server.url} does not allow this (403: Permission denied): check the user's permissions, and --allowed-hosts of the server.`;
    expect(error?.message).to.equal(message);
    expect(log.lines).to.have.length(1);
    const refused = await client.createRun({ experimentId }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(MlflowError).and.to.include({ status: 403 });
    expect((refused as MlflowError).message).to.equal(message.replace(': Permission denied', ''));
  });
});
