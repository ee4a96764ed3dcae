/** deploy/collector, run by a real OpenTelemetry Collector: application → Collector → MLflow and another backend. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attributes } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { codeBlocks } from 'testing/markdown.js';
import { startMlflow } from 'testing/mlflow/server.js';
import { testServer } from 'testing/mlflow-test-server.js';
import {
  buildOtelcol,
  type CollectorConfigs,
  type Otelcol,
  startOtelcol,
  validateConfig,
  whyNoOtelcol,
} from 'testing/otelcol.js';
import { type OtlpReceiver, startOtlpReceiver } from 'testing/otlp-receiver.js';
import { outline } from './run-example.js';
import { type Application, runOneAgent, SPANS_PER_RUN, wholeTrace } from './support/one-agent.js';
import { sendSpan } from './support/send-span.js';
import { startUnreliable } from './support/unreliable-backend.js';

const VARIANTS: readonly CollectorConfigs[] = [
  ['config.yaml'],
  ['config.yaml', 'redaction.yaml'],
  ['config.yaml', 'tail-sampling.yaml'],
  ['config.yaml', 'redaction.yaml', 'tail-sampling.yaml'],
];
const MEMORY_QUEUE = join(import.meta.dirname, 'support/memory-queue.yaml');

describe('the Collector of deploy/collector', function () {
  this.timeout(120_000);
  let trackingUri: string;
  let simulator: Simulator;
  let client: MlflowClient;
  const closing: (() => Promise<void> | void)[] = [];

  before(async function () {
    // The first build takes minutes.
    this.timeout(900_000);
    const reason = await whyNoOtelcol();
    if (reason !== undefined) {
      console.log(`    Skipped: ${reason}`);
      return this.skip();
    }
    await buildOtelcol((line) => console.log(`    ${line}`));
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
    simulator = await startSimulator();
    closing.push(
      () => client.close(),
      () => simulator.close(),
    );
  });
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  interface Path {
    readonly experimentId: string;
    readonly collector: Otelcol;
    readonly backend: OtlpReceiver;
    /** An application that sends to this Collector with OpenTelemetry's own exporter. */
    readonly application: Application;
  }

  async function startPath(configs: CollectorConfigs, settings: NodeJS.ProcessEnv = {}): Promise<Path> {
    const experimentId = await client.createExperiment(`collector ${randomUUID()}`);
    const backend = await startOtlpReceiver();
    closing.push(backend.close);
    const collector = await startOtelcol(configs, {
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_EXPERIMENT_ID: experimentId,
      OTLP_BACKEND_ENDPOINT: backend.url,
      ...settings,
    });
    closing.push(collector.close);
    const application = { tracing: 'byOtlp', target: collector.url, bedrock: simulator.url } as const;
    return { experimentId, collector, backend, application };
  }

  it('accepts each of its files', async () => {
    for (const configs of VARIANTS) await validateConfig(configs, { COLLECTOR_QUEUE_DIRECTORY: import.meta.dirname });
  });

  it('accepts the processor that docs/other-instrumentations.md adds', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/other-instrumentations.md'), 'utf8');
    const [processor = ''] = codeBlocks(page, 'yaml');
    expect(processor).to.match(/^processors:/);
    const folder = await mkdtemp(join(tmpdir(), 'collector-docs-'));
    closing.push(() => rm(folder, { recursive: true }));
    const overlay = join(folder, 'processor.yaml');
    await writeFile(overlay, processor);
    await validateConfig(['config.yaml', overlay], { COLLECTOR_QUEUE_DIRECTORY: folder });
  });

  it('sends a trace with its name to MLflow and to another backend', async () => {
    const { application, experimentId, backend } = await startPath(['config.yaml']);
    const [traceId = ''] = await runOneAgent(application);
    const trace = await wholeTrace(trackingUri, traceId);
    expect(outline(trace)).to.deep.equal([
      'AGENT support agent',
      '  CHAT_MODEL chat amazon.nova-lite-v1:0',
      '  CHAT_MODEL chat amazon.nova-lite-v1:0',
      '  TOOL look_up',
    ]);
    expect(trace.info).to.deep.include({ name: 'support agent', experimentId, state: 'OK', sessionId: 'session-7' });
    const received = await backend.received(SPANS_PER_RUN);
    expect(received.map(({ spanId }) => spanId)).to.have.members(trace.spans.map(({ spanId }) => spanId));
    expect(received.map(({ attributes }) => attributes)).to.satisfy((spans: Record<string, unknown>[]) =>
      spans.every((attributes) => !('mlflow.traceTag.mlflow.traceName' in attributes)),
    );
  });

  it('accepts traces by gRPC', async () => {
    const { application, collector } = await startPath(['config.yaml']);
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const [traceId = ''] = await runOneAgent({ ...application, target: `http://${collector.grpc}`, env });
    const { info } = await wholeTrace(trackingUri, traceId);
    expect(info).to.deep.include({ name: 'support agent', state: 'OK' });
  });

  it('authenticates to an MLflow server that asks for a password', async () => {
    const password = 'correct horse battery';
    const server = await startMlflow({ adminPassword: password });
    closing.push(server.close);
    const basic = Buffer.from(`admin:${password}`).toString('base64');
    const { application } = await startPath(['config.yaml'], {
      MLFLOW_TRACKING_URI: server.url,
      MLFLOW_EXPERIMENT_ID: '0',
      MLFLOW_AUTHORIZATION: `Basic ${basic}`,
    });
    const [traceId = ''] = await runOneAgent(application);
    const { info } = await wholeTrace(server.url, traceId, { username: 'admin', password });
    expect(info.experimentId).to.equal('0');
  });

  it('passes on the parts of a trace that docs/collector.md lists, from both exporters', async () => {
    const { application } = await startPath(['config.yaml']);
    const env = { MLFLOW_EXPERIMENT_NAME: `direct ${randomUUID()}` };
    const [direct = '', ...throughCollector] = [
      await runOneAgent({ ...application, tracing: 'register', target: trackingUri, env }),
      await runOneAgent(application),
      await runOneAgent({ ...application, tracing: 'toCollector' }),
    ].flat();
    const { info } = await wholeTrace(trackingUri, direct);
    const { name, state, sessionId, userId, tokenUsage, cost } = info;
    const same = { name, state, sessionId, userId, tokenUsage, cost };
    expect(info).to.deep.include({
      ...{ name: 'support agent', sessionId: 'session-7', userId: 'ada', clientRequestId: 'request-42' },
      ...{ requestPreview: 'short: nothing', responsePreview: 'answer: nothing' },
    });
    expect(info.metadata).to.include({ release: '1.2.3', 'mlflow.source.name': 'one-agent.ts' });
    expect(info.tags).to.include({ team: 'support' });
    for (const traceId of throughCollector) {
      const { info: other } = await wholeTrace(trackingUri, traceId);
      expect(other).to.deep.include({ ...same, requestPreview: '{"kind":"fine"}' });
      expect(other.responsePreview).to.match(/^"You said:/);
      expect(other.tags).to.include({ team: 'support', release: '1.2.3', clientRequestId: 'request-42' });
      expect(other).not.to.have.property('clientRequestId');
      expect(Object.keys(other.metadata)).to.have.members(
        ['session', 'user', 'tokenUsage', 'cost'].map((key) => `mlflow.trace.${key}`),
      );
    }
  });

  it('removes content but keeps tokens for every backend with redaction.yaml', async () => {
    const secret = `canary-${randomUUID()}`;
    const { application, backend, collector } = await startPath(['config.yaml', 'redaction.yaml']);
    const ids = await runOneAgent({ ...application, env: { SECRET: secret } }, ['fine', 'failing']);
    const traces = await Promise.all(ids.map((id) => wholeTrace(trackingUri, id)));
    const received = await backend.received(2 * SPANS_PER_RUN);
    expect(traces.map(({ info }) => info.state)).to.deep.equal(['OK', 'ERROR']);
    for (const { info, spans } of traces) {
      expect(info.tokenUsage?.inputTokens).to.be.greaterThan(0);
      expect(info.cost?.totalCost).to.be.greaterThan(0);
      expect(info).to.deep.include({ sessionId: 'session-7', name: 'support agent' });
      expect(spans.map(({ type }) => type)).to.have.members(['AGENT', 'CHAT_MODEL', 'CHAT_MODEL', 'TOOL']);
    }
    const failed = traces[1]?.spans.find(({ type }) => type === 'AGENT');
    expect(failed?.events.map(({ attributes }) => attributes)).to.deep.equal([{ 'exception.type': 'Error' }]);
    const there = JSON.stringify([traces, received], (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
    expect(there).not.to.contain('canary');
    expect(await collector.log()).not.to.contain('canary');
  });

  it('passes on this content without redaction.yaml', async () => {
    const { application, backend } = await startPath(['config.yaml']);
    await runOneAgent({ ...application, env: { SECRET: 'canary' } }, ['failing']);
    const places = ['attributes', 'events', 'status'] as const;
    const received = await backend.received(SPANS_PER_RUN);
    for (const place of places) {
      expect(JSON.stringify(received.map((span) => span[place])), place).to.contain('canary');
    }
  });

  it('repairs values for which MLflow would refuse a whole batch', async () => {
    const { experimentId, collector, backend } = await startPath(['config.yaml']);
    const long = 'x'.repeat(8_001);
    const odd: readonly Attributes[] = [
      { text: 'a\u0000\u0000b', 'mlflow.spanOutputs': String.raw`"a\u0000\u0000b\\u0000"` },
      { 'user.id': 'a\u0000b' },
      { 'user.id': long, 'session.id': long, 'gen_ai.conversation.id': long },
      { 'gen_ai.operation.name': '["chat"]' },
      { 'gen_ai.operation.name': ['chat'] },
    ];
    const ids = await Promise.all(odd.map((attributes) => sendSpan(collector, { name: 'odd \u0000', attributes })));
    const traces = await Promise.all(ids.map((id) => wholeTrace(trackingUri, id, { spans: 1 })));
    expect(traces.map(({ info }) => info.experimentId)).to.deep.equal(odd.map(() => experimentId));
    expect(traces[0]?.spans[0]).to.deep.include({ name: 'odd \uFFFD', outputs: 'a\uFFFD\uFFFDb\\u0000' });
    expect(await backend.received(odd.length)).to.have.length(odd.length);
  });

  it('counts queued and refused spans under the names in docs/collector.md', async () => {
    const { collector } = await startPath(['config.yaml'], { MLFLOW_EXPERIMENT_ID: '404404' });
    await sendSpan(collector, { name: 'for nobody', attributes: {} });
    const metrics = async (): Promise<string> => (await fetch(collector.metricsUrl)).text();
    const refused = /^otelcol_exporter_send_failed_spans.*otlp_http\/mlflow.* 1$/m;
    while (!refused.test(await metrics())) await delay(200);
    expect(await metrics()).to.match(/^otelcol_exporter_queue_size.*otlp_http\/mlflow.* 0$/m);
  });

  for (const [queue, overlays, arrives] of [
    ['keeps what waits for MLflow when it is killed', [], ['before', 'after']],
    ['loses what waits for MLflow when it is killed with a queue in memory', [MEMORY_QUEUE], ['after']],
  ] as const) {
    it(queue, async () => {
      const mlflow = await startUnreliable();
      closing.push(mlflow.close);
      const { collector } = await startPath(['config.yaml', ...overlays], { MLFLOW_TRACKING_URI: mlflow.url });
      await sendSpan(collector, { name: 'before', attributes: {} });
      await mlflow.refused();
      await collector.stop();
      mlflow.recover();
      await collector.restart();
      await sendSpan(collector, { name: 'after', attributes: {} });
      expect(await mlflow.received(arrives.length)).to.have.members(arrives);
    });
  }

  it('answers 503 when its queue is full, and keeps what it has accepted', async () => {
    const mlflow = await startUnreliable();
    closing.push(mlflow.close);
    const settings = { MLFLOW_TRACKING_URI: mlflow.url, COLLECTOR_QUEUE_BYTES: '5000' };
    const { collector } = await startPath(['config.yaml'], settings);
    const refusals: string[] = [];
    let accepted = 0;
    while (refusals.length === 0 && accepted < 50) {
      await sendSpan(collector, { name: 'x'.repeat(800), attributes: {} }).then(
        () => (accepted += 1),
        (error: Error) => refusals.push(error.message),
      );
    }
    expect(refusals.join()).to.match(/^503 .*queue is full/);
    mlflow.recover();
    expect(await mlflow.received(accepted)).to.have.length(accepted);
  });

  it('keeps failed, slow and expensive traces as a whole with tail-sampling.yaml', async () => {
    const { application, experimentId, backend } = await startPath(
      ['config.yaml', 'redaction.yaml', 'tail-sampling.yaml'],
      {
        COLLECTOR_DECISION_WAIT: '10s',
        COLLECTOR_SLOW_MILLIS: '4000',
        COLLECTOR_EXPENSIVE_INPUT_TOKENS: '2000',
        COLLECTOR_SAMPLING_PERCENTAGE: '0',
      },
    );
    const runs = ['fine', 'failing', 'slow', 'long', 'fine'] as const;
    const ids = await runOneAgent({ ...application, env: { SLOW_MILLIS: '4000' } }, runs);
    const kept = ids.filter((_, index) => runs[index] !== 'fine');
    await Promise.all(kept.map((id) => wholeTrace(trackingUri, id)));
    const { traces } = await client.searchTraces({ experimentIds: [experimentId] });
    expect(traces.map(({ traceId }) => traceId)).to.have.members(kept);
    const received = await backend.received(kept.length * SPANS_PER_RUN);
    expect(received.map(({ traceId }) => `tr-${traceId}`)).to.have.members(
      kept.flatMap((id) => Array<string>(SPANS_PER_RUN).fill(id)),
    );
  });
});
