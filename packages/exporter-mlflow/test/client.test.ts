import { expect } from 'chai';
import { testServer } from '../../../scripts/test-support/mlflow.js';
import { MlflowClient, MlflowError, MlflowSpanExporter } from '../src/index.js';
import { type Answer, startLocalServer } from './support/local-server.js';
import { chatAttributes, exportSpans, recordSpans, uniqueName } from './support/tracing.js';

describe('MlflowClient', () => {
  let client: MlflowClient;
  let trackingUri: string;
  let experimentId: string;
  let traceIds: string[];
  before(async function () {
    this.timeout(300_000);
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
    const experimentName = uniqueName('client');
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 5; n++) {
        const attributes = { ...chatAttributes(`question ${n}`, `answer ${n}`), 'mlflow.traceTag.number': String(n) };
        tracer.startSpan(`trace ${n}`, { attributes, startTime: 1_790_000_000_000 + n * 1000 }).end();
      }
    });
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName });
    await exportSpans(exporter, spans);
    await exporter.shutdown();
    ({ experimentId } = await client.getOrCreateExperiment(experimentName));
    traceIds = spans.map((span) => `tr-${span.spanContext().traceId}`);
  });
  after(() => client.close());

  async function errorOf(work: Promise<unknown>): Promise<MlflowError> {
    const error = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(MlflowError);
    return error as MlflowError;
  }

  it('finds no experiment of an unknown name, makes one, and refuses a second', async () => {
    const name = uniqueName('new experiment');
    expect(await client.getExperimentByName(name)).to.equal(undefined);
    const id = await client.createExperiment(name);
    expect(await client.getExperimentByName(name)).to.deep.equal({ experimentId: id, name, deleted: false });
    const error = await errorOf(client.createExperiment(name));
    expect(error).to.deep.include({ errorCode: 'RESOURCE_ALREADY_EXISTS', status: 400, name: 'MlflowError' });
    await client.deleteExperiment(id);
    expect((await client.getExperimentByName(name))?.deleted).to.equal(true);
    expect((await errorOf(client.getOrCreateExperiment(name))).message).to.match(/ is deleted: restore it with /);
  });

  it('gets a trace by the id of MLflow or of OpenTelemetry', async () => {
    const [traceId = ''] = traceIds;
    const { info, spans } = await client.getTrace(traceId);
    expect(info).to.deep.include({
      traceId,
      name: 'trace 0',
      requestPreview: 'question 0',
      responsePreview: 'answer 0',
    });
    expect(spans[0]?.inputs).to.deep.equal([{ role: 'user', parts: [{ type: 'text', content: 'question 0' }] }]);
    expect(spans[0]?.cost?.totalCost).to.be.closeTo((10 * 3 + 5 * 15) / 1e6, 1e-9);
    expect((await client.getTraceInfo(traceId.slice('tr-'.length))).name).to.equal('trace 0');
  });

  it('says that there is no such trace', async () => {
    const error = await errorOf(client.getTrace(`tr-${'0'.repeat(32)}`));
    expect(error).to.deep.include({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
    expect(error.message).to.equal(`Trace with ID tr-${'0'.repeat(32)} is not found.`);
  });

  it('searches with filter, order and pages', async () => {
    const search = { experimentIds: [experimentId], orderBy: ['timestamp_ms ASC'], maxResults: 2 };
    const page = await client.searchTraces(search);
    expect(page.traces.map(({ name }) => name)).to.deep.equal(['trace 0', 'trace 1']);
    expect(page.nextPageToken).to.be.a('string');
    const names: string[] = [];
    for await (const { name } of client.eachTrace(search)) names.push(name);
    expect(names).to.deep.equal(['trace 0', 'trace 1', 'trace 2', 'trace 3', 'trace 4']);
    const filtered = await client.searchTraces({ experimentIds: [experimentId], filter: "tags.number = '3'" });
    expect(filtered.traces.map(({ name }) => name)).to.deep.equal(['trace 3']);
    expect(filtered).not.to.have.property('nextPageToken');
    expect((await errorOf(client.searchTraces({ ...search, filter: 'nonsense' }))).errorCode).to.equal(
      'INVALID_PARAMETER_VALUE',
    );
  });

  it('sets and deletes tags', async () => {
    const [, traceId = ''] = traceIds;
    await client.setTraceTag(traceId, 'reviewed', 'yes');
    expect((await client.getTraceInfo(traceId)).tags).to.deep.include({ reviewed: 'yes' });
    await client.deleteTraceTag(traceId, 'reviewed');
    expect((await client.getTraceInfo(traceId)).tags).not.to.have.property('reviewed');
  });

  it('writes assessments down', async () => {
    const [, , traceId = ''] = traceIds;
    const { spans } = await client.getTrace(traceId);
    const feedback = await client.logFeedback(traceId, {
      name: 'helpful',
      value: 0.9,
      source: { type: 'HUMAN', id: 'ada' },
      rationale: 'short and right',
      spanId: spans[0]!.spanId,
      metadata: { round: '1' },
    });
    expect(feedback).to.deep.include({ name: 'helpful', kind: 'feedback', value: 0.9, rationale: 'short and right' });
    await client.logExpectation(traceId, { name: 'answer', value: 'Four.' });
    await client.logExpectation(traceId, { name: 'facts', value: { sum: 4 } });
    const { assessments } = await client.getTraceInfo(traceId);
    const byName = Object.fromEntries(assessments.map((assessment) => [assessment.name, assessment]));
    expect(byName['helpful']).to.deep.include({
      kind: 'feedback',
      value: 0.9,
      source: { type: 'HUMAN', id: 'ada' },
      spanId: spans[0]!.spanId,
    });
    expect(byName['helpful']?.metadata).to.deep.include({ round: '1' });
    expect(byName['answer']).to.deep.include({ kind: 'expectation', value: 'Four.' });
    expect(byName['facts']?.value).to.deep.equal({ sum: 4 });
  });

  it('runs: parameters, metrics, end, and the traces that belong to them', async () => {
    const run = await client.createRun({ experimentId, name: 'cost check', tags: { team: 'search' } });
    expect(run).to.deep.include({ name: 'cost check', status: 'RUNNING', experimentId });
    await client.logParams(run.runId, { model: 'amazon.nova-lite-v1:0', temperature: 0.2, stream: true });
    await client.logMetrics(run.runId, { input_tokens: 12, cost_usd: 0.000_003 });
    await client.linkTracesToRun(run.runId, traceIds.slice(0, 2));
    await client.endRun(run.runId);
    const ended = await client.getRun(run.runId);
    expect(ended).to.deep.include({
      status: 'FINISHED',
      params: { model: 'amazon.nova-lite-v1:0', temperature: '0.2', stream: 'true' },
      metrics: { input_tokens: 12, cost_usd: 0.000_003 },
    });
    expect(ended.tags).to.deep.include({ team: 'search' });
    expect(ended.endTime).to.be.instanceOf(Date);
    const { traces } = await client.searchTraces({
      experimentIds: [experimentId],
      filter: `metadata.\`mlflow.sourceRun\` = '${run.runId}'`,
    });
    expect(traces.map(({ traceId }) => traceId)).to.have.members(traceIds.slice(0, 2));
    const error = await errorOf(client.logParams(run.runId, { model: 'another' }));
    expect(error.errorCode).to.equal('INVALID_PARAMETER_VALUE');
  });

  it('deletes traces', async () => {
    const [, , , , traceId = ''] = traceIds;
    expect(await client.deleteTraces(experimentId, [traceId])).to.equal(1);
    expect((await errorOf(client.getTrace(traceId))).errorCode).to.equal('RESOURCE_DOES_NOT_EXIST');
  });

  it('repeats what can be repeated, and never makes a second run', async () => {
    const answers: Answer[] = [];
    const server = await startLocalServer(() => answers.shift());
    const flaky = new MlflowClient({ trackingUri: server.url, retry: { initialBackoffMillis: 0 } });
    const run = { run: { info: { run_id: 'r', experiment_id: '1', status: 'RUNNING' } } };
    try {
      answers.push({ status: 500 }, { status: 200, body: JSON.stringify(run) });
      expect((await flaky.getRun('r')).runId).to.equal('r');

      answers.push({ status: 500 });
      expect((await errorOf(flaky.createRun({ experimentId: '1' }))).status).to.equal(500);

      // A server that says it is too busy has not done it.
      answers.push({ status: 503 }, { status: 200, body: JSON.stringify(run) });
      expect((await flaky.createRun({ experimentId: '1' })).runId).to.equal('r');
      expect(server.requests).to.have.length(5);
    } finally {
      flaky.close();
      await server.close();
    }
  });

  it('rejects a setting that cannot work at once', () => {
    expect(() => new MlflowClient({ trackingUri: 'databricks' })).to.throw(
      MlflowError,
      'MLflow tracking URI "databricks" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.',
    );
  });
});
