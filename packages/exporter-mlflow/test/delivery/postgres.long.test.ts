import { type Attributes, context, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { startWithoutOtlp } from 'testing/old-mlflow.js';
import { startTopology, type Topology } from 'testing/topology.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { chatAttributes, childSpan, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const ZERO = 'a\0b';
const REPLACED = 'a\uFFFDb';

describe('MLflow on PostgreSQL and an S3-compatible store', () => {
  let server: Topology;
  let client: MlflowClient;
  let exporter: MlflowSpanExporter;
  let experimentName: string;
  let log: ReturnType<typeof collectDiag>;

  before(async function () {
    // The Python package has no PostgreSQL for Windows.
    if (process.platform === 'win32') return this.skip();
    this.timeout(300_000);
    server = await startTopology({ log: (line) => console.log(`    ${line}`) });
    client = new MlflowClient({ trackingUri: server.url });
  });
  after(async () => {
    client?.close();
    await server?.close();
  });
  beforeEach(() => {
    log = collectDiag();
    experimentName = uniqueName('postgres');
    exporter = new MlflowSpanExporter({ trackingUri: server.url, experimentName });
  });
  afterEach(async () => {
    await exporter.shutdown();
    log.stop();
  });

  /** Exports spans in these batches and reads their trace back. */
  async function roundTrip(...batches: ReadableSpan[][]): ReturnType<MlflowClient['getTrace']> {
    for (const batch of batches) {
      const { code, error } = await exportSpans(exporter, batch);
      expect(code, error?.message).to.equal(SUCCESS);
    }
    expect(log.lines).to.deep.equal([]);
    return client.getTrace(batches[0]![0]!.spanContext().traceId);
  }

  const rootWith = (attributes: Attributes, name = 'root'): ReadableSpan[] =>
    recordSpans((tracer) => tracer.startSpan(name, { attributes }).end());

  it('has a trace with everything', async () => {
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const { runId } = await client.createRun({ experimentId });
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('plan a trip', {
        attributes: {
          'mlflow.spanType': 'AGENT',
          'mlflow.traceTag.team': 'travel',
          'mlflow.traceMetadata.release': '1.2.3',
          'mlflow.clientRequestId': 'req-42',
          'mlflow.sourceRun': runId,
          'mlflow.modelId': 'm-1',
          'mlflow.linkedPrompts': '[{"name":"planner","version":"3"}]',
          'session.id': 's-1',
          'user.id': 'ada',
        },
      });
      childSpan(tracer, root, 'chat', chatAttributes('Weather in Paris?', 'Sunny. 😀'));
      root.end();
    });
    const { info } = await roundTrip(spans);
    expect(info).to.deep.include({
      name: 'plan a trip',
      state: 'OK',
      requestPreview: 'Weather in Paris?',
      responsePreview: 'Sunny. 😀',
      clientRequestId: 'req-42',
      sessionId: 's-1',
      userId: 'ada',
      runId,
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
    expect(info.cost?.totalCost).to.be.closeTo((10 * 3 + 5 * 15) / 1e6, 1e-9);
    expect(info.tags).to.deep.include({ team: 'travel' });
    expect(info.metadata).to.deep.include({ release: '1.2.3', 'mlflow.modelId': 'm-1' });
    for (const filter of [`metadata.\`mlflow.sourceRun\` = '${runId}'`, 'prompt = "planner/3"']) {
      const { traces } = await client.searchTraces({ experimentIds: [experimentId], filter });
      expect(
        traces.map(({ traceId }) => traceId),
        filter,
      ).to.deep.equal([info.traceId]);
    }
  });

  it('keeps a trace without OTLP in the store itself, where page and client find its spans', async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = server.mlflowEnv;
    const endpoint = server.mlflowEnv['MLFLOW_S3_ENDPOINT_URL'] ?? '';
    // As the experiments of a server with --no-serve-artifacts. Only its creator can choose the location.
    const response = await fetch(`${server.url}/api/2.0/mlflow/experiments/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: experimentName, artifact_location: "s3://mlflow/direct a+b/Köln's (1)" }),
    });
    expect(response.status).to.equal(200);
    const old = await startWithoutOtlp(server.url);
    const options = { credentials: { accessKeyId, secretAccessKey } };
    const direct = new MlflowSpanExporter({ trackingUri: old.url, experimentName, ...options });
    const reader = new MlflowClient({ trackingUri: server.url, ...options });
    process.env['AWS_ENDPOINT_URL_S3'] = endpoint;
    try {
      const spans = rootWith({ ...chatAttributes('Wetter in Köln?', 'Regen'), 'mlflow.traceTag.team': 'travel' });
      expect((await exportSpans(direct, spans)).code).to.equal(SUCCESS);
      const traceId = `tr-${spans[0]?.spanContext().traceId}`;
      const { info, spans: read } = await reader.getTrace(traceId);
      expect(info.tags['mlflow.artifactLocation']).to.match(/^s3:/);
      expect(read.map(({ name, type, outputs }) => [name, type, outputs])).to.deep.equal([
        ['root', 'CHAT_MODEL', [{ role: 'assistant', parts: [{ type: 'text', content: 'Regen' }] }]],
      ]);
      const page = await fetch(`${server.url}/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}`);
      expect(((await page.json()) as { spans: unknown[] }).spans).to.have.length(1);
    } finally {
      delete process.env['AWS_ENDPOINT_URL_S3'];
      await direct.shutdown();
      reader.close();
      await old.close();
    }
  });

  it('takes texts longer than its columns, shortened', async () => {
    const long = 'x'.repeat(10_000);
    const key = 'k'.repeat(300);
    const { info, spans } = await roundTrip(
      rootWith({
        'mlflow.spanType': long,
        'mlflow.llm.model': long,
        'mlflow.llm.provider': long,
        'session.id': long,
        'user.id': long,
        'mlflow.clientRequestId': long,
        'mlflow.spanInputs': long,
        'mlflow.spanOutputs': '😀'.repeat(5_000),
        'mlflow.traceTag.mlflow.traceName': long,
        [`mlflow.traceTag.${key}`]: long,
        [`mlflow.traceMetadata.${key}`]: long,
        'mlflow.linkedPrompts': JSON.stringify([{ name: long, version: 1 }]),
        [key]: long,
      }),
    );
    expect(info.name).to.have.length(4096);
    expect(info.clientRequestId).to.have.length(50);
    expect(info.requestPreview).to.have.length(1000);
    expect([...(info.responsePreview ?? '')].length).to.be.within(498, 1000);
    expect(info.sessionId).to.have.length(250);
    // The columns have 8000 characters. MLflow returns the first 250 of metadata and the first 4096 of tags.
    expect(info.userId).to.have.length(250);
    expect(info.tags[`${'k'.repeat(247)}...`]).to.have.length(4096);
    expect(info.metadata[`${'k'.repeat(247)}...`]).to.have.length(250);
    expect(spans[0]?.type).to.have.length(500);
    // Values without a separate column are stored in full.
    expect(spans[0]?.attributes[key]).to.equal(long);
    expect(spans[0]?.inputs).to.equal(long);
  });

  it('takes zero bytes, which PostgreSQL cannot hold, and broken text anywhere', async () => {
    const memory = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ 'service.name': ZERO }),
      spanProcessors: [new SimpleSpanProcessor(memory)],
    });
    const span = provider.getTracer('test').startSpan(ZERO, {
      attributes: {
        'mlflow.spanType': ZERO,
        'mlflow.llm.model': ZERO,
        'mlflow.llm.provider': ZERO,
        'session.id': ZERO,
        'user.id': ZERO,
        'mlflow.clientRequestId': ZERO,
        'mlflow.traceTag.team': ZERO,
        'mlflow.traceMetadata.release': ZERO,
        'mlflow.spanInputs': ZERO,
        'mlflow.spanOutputs': JSON.stringify({ text: ZERO }),
        'app.note': ZERO,
        'app.broken': 'a\uD800b',
        'app.emoji': '👩‍👩‍👧 \u202E مرحبا',
      },
    });
    span.addEvent(ZERO, { note: ZERO });
    span.setStatus({ code: 2, message: ZERO });
    span.end();
    const { info, spans } = await roundTrip(memory.getFinishedSpans());
    expect(info).to.deep.include({
      name: REPLACED,
      state: 'ERROR',
      sessionId: REPLACED,
      userId: REPLACED,
      clientRequestId: REPLACED,
    });
    expect(info.requestPreview).to.equal(REPLACED);
    expect(info.tags).to.deep.include({ team: REPLACED, 'service.name': REPLACED });
    expect(info.metadata).to.deep.include({ release: REPLACED });
    expect(spans[0]).to.deep.include({ name: REPLACED, type: REPLACED, model: REPLACED, inputs: REPLACED });
    expect(spans[0]?.outputs).to.deep.equal({ text: REPLACED });
    expect(spans[0]?.attributes).to.deep.include({
      'app.note': REPLACED,
      'app.broken': REPLACED,
      'app.emoji': '👩‍👩‍👧 \u202E مرحبا',
    });
  });

  it('has one copy of what arrives twice, and counts a call that arrives late', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('agent', { startTime: [1_790_000_000, 0] });
      childSpan(tracer, root, 'early', chatAttributes('q', 'a'));
      root.end([1_790_000_001, 0]);
      const below = trace.setSpan(context.active(), root);
      tracer
        .startSpan('late', { startTime: [1_790_000_000, 5e8], attributes: chatAttributes('q', 'a', [20, 7]) }, below)
        .end([1_790_000_003, 0]);
    });
    const [early, root, late] = spans;
    const { info, spans: stored } = await roundTrip([early!], [early!, root!], [late!], [root!, late!]);
    expect(stored).to.have.length(3);
    expect(info).to.deep.include({
      state: 'OK',
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });
  });

  it('takes a trace of 1,000 spans in batches that are under way at the same time', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('fan out');
      for (let call = 0; call < 999; call++) childSpan(tracer, root, `chat ${call}`, chatAttributes('q', 'a'));
      root.end();
    });
    const results = await Promise.all(
      [spans.slice(750), spans.slice(0, 250), spans.slice(250, 500), spans.slice(500, 750)].map((batch) =>
        exportSpans(exporter, batch),
      ),
    );
    expect(results.map(({ code }) => code)).to.deep.equal([SUCCESS, SUCCESS, SUCCESS, SUCCESS]);
    const { info, spans: stored } = await client.getTrace(spans[0]!.spanContext().traceId);
    expect(new Set(stored.map(({ spanId }) => spanId)).size).to.equal(1000);
    expect(info).to.deep.include({
      name: 'fan out',
      state: 'OK',
      tokenUsage: { inputTokens: 9990, outputTokens: 4995, totalTokens: 14_985 },
    });
    expect(log.lines).to.deep.equal([]);
  });

  it('keeps the spans in the object store when the server has no OTLP, as before MLflow 3.4', async () => {
    const old = await startWithoutOtlp(server.url);
    const oldExporter = new MlflowSpanExporter({ trackingUri: old.url, experimentName });
    try {
      const spans = recordSpans((tracer) => {
        const root = tracer.startSpan('agent', { startTime: [1_790_000_000, 123_456_789] });
        childSpan(tracer, root, 'chat', chatAttributes('Hi\0', '😀'));
        root.end([1_790_000_001, 0]);
      });
      const { code, error } = await exportSpans(oldExporter, spans);
      expect(code, error?.message).to.equal(SUCCESS);
      const traceId = `tr-${spans[0]!.spanContext().traceId}`;
      const { tags } = await client.getTraceInfo(traceId);
      expect(tags['mlflow.artifactLocation']).to.match(/^mlflow-artifacts:/);
      // The server reads the object store for this route, which its user interface uses.
      const answer = await fetch(`${server.url}/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${traceId}`);
      const { spans: stored } = (await answer.json()) as { spans: { name: string; start_time_unix_nano: number }[] };
      expect(stored.map(({ name }) => name)).to.have.members(['agent', 'chat']);
      expect(log.lines).to.have.length(1);
      expect(log.lines[0]).to.match(/^warn: MLflow has no OTLP route here \(404\)/);
    } finally {
      await oldExporter.shutdown();
      await old.close();
    }
  });
});
