import { context, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { chatAttributes, childSpan, exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

describe('a server without OTLP (MLflow on a file store)', () => {
  let server: MlflowServer;
  before(async function () {
    this.timeout(300_000);
    server = await startMlflow({ fileStore: true });
  });
  after(() => server?.close());

  interface StoredSpan {
    name: string;
    parent_span_id: string | null;
    attributes: Record<string, string>;
  }
  async function storedSpans(traceId: string): Promise<StoredSpan[]> {
    const response = await fetch(`${server.url}/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}`);
    return ((await response.json()) as { spans: StoredSpan[] }).spans;
  }

  it('stores record and spans as artifact, whatever the batches', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('agent', {
        attributes: { 'mlflow.spanType': 'AGENT', 'mlflow.clientRequestId': 'r' },
      });
      const below = trace.setSpan(context.active(), root);
      for (const tokens of [
        [10, 5],
        [20, 7],
      ] as [number, number][]) {
        tracer.startSpan('chat', { attributes: chatAttributes('Hi', 'Hello', tokens) }, below).end();
      }
      root.end();
      tracer.startSpan('late', {}, below).end();
    });
    const log = collectDiag();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url });
    const client = new MlflowClient({ trackingUri: server.url });
    try {
      for (const span of spans) expect((await exportSpans(exporter, [span])).code).to.equal(SUCCESS);
      const traceId = `tr-${spans[0]!.spanContext().traceId}`;
      expect(await client.getTraceInfo(traceId)).to.deep.include({
        name: 'agent',
        state: 'OK',
        clientRequestId: 'r',
        requestPreview: 'Hi',
        tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
      });
      const stored = await storedSpans(traceId);
      expect(stored.map(({ name }) => name)).to.deep.equal(['agent', 'chat', 'chat', 'late']);
      expect(stored[0]).to.deep.include({ parent_span_id: null });
      expect(stored[0]?.attributes).to.deep.include({
        'mlflow.spanType': '"AGENT"',
        'mlflow.traceRequestId': `"${traceId}"`,
      });
      expect(JSON.parse(stored[1]?.attributes['mlflow.chat.tokenUsage'] ?? '')).to.deep.equal({
        input_tokens: 10,
        output_tokens: 5,
        total_tokens: 15,
      });
      expect(log.lines).to.deep.equal([
        'warn: MLflow has no OTLP route here (501), so traces are stored as artifacts, without cost and search by span: use MLflow >= 3.4 on a database.',
        `warn: MLflow at ${server.url} answered 500 to a repeated record, as file stores do: trace ${traceId} has all of its spans, but its tokens, name and times stay those of the first record. Use MLflow >= 3.4 on a database.`,
      ]);
    } finally {
      log.stop();
      client.close();
      await exporter.shutdown();
    }
  });

  it('stores a trace without a root when it is flushed, by its topmost span, and all of its later spans', async () => {
    const spans = recordSpans((tracer) => {
      const request = tracer.startSpan('request');
      const agent = tracer.startSpan('agent', {}, trace.setSpan(context.active(), request));
      childSpan(tracer, agent, 'chat', chatAttributes('Hi', 'Hello'));
      agent.end();
      childSpan(tracer, request, 'late');
      request.end();
    });
    const traceId = `tr-${spans[0]!.spanContext().traceId}`;
    const exporter = new MlflowSpanExporter({ trackingUri: server.url });
    const client = new MlflowClient({ trackingUri: server.url });
    try {
      await exportSpans(exporter, spans.slice(0, 2));
      await exporter.forceFlush();
      expect(await client.getTraceInfo(traceId)).to.deep.include({
        name: 'agent',
        state: 'OK',
        requestPreview: 'Hi',
        tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
      });
      for (const span of spans.slice(2)) await exportSpans(exporter, [span]);
      const stored = await storedSpans(traceId);
      expect(stored.map(({ name }) => name)).to.deep.equal(['request', 'agent', 'chat', 'late']);
    } finally {
      client.close();
      await exporter.shutdown();
    }
  });
});
