import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, MlflowError, MlflowSpanExporter } from '../../src/index.js';
import { type Answer, startLocalServer } from '../support/local-server.js';
import { chatAttributes, exportSpans, recordSpans, uniqueName } from '../support/tracing.js';

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

  it('finds no experiment of an unknown name, creates it, and rejects a second creation', async () => {
    const name = uniqueName('new experiment');
    expect(await client.getExperimentByName(name)).to.equal(undefined);
    const id = await client.createExperiment(name);
    expect(await client.getExperimentByName(name)).to.deep.equal({ experimentId: id, name, deleted: false });
    const error = await errorOf(client.createExperiment(name));
    expect(error).to.deep.include({ errorCode: 'RESOURCE_ALREADY_EXISTS', status: 400, name: 'MlflowError' });
  });

  it('explains how to restore a deleted experiment, and restores it', async () => {
    const name = uniqueName('deleted experiment');
    const id = await client.createExperiment(name);
    await client.deleteExperiment(id);
    expect((await client.getExperimentByName(name))?.deleted).to.equal(true);
    const message = `MLflow experiment "${name}" (id ${id}) is deleted: restore it with "mlflow experiments restore --experiment-id ${id}", or choose another with experimentName or MLFLOW_EXPERIMENT_NAME.`;
    expect((await errorOf(client.getOrCreateExperiment(name))).message).to.equal(message);
    expect(await errorOf(client.createExperiment(name))).to.include({ message, errorCode: 'RESOURCE_ALREADY_EXISTS' });
    await client.restoreExperiment(id);
    expect(await client.getOrCreateExperiment(name)).to.deep.equal({ experimentId: id, name, deleted: false });
    const error = await errorOf(client.restoreExperiment('999999'));
    expect(error).to.include({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
  });

  it('finds no traces in an empty experiment', async () => {
    const { experimentId } = await client.getOrCreateExperiment(uniqueName('empty'));
    expect(await client.searchTraces({ experimentIds: [experimentId] })).to.deep.equal({ traces: [] });
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

  it('rejects the id of a trace that does not exist', async () => {
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

  it('returns version and clock of the server', async () => {
    const { version, time } = await client.getServer();
    expect(version).to.match(/^3\.\d+\.\d+$/);
    expect(time?.getTime()).to.be.closeTo(Date.now(), 10_000);
  });

  it('returns an experiment by its id', async () => {
    expect(await client.getExperiment(experimentId)).to.include({ experimentId, deleted: false });
    expect((await errorOf(client.getExperiment('999999'))).errorCode).to.equal('RESOURCE_DOES_NOT_EXIST');
  });

  it('sets and deletes tags', async () => {
    const [, traceId = ''] = traceIds;
    await client.setTraceTag(traceId, 'reviewed', 'yes');
    expect((await client.getTraceInfo(traceId)).tags).to.deep.include({ reviewed: 'yes' });
    await client.deleteTraceTag(traceId, 'reviewed');
    expect((await client.getTraceInfo(traceId)).tags).not.to.have.property('reviewed');
  });

  it('records assessments', async () => {
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

  it('asks to flush first when it changes a trace that the server does not have', async () => {
    const traceId = `tr-${'5e'.repeat(16)}`;
    const calls: Record<string, () => Promise<unknown>> = {
      logFeedback: () => client.logFeedback(traceId.slice('tr-'.length), { name: 'helpful', value: true }),
      logExpectation: () => client.logExpectation(traceId, { name: 'answer', value: 'Four.' }),
      updateAssessment: () => client.updateAssessment(traceId, 'a-none', { value: 1 }),
      setTraceTag: () => client.setTraceTag(traceId, 'reviewed', 'yes'),
      deleteTraceTag: () => client.deleteTraceTag(traceId, 'reviewed'),
      linkPromptsToTrace: () => client.linkPromptsToTrace(traceId, [{ name: 'planner', version: 1 }]),
    };
    for (const [method, call] of Object.entries(calls)) {
      const error = await errorOf(call());
      expect(error, method).to.include({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 });
      expect(error.message, method).to.equal(
        `MLflow has no trace ${traceId}. If this application makes the trace, end it and flush first: await flush() of autolog(), or forceFlush() of the tracer provider. Then repeat the call.`,
      );
    }
  });

  it('keeps the error of a change that is wrong for a trace of the server', async () => {
    const [traceId = ''] = traceIds;
    expect((await errorOf(client.deleteTraceTag(traceId, 'none'))).message).to.contain("No trace tag with key 'none'");
    expect((await errorOf(client.updateAssessment(traceId, 'a-none', { value: 1 }))).message).to.contain('a-none');
  });

  it('lists, changes and deletes assessments', async () => {
    const [, , , traceId = ''] = traceIds;
    const judge = { type: 'LLM_JUDGE', id: 'amazon.nova-pro-v1:0' } as const;
    const feedback = await client.logFeedback(traceId, { name: 'helpful', value: 'no', source: judge });
    const expectation = await client.logExpectation(traceId, { name: 'facts', value: ['one'] });
    const code = await client.logFeedback(traceId, { name: 'length', value: 42 });
    const listed = await client.listAssessments(traceId);
    expect(listed.map(({ name, kind, source: { type } }) => [name, kind, type])).to.have.deep.members([
      ['helpful', 'feedback', 'LLM_JUDGE'],
      ['facts', 'expectation', 'CODE'],
      ['length', 'feedback', 'CODE'],
    ]);

    const changed = await client.updateAssessment(traceId, feedback.assessmentId, {
      name: 'very_helpful',
      value: 'yes',
      rationale: 'on second thoughts',
      metadata: { round: '2' },
    });
    expect(changed).to.deep.include({
      assessmentId: feedback.assessmentId,
      name: 'very_helpful',
      kind: 'feedback',
      value: 'yes',
      source: judge,
      rationale: 'on second thoughts',
    });
    expect(changed.metadata).to.deep.include({ round: '2' });
    const facts = await client.updateAssessment(traceId, expectation.assessmentId, { value: ['one', 'two'] });
    expect(facts).to.deep.include({ name: 'facts', kind: 'expectation', value: ['one', 'two'] });
    expect(await client.updateAssessment(traceId, code.assessmentId, {})).to.deep.include({
      name: 'length',
      value: 42,
    });

    await client.deleteAssessment(traceId, code.assessmentId);
    await client.deleteAssessment(traceId, code.assessmentId);
    expect((await client.listAssessments(traceId)).map(({ value }) => value)).to.have.deep.members([
      'yes',
      ['one', 'two'],
    ]);
    const error = await errorOf(client.updateAssessment(traceId, 'a-none', { value: 1 }));
    expect(error.errorCode).to.equal('RESOURCE_DOES_NOT_EXIST');
  });

  it('records hundreds of parameters, metrics and tags on a run, and numbers that JSON lacks', async () => {
    const { runId } = await client.createRun({ experimentId });
    const named = <T>(prefix: string, count: number, value: (n: number) => T): Record<string, T> =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, value(n)]));
    await client.logBatch(runId, {
      params: named('p', 250, String),
      tags: named('t', 150, String),
      metrics: { ...named('m', 1500, (n) => n), nan: Number.NaN, up: Number.POSITIVE_INFINITY },
      step: 3,
    });
    await client.setRunTags(runId, { t0: 'again' });
    const run = await client.getRun(runId);
    expect(Object.keys(run.params)).to.have.length(250);
    expect(run.params).to.include({ p249: '249' });
    expect(run.tags).to.include({ t0: 'again', t149: '149' });
    expect(run.metrics).to.include({ m1499: 1499 });
    expect(run.metrics['nan']).to.be.NaN;
    // SQLite has no infinity, so MLflow stores the largest number.
    expect(run.metrics['up']).to.be.above(1e300);
  });

  it('links more traces to a run than fit into one request', async () => {
    const sizes: number[] = [];
    const server = await startLocalServer(({ body }) => {
      sizes.push(JSON.parse(body.toString()).trace_ids.length);
      return undefined;
    });
    const counting = new MlflowClient({ trackingUri: server.url });
    try {
      await counting.linkTracesToRun(
        'r',
        Array.from({ length: 250 }, (_, n) => `tr-${n}`),
      );
      expect(sizes).to.deep.equal([100, 100, 50]);
    } finally {
      counting.close();
      await server.close();
    }
  });

  it('records parameters, metrics and the end of a run, and links traces to it', async () => {
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

  it('sends requests again after outages, and never creates a second run', async () => {
    const answers: Answer[] = [];
    const server = await startLocalServer(() => answers.shift());
    const flaky = new MlflowClient({ trackingUri: server.url, retry: { initialBackoffMillis: 0 } });
    const run = { run: { info: { run_id: 'r', experiment_id: '1', status: 'RUNNING' } } };
    try {
      answers.push({ status: 500 }, { status: 200, body: JSON.stringify(run) });
      expect((await flaky.getRun('r')).runId).to.equal('r');

      answers.push({ status: 500 });
      expect((await errorOf(flaky.createRun({ experimentId: '1' }))).status).to.equal(500);

      // A server that is too busy has not created the run.
      answers.push({ status: 503 }, { status: 200, body: JSON.stringify(run) });
      expect((await flaky.createRun({ experimentId: '1' })).runId).to.equal('r');
      expect(server.requests).to.have.length(5);
    } finally {
      flaky.close();
      await server.close();
    }
  });

  it('throws at once for a setting that cannot work', () => {
    expect(() => new MlflowClient({ trackingUri: 'sqlite:///mlflow.db' })).to.throw(
      MlflowError,
      'MLflow tracking URI "sqlite:…" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.',
    );
  });
});
