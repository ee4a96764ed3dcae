import { basename } from 'node:path';
import { SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../../src/index.js';
import { chatAttributes, childSpan, MODEL, startTracing, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

describe('a trace in MLflow', () => {
  const mlflow = useMlflow();

  it('has everything that the application recorded about it', async () => {
    const experimentName = uniqueName('whole-trace');
    const { experimentId } = await mlflow.client.getOrCreateExperiment(experimentName);
    const run = await mlflow.client.createRun({ experimentId, name: 'nightly' });
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, experimentName, runId: run.runId });
    const { tracer, shutdown } = startTracing(exporter);

    const root = tracer.startSpan('plan a trip', {
      attributes: {
        'mlflow.spanType': 'AGENT',
        'mlflow.traceTag.team': 'travel',
        'mlflow.traceMetadata.release': '1.2.3',
        'mlflow.clientRequestId': 'req-42',
        'user.id': 'ada',
      },
    });
    childSpan(tracer, root, 'chat 1', {
      ...chatAttributes('Weather in Paris?', 'Let me look.'),
      'session.id': 'session-7',
    });
    childSpan(tracer, root, 'get_weather', { 'gen_ai.operation.name': 'execute_tool' });
    childSpan(tracer, root, 'chat 2', chatAttributes('Thanks. So?', 'It is sunny.', [20, 7]));
    root.end();
    await shutdown();

    const { info, spans } = await mlflow.client.getTrace(root.spanContext().traceId);
    expect(info).to.deep.include({
      traceId: `tr-${root.spanContext().traceId}`,
      experimentId,
      name: 'plan a trip',
      state: 'OK',
      requestPreview: 'Weather in Paris?',
      responsePreview: 'It is sunny.',
      clientRequestId: 'req-42',
      sessionId: 'session-7',
      userId: 'ada',
      runId: run.runId,
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });
    // The prices of the model: 3 and 15 dollars per million tokens.
    expect(info.cost?.totalCost).to.be.closeTo((30 * 3 + 12 * 15) / 1e6, 1e-9);
    expect(info.tags).to.deep.include({ team: 'travel', 'service.name': 'exporter-test' });
    expect(info.metadata).to.deep.include({
      release: '1.2.3',
      'mlflow.trace_schema.version': '3',
      'mlflow.source.type': 'LOCAL',
    });
    expect(info.metadata['mlflow.source.name']).to.equal(basename(process.argv[1] ?? ''));
    expect(info.metadata['mlflow.user']).to.be.a('string');

    expect(spans.map(({ name, type }) => [name, type])).to.deep.equal([
      ['plan a trip', 'AGENT'],
      ['chat 1', 'CHAT_MODEL'],
      ['get_weather', 'TOOL'],
      ['chat 2', 'CHAT_MODEL'],
    ]);
    const [first, second] = spans;
    expect(second?.parentSpanId).to.equal(first?.spanId);
    expect(second).to.deep.include({
      model: MODEL,
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
    const { traces } = await mlflow.client.searchTraces({
      experimentIds: [experimentId],
      filter: `metadata.\`mlflow.sourceRun\` = '${run.runId}'`,
    });
    expect(traces.map(({ traceId }) => traceId)).to.deep.equal([info.traceId]);
  });

  it('is an error with its message if the root failed', async () => {
    const exporter = new MlflowSpanExporter({
      trackingUri: mlflow.trackingUri,
      experimentName: uniqueName('failed-trace'),
    });
    const { tracer, shutdown } = startTracing(exporter);
    const root = tracer.startSpan('chat', { attributes: chatAttributes('Hi', '') });
    root.recordException(new Error('too many requests'));
    root.setStatus({ code: SpanStatusCode.ERROR, message: 'ThrottlingException: too many requests' });
    root.end();
    await shutdown();

    const { info, spans } = await mlflow.client.getTrace(root.spanContext().traceId);
    expect(info.state).to.equal('ERROR');
    expect(spans[0]).to.deep.include({ ok: false, statusMessage: 'ThrottlingException: too many requests' });
    expect(spans[0]?.events.map(({ name }) => name)).to.deep.equal(['exception']);
  });

  it('keeps its times to the millisecond, and those of its spans to the nanosecond', async () => {
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, experimentName: uniqueName('times') });
    const { tracer, shutdown } = startTracing(exporter);
    const root = tracer.startSpan('timed', { startTime: [1_790_000_000, 123_456_789] });
    root.end([1_790_000_002, 623_456_789]);
    await shutdown();

    const { info, spans } = await mlflow.client.getTrace(root.spanContext().traceId);
    expect(info.requestTime.toISOString()).to.equal('2026-09-21T14:13:20.123Z');
    expect(info.durationMillis).to.equal(2500);
    expect(spans[0]?.startTimeUnixNano).to.equal(1_790_000_000_123_456_789n);
    expect(spans[0]?.endTimeUnixNano).to.equal(1_790_000_002_623_456_789n);
  });

  it('has its name and its run even if only spans are sent', async () => {
    const experimentName = uniqueName('otlp-only');
    const { experimentId } = await mlflow.client.getOrCreateExperiment(experimentName);
    const { runId } = await mlflow.client.createRun({ experimentId });
    const exporter = new MlflowSpanExporter({
      trackingUri: mlflow.trackingUri,
      experimentName,
      runId,
      traceInfo: 'otlp-only',
    });
    const { tracer, shutdown } = startTracing(exporter);
    const root = tracer.startSpan('lean', { attributes: chatAttributes('Hi', 'Hello') });
    root.end();
    await shutdown();

    const { info } = await mlflow.client.getTrace(root.spanContext().traceId);
    expect(info).to.deep.include({ name: 'lean', state: 'OK' });
    expect(info.metadata).not.to.have.property('mlflow.user');
    const { traces } = await mlflow.client.searchTraces({
      experimentIds: [experimentId],
      filter: `metadata.\`mlflow.sourceRun\` = '${runId}'`,
    });
    expect(traces.map(({ traceId }) => traceId)).to.deep.equal([info.traceId]);
  });
});
