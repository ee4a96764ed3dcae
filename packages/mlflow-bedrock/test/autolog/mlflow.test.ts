import { randomUUID } from 'node:crypto';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { CurrentTraceProcessor } from '../../src/current-trace/current-trace.js';
import {
  getLastActiveTraceId,
  MlflowClient,
  MlflowSpanExporter,
  setActiveRun,
  traced,
  updateCurrentTrace,
} from '../../src/index.js';
import { type Recording, recordSpans } from '../support/spans.js';

describe('a traced agent in MLflow', () => {
  let client: MlflowClient;
  let trackingUri: string;
  let recording: Recording | undefined;
  before(async function () {
    this.timeout(300_000);
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
  });
  afterEach(async () => {
    setActiveRun(undefined);
    await recording?.stop();
  });
  after(() => client.close());

  it('is one trace with its tree, types, inputs, outputs, errors, session, user, tags and run', async () => {
    const experimentName = `traced-${randomUUID()}`;
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const run = await client.createRun({ experimentId, name: 'nightly' });
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName });
    recording = recordSpans(new CurrentTraceProcessor(), new SimpleSpanProcessor(exporter));
    setActiveRun(run.runId);

    const getWeather = traced({ name: 'get_weather', spanType: 'TOOL' }, async (city: string) => {
      updateCurrentTrace({ sessionId: 'session-7', userId: 'ada', tags: { team: 'travel' } });
      return { city, sky: 'clear' };
    });
    const book = traced({ name: 'book', spanType: 'TOOL' }, (city: string) => {
      throw new RangeError(`no room in ${city}`);
    });
    const answer = traced({ name: 'answer', spanType: 'PARSER' }, function* () {
      yield 'It is ';
      yield 'clear.';
    });
    const agent = traced({ name: 'travel agent', spanType: 'AGENT' }, async (question: string) => {
      await getWeather('Paris');
      try {
        book('Paris');
      } catch {
        // The agent answers without a room.
      }
      updateCurrentTrace({
        clientRequestId: 'req-42',
        metadata: { release: '1.2.3' },
        responsePreview: 'clear, no room',
      });
      return { question, text: [...answer()].join('') };
    });
    await agent('How is Paris?');
    await recording.stop();

    const { info, spans } = await client.getTrace(getLastActiveTraceId() ?? 'none');
    expect(info).to.deep.include({
      name: 'travel agent',
      state: 'OK',
      sessionId: 'session-7',
      userId: 'ada',
      runId: run.runId,
      clientRequestId: 'req-42',
      responsePreview: 'clear, no room',
    });
    expect(info.requestPreview).to.include('How is Paris?');
    expect(info.tags).to.include({ team: 'travel' });
    expect(info.metadata).to.include({ release: '1.2.3', 'mlflow.trace.session': 'session-7' });

    const byName = Object.fromEntries(spans.map((span) => [span.name, span]));
    const root = byName['travel agent'];
    expect(Object.keys(byName)).to.have.members(['travel agent', 'get_weather', 'book', 'answer']);
    expect(root).to.deep.include({
      type: 'AGENT',
      inputs: { question: 'How is Paris?' },
      outputs: { question: 'How is Paris?', text: 'It is clear.' },
    });
    for (const name of ['get_weather', 'book', 'answer']) expect(byName[name]?.parentSpanId).to.equal(root?.spanId);
    expect(byName['get_weather']).to.deep.include({
      type: 'TOOL',
      inputs: { city: 'Paris' },
      outputs: { city: 'Paris', sky: 'clear' },
    });
    expect(byName['book']).to.deep.include({
      type: 'TOOL',
      inputs: { city: 'Paris' },
      ok: false,
      statusMessage: 'RangeError: no room in Paris',
    });
    expect(byName['answer']).to.deep.include({ type: 'PARSER', outputs: ['It is ', 'clear.'] });
  });

  it('has the state and the logged model that updateCurrentTrace() set', async () => {
    const experimentName = `judged-${randomUUID()}`;
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName });
    recording = recordSpans(new CurrentTraceProcessor(), new SimpleSpanProcessor(exporter));
    traced('refused', () => updateCurrentTrace({ state: 'ERROR', modelId: 'm-refuses' }))();
    const recovered = traced('recovered', () => {
      traced('inside', () => updateCurrentTrace({ state: 'OK' }))();
      throw new Error('handled by the caller');
    });
    expect(recovered).to.throw('handled by the caller');
    await recording.stop();

    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const search = { experimentIds: [experimentId], orderBy: ['timestamp_ms ASC'] };
    const { traces } = await client.searchTraces(search);
    expect(traces.map(({ name, state }) => `${name} ${state}`)).to.have.members(['refused ERROR', 'recovered OK']);
    // As Python's mlflow.search_traces(model_id=…) searches.
    const ofModel = await client.searchTraces({ ...search, filter: "request_metadata.`mlflow.modelId` = 'm-refuses'" });
    expect(ofModel.traces.map(({ name }) => name)).to.deep.equal(['refused']);
  });

  for (const last of ['caller', 'called'] as const) {
    it(`has the session that the called service set when the ${last} service sends last`, async () => {
      const experimentName = `two-services-${randomUUID()}`;
      const exporter = () => new SimpleSpanProcessor(new MlflowSpanExporter({ trackingUri, experimentName }));
      const caller = new NodeTracerProvider({ spanProcessors: [exporter()] });
      recording = recordSpans(new CurrentTraceProcessor(), exporter());
      const root = caller.getTracer('caller').startSpan('caller');

      const parent = trace.setSpanContext(ROOT_CONTEXT, { ...root.spanContext(), isRemote: true });
      const callCalled = async () => {
        const handle = traced('called', () => updateCurrentTrace({ sessionId: 'session-7', userId: 'ada' }));
        context.with(parent, handle);
        await recording?.stop();
      };
      const endCaller = async () => {
        root.end();
        await caller.shutdown();
      };
      for (const step of last === 'caller' ? [callCalled, endCaller] : [endCaller, callCalled]) await step();

      const { info } = await client.getTrace(root.spanContext().traceId);
      expect(info).to.include({ name: 'caller', sessionId: 'session-7', userId: 'ada' });
    });
  }
});
