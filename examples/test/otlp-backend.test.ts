/** Sends the same spans to MLflow and, unchanged, through a real collector to another OTLP backend. */

import { randomUUID } from 'node:crypto';
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type AttributeValue, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { type Collector, startCollector } from 'testing/collector.js';
import { testServer } from 'testing/mlflow-test-server.js';
import type { ReceivedSpan } from 'testing/otlp-decode.js';
import { startTracing, type Tracing } from './support/tracing.js';

const MESSAGES = [{ role: 'user' as const, content: [{ text: 'What is the capital of France?' }] }];
const CLAUDE_BODY = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
});

describe('an OTLP backend beside MLflow', () => {
  let simulator: Simulator;
  let collector: Collector;
  let tracing: Tracing;
  const made = new InMemorySpanExporter();
  const experimentName = `otlp ${randomUUID()}`;
  before(async function () {
    this.timeout(300_000);
    simulator = await startSimulator();
    collector = await startCollector();
    const { url: trackingUri } = await testServer();
    const others = [new OTLPTraceExporter({ url: `${collector.url}/v1/traces` }), made];
    tracing = startTracing({ trackingUri, experimentName, others });
  });
  after(async () => {
    await tracing?.close();
    await collector?.close();
    await simulator?.close();
  });

  it('receives the spans of the application, and MLflow has the same trace', async () => {
    const client = tracing.client(simulator.url);
    const failing = tracing.client(simulator.endpoint({ scenario: 'throttling' }));
    const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
    const traceId = await trace.getTracer('test').startActiveSpan('agent', async (agent) => {
      await client.send(new ConverseCommand({ modelId, messages: MESSAGES }));
      const { stream } = await client.send(new ConverseStreamCommand({ modelId, messages: MESSAGES }));
      for await (const _event of stream ?? []);
      await client.send(new InvokeModelCommand({ modelId, body: CLAUDE_BODY }));
      const { body } = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body: CLAUDE_BODY }));
      for await (const _event of body ?? []);
      await failing.send(new ConverseCommand({ modelId, messages: MESSAGES })).catch(() => undefined);
      agent.end();
      return agent.spanContext().traceId;
    });
    await tracing.provider.forceFlush();

    const produced = made.getFinishedSpans().map(asReceived);
    expect(produced).to.have.lengthOf(6);
    const received = await collector.received(produced.length);
    expect(sorted(received)).to.deep.equal(sorted(produced));

    const { url: trackingUri } = await testServer();
    const stored = await new MlflowClient({ trackingUri }).getTrace(`tr-${traceId}`);
    expect(stored.spans.map(({ spanId, name }) => ({ spanId, name }))).to.have.deep.members(
      produced.map(({ spanId, name }) => ({ spanId, name })),
    );
  });
});

/** Returns the fields of a span that a backend should receive, in the wire format. */
function asReceived(span: ReadableSpan): ReceivedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? '',
    name: span.name,
    kind: span.kind + 1,
    scope: span.instrumentationScope.name,
    attributes: asPlain(span.attributes),
    events: span.events.map(({ name, attributes = {} }) => ({ name, attributes: asPlain(attributes) })),
    status: { code: span.status.code, message: span.status.message ?? '' },
  };
}

function asPlain(attributes: Readonly<Record<string, AttributeValue | undefined>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function sorted(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  return [...spans].sort((a, b) => a.spanId.localeCompare(b.spanId));
}
