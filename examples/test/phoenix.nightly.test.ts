/** Application → Collector → MLflow and Phoenix, another OTLP backend. The test reads both through their APIs. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { startForwarder } from 'testing/collector.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { buildOtelcol, startOtelcol, whyNoOtelcol } from 'testing/otelcol.js';
import { type Phoenix, type PhoenixSpan, startPhoenix } from 'testing/phoenix.js';
import { type Application, runOneAgent, SPANS_PER_RUN, wholeTrace } from './support/one-agent.js';

describe('MLflow and Phoenix behind a Collector', () => {
  const closing: (() => Promise<void> | void)[] = [];
  const log = (line: string): void => console.log(`    ${line}`);
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('have the same trace', async function () {
    this.timeout(900_000);
    const [{ url: trackingUri }, phoenix] = await Promise.all([testServer(), startPhoenix(log)]);
    closing.push(phoenix.close);
    const client = new MlflowClient({ trackingUri });
    closing.push(() => client.close());
    const simulator = await startSimulator();
    closing.push(() => simulator.close());
    const experimentId = await client.createExperiment(`phoenix ${randomUUID()}`);
    const path = await startPath(trackingUri, experimentId, phoenix);

    const [traceId = ''] = await runOneAgent({ ...path, bedrock: simulator.url });

    const { spans } = await wholeTrace(trackingUri, traceId);
    const inPhoenix = await wholeIn(phoenix, traceId);
    const ofMlflow = spans.map(({ name, spanId, parentSpanId = null }) => ({ name, spanId, parentSpanId }));
    expect(
      inPhoenix.map(({ name, context, parent_id }) => ({ name, spanId: context.span_id, parentSpanId: parent_id })),
    ).to.have.deep.members(ofMlflow);
    const tokens = (name: string): unknown[] => inPhoenix.map(({ attributes }) => attributes[name]).filter(Boolean);
    expect(tokens('gen_ai.usage.input_tokens')).to.deep.equal([10, 10]);
    // Phoenix makes these of the attributes of the conventions, and shows them as a conversation with tokens.
    const [chat] = inPhoenix.filter(({ name }) => name.startsWith('chat '));
    expect(chat?.attributes).to.include({
      'llm.model_name': 'amazon.nova-lite-v1:0',
      'llm.token_count.prompt': 10,
      'llm.input_messages.0.message.role': 'system',
      'llm.input_messages.1.message.role': 'user',
      'llm.output_messages.0.message.role': 'assistant',
    });
    const kinds = inPhoenix.map(({ span_kind }) => span_kind);
    expect(kinds).to.have.members(['AGENT', 'LLM', 'LLM', 'TOOL']);
  });

  /** Starts the OpenTelemetry Collector if Go can build it, else one rotel for each backend. */
  async function startPath(
    trackingUri: string,
    experimentId: string,
    phoenix: Phoenix,
  ): Promise<Omit<Application, 'bedrock'>> {
    const reason = await whyNoOtelcol();
    if (reason === undefined) {
      await buildOtelcol(log);
      const collector = await startOtelcol(['config.yaml'], {
        MLFLOW_TRACKING_URI: trackingUri,
        MLFLOW_EXPERIMENT_ID: experimentId,
        OTLP_BACKEND_ENDPOINT: phoenix.url,
      });
      closing.push(collector.close);
      return { tracing: 'byOtlp', target: collector.url };
    }
    log(`With rotel in its place: ${reason}`);
    const toMlflow = await startForwarder({ url: trackingUri, headers: { 'x-mlflow-experiment-id': experimentId } });
    closing.push(toMlflow.close);
    const toPhoenix = await startForwarder(phoenix);
    closing.push(toPhoenix.close);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: toPhoenix.url };
    return { tracing: 'toCollector', target: toMlflow.url, env };
  }
});

async function wholeIn(phoenix: Phoenix, traceId: string): Promise<PhoenixSpan[]> {
  for (;;) {
    const spans = await phoenix.spansOf(traceId.replace('tr-', ''));
    if (spans.length >= SPANS_PER_RUN) return spans;
    await delay(200);
  }
}
