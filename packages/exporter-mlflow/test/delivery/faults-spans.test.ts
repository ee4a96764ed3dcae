import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { EXPERIMENT, RECORD, UPLOAD } from '../support/fault-proxy.js';
import { releaseScenarios, type Scenario, startScenario } from '../support/scenario.js';
import { chatAttributes, childSpan, FAILED, recordSpans } from '../support/tracing.js';

const MEGABYTE = 1024 * 1024;

const END = /^warn: MLflow takes (?:spans|trace records) again after \d+\.\d s: /;

describe('the exporter, with uncommon spans and settings and a real server', () => {
  let server: string;
  before(async function () {
    this.timeout(300_000);
    server = (await testServer()).url;
  });
  afterEach(releaseScenarios);

  const oneTrace = (name = 'agent'): ReadableSpan[] =>
    recordSpans((tracer) => {
      const root = tracer.startSpan(name);
      childSpan(tracer, root, 'chat', chatAttributes('question', 'answer'));
      root.end();
    });

  it('delivers a span of 20 MB, its answer lost on the way', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('large');
      childSpan(tracer, root, 'chat', {
        ...chatAttributes('q', 'a'),
        'mlflow.spanInputs': 'word '.repeat(4 * MEGABYTE),
      });
      root.end();
    });
    const scenario = await startScenario({
      server,
      rules: [{ route: UPLOAD, fault: { kind: 'reset', when: 'after' } }],
      // Serializing one piece blocks the loop. So do the 20 MB of the test's span and of the last answer to its client.
      blockedMillis: 1500,
      heapMegabytes: 48,
    });
    await scenario.export(spans);
    expect(await inputsLength(scenario, spans[0]!)).to.equal(20 * MEGABYTE);
    await scenario.end();
    expect(scenario.told).to.deep.equal([]);
  });

  // A separate function, so that no variable keeps the answer in memory.
  async function inputsLength({ client }: Scenario, span: ReadableSpan): Promise<number> {
    const { traceId, spanId } = span.spanContext();
    const { spans } = await client.getTrace(traceId);
    return String(spans.find((stored) => stored.spanId === spanId)?.inputs).length;
  }

  it('delivers 10,000 events on one span', async () => {
    const memory = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({
      spanLimits: { eventCountLimit: 10_000 },
      spanProcessors: [new SimpleSpanProcessor(memory)],
    });
    const tracer = provider.getTracer('test');
    const root = tracer.startSpan('stream', { attributes: chatAttributes('q', 'a') });
    for (let n = 0; n < 10_000; n++) root.addEvent('chunk', { n });
    root.end();
    const scenario = await startScenario({
      server,
      rules: [{ route: UPLOAD, fault: { kind: 'reset', when: 'after' } }],
    });
    await scenario.export(memory.getFinishedSpans());
    await scenario.end();
    expect(scenario.told).to.deep.equal([]);
  });

  it('keeps recorded times when the clock steps, and the record agrees with the spans', async () => {
    const at = Math.trunc(Date.now() / 1000) - 3600;
    const [first, backwards, future, root] = recordSpans((tracer) => {
      const agent = tracer.startSpan('clock', { startTime: [at, 0] });
      const below = trace.setSpan(context.active(), agent);
      const child = (name: string, start: number, end: number): void =>
        tracer.startSpan(name, { startTime: [at + start, 0] }, below).end([at + end, 0]);
      child('first', 1, 2);
      // The clock was set back by ten seconds while this span ran.
      child('backwards', 3, -7);
      child('future', 100, 101);
      agent.end([at + 10, 0]);
    });
    const scenario = await startScenario({
      server,
      rules: [UPLOAD, RECORD].map((route) => ({ route, fault: { kind: 'reset', when: 'after' } })),
    });
    await scenario.export([first!, backwards!, future!, root!]);
    const { info, spans } = await scenario.client.getTrace(root!.spanContext().traceId);
    expect(info.requestTime.getTime()).to.equal(at * 1000);
    expect(info.durationMillis).to.equal(10_000);
    expect(spans.every(({ endTimeUnixNano = 0n, startTimeUnixNano }) => endTimeUnixNano >= startTimeUnixNano)).to.equal(
      true,
    );
    await scenario.end();
    expect(scenario.told).to.deep.equal([]);
  });

  it('keeps a root that ends before it starts', async () => {
    const start = Date.now();
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('backwards', { startTime: start });
      childSpan(tracer, root, 'chat', chatAttributes('q', 'a'));
      root.setStatus({ code: SpanStatusCode.ERROR, message: 'late' }).end(start - 5000);
    });
    const scenario = await startScenario({ server });
    await scenario.export(spans);
    const info = await scenario.client.getTraceInfo(spans[0]!.spanContext().traceId);
    expect(info.durationMillis).to.equal(0);
    await scenario.end();
  });

  it('reports wrong credentials, and delivers once they are right', async () => {
    const scenario = await startScenario({
      server,
      rules: [EXPERIMENT, UPLOAD].map((route) => ({ route, fault: { kind: 'answer', status: 401 } })),
    });
    const refused = [oneTrace(), oneTrace()];
    for (const spans of refused) expect((await scenario.export(spans)).code).to.equal(FAILED);
    await scenario.export(oneTrace());
    expect(scenario.told.slice(0, -1)).to.deep.equal([
      `error: MLflow at ${scenario.proxy.url} refuses the credentials (401): set username and password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD), or token (MLFLOW_TRACKING_TOKEN). 2 spans were not delivered.`,
    ]);
    expect(scenario.told.at(-1)).to.match(END);
    await scenario.end(refused);
    expect(scenario.told.slice(2)).to.deep.equal(['warn: MLflow exporter: 4 spans were not delivered in all.']);
  });

  it('delivers again once an experiment that was deleted in between is restored', async () => {
    const scenario = await startScenario({ server });
    await scenario.export(oneTrace('before'));
    const { experimentId } = (await scenario.client.getExperimentByName(scenario.experimentName))!;
    await scenario.client.deleteExperiment(experimentId);
    const meanwhile = oneTrace('meanwhile');
    const result = await scenario.export(meanwhile);
    expect(result.code).to.equal(FAILED);
    expect(result.error?.message).to.match(/ is deleted: restore it with /);
    await restoreExperiment(experimentId);
    await scenario.export(oneTrace('after'));
    expect(scenario.told).to.have.length(2);
    expect(scenario.told[1]).to.match(END);

    // The server stored the spans anyway, so they return with their experiment. Only the record is missing.
    const { traceId } = meanwhile[0]!.spanContext();
    const { info, spans } = await scenario.client.getTrace(traceId);
    expect(spans.map(({ name }) => name)).to.have.members(['meanwhile', 'chat']);
    expect(info).to.deep.include({
      name: '',
      state: 'OK',
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
    await scenario.client.deleteTraces(experimentId, [traceId]);
    await scenario.end([meanwhile]);
  });

  async function restoreExperiment(experimentId: string): Promise<void> {
    const response = await fetch(`${server}/api/2.0/mlflow/experiments/restore`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id: experimentId }),
    });
    await response.text();
    expect(response.status).to.equal(200);
  }
});
