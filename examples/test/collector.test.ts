/** Application → collector → MLflow and another OTLP backend. The collector is rotel, which needs no toolchain. */

import { randomUUID } from 'node:crypto';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { startForwarder } from 'testing/collector.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { startOtlpReceiver } from 'testing/otlp-receiver.js';
import { outline } from './run-example.js';
import { runOneAgent, SPANS_PER_RUN, wholeTrace } from './support/one-agent.js';

describe('through a collector', () => {
  const closing: (() => Promise<void> | void)[] = [];
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('a trace arrives in MLflow and in another backend', async function () {
    this.timeout(300_000);
    const { url: trackingUri } = await testServer();
    const client = new MlflowClient({ trackingUri });
    closing.push(() => client.close());
    const experimentId = await client.createExperiment(`collector ${randomUUID()}`);
    const simulator = await startSimulator();
    closing.push(() => simulator.close());
    const backend = await startOtlpReceiver();
    closing.push(backend.close);
    // One collector for each backend, because this collector sends traces to only one.
    const toMlflow = await startForwarder({ url: trackingUri, headers: { 'x-mlflow-experiment-id': experimentId } });
    closing.push(toMlflow.close);
    const toBackend = await startForwarder(backend);
    closing.push(toBackend.close);

    const [traceId = ''] = await runOneAgent({
      tracing: 'toCollector',
      target: toMlflow.url,
      bedrock: simulator.url,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: toBackend.url },
    });

    const trace = await wholeTrace(trackingUri, traceId);
    expect(outline(trace)).to.deep.equal([
      'AGENT support agent',
      '  CHAT_MODEL chat amazon.nova-lite-v1:0',
      '  CHAT_MODEL chat amazon.nova-lite-v1:0',
      '  TOOL look_up',
    ]);
    const { info } = trace;
    expect(info).to.deep.include({ experimentId, state: 'OK', sessionId: 'session-7', userId: 'ada' });
    expect(info.tags).to.include({ team: 'support' });
    expect(info.tokenUsage?.totalTokens).to.be.greaterThan(0);
    expect(info.cost?.totalCost).to.be.greaterThan(0);

    const received = await backend.received(SPANS_PER_RUN);
    expect(received.map(({ spanId, name }) => ({ spanId, name }))).to.have.deep.members(
      trace.spans.map(({ spanId, name }) => ({ spanId, name })),
    );
  });
});
