import { ConverseCommand, ConverseStreamCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import type { Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { RecordableFacts } from '../../src/span/facts.js';
import type { CallMeasurements } from '../../src/span/instrument.js';
import { createInstruments } from '../../src/span/metrics.js';
import { collect, createClient, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'amazon.nova-lite-v1:0';
const OPT_IN = 'OTEL_SEMCONV_STABILITY_OPT_IN';
const INPUT = { modelId: MODEL, messages: [{ role: 'user' as const, content: [{ text: 'Hello' }] }] };

describe('metrics', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  afterEach(() => tracing.close());

  it('record tokens and duration of every call, sampled or not', async () => {
    tracing = startTracing({ withMetrics: true, sampler: new AlwaysOffSampler() });
    const client = createClient(simulator.url);
    const { usage } = await client.send(new ConverseCommand(INPUT));
    client.destroy();
    const metrics = await tracing.metrics();
    const tokens = metrics.get('gen_ai.client.token.usage') ?? [];
    const identity = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': MODEL,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(simulator.url).port),
    };
    expect(tokens.map(({ attributes }) => attributes)).to.have.deep.members([
      { ...identity, 'gen_ai.token.type': 'input' },
      { ...identity, 'gen_ai.token.type': 'output' },
    ]);
    expect(tokens.map(({ value }) => (value as { sum: number }).sum)).to.have.members([
      usage?.inputTokens,
      usage?.outputTokens,
    ]);
    expect(metrics.get('gen_ai.client.operation.duration')?.[0]?.attributes).to.deep.equal(identity);
    expect(tracing.spans()).to.have.lengthOf(0);
  });

  it('record failures with error.type and without tokens', async () => {
    tracing = startTracing({ withMetrics: true });
    const client = createClient(simulator.endpoint({ scenario: 'throttling' }));
    await client.send(new ConverseCommand(INPUT)).catch(() => undefined);
    client.destroy();
    const metrics = await tracing.metrics();
    expect(metrics.get('gen_ai.client.operation.duration')?.[0]?.attributes).to.include({
      'error.type': 'ThrottlingException',
    });
    expect(metrics.has('gen_ai.client.token.usage')).to.equal(false);
  });

  it('record the time to the first chunk of a stream and between later chunks', async () => {
    tracing = startTracing({ withMetrics: true });
    const { events, count } = await measureStream(simulator, tracing);
    expect(count('gen_ai.client.operation.time_to_first_chunk')).to.equal(1);
    expect(count('gen_ai.client.operation.time_per_output_chunk')).to.equal(events.length - 1);
  });
});

describe('metrics with OTEL_SEMCONV_STABILITY_OPT_IN', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  afterEach(async () => {
    delete process.env[OPT_IN];
    await tracing.close();
  });

  function start(optIn: string): void {
    process.env[OPT_IN] = optIn;
    tracing = startTracing({ withMetrics: true });
  }

  for (const list of ['', 'http', 'gen_ai', 'gen_ai_latest_experimental_2']) {
    it(`have only the older names if the list is "${list}"`, async () => {
      start(list);
      const client = createClient(simulator.url);
      await client.send(new ConverseCommand(INPUT));
      client.destroy();
      const names = [...(await tracing.metrics()).keys()];
      expect(names).to.have.members(['gen_ai.client.token.usage', 'gen_ai.client.operation.duration']);
    });
  }

  it('have the newer names beside the older ones, for a call', async () => {
    start('http/dup, gen_ai_latest_experimental');
    const client = createClient(simulator.url);
    const { usage } = await client.send(new ConverseCommand(INPUT));
    client.destroy();
    const metrics = await tracing.metrics();
    const identity = metrics.get('gen_ai.client.operation.duration')?.[0]?.attributes;
    const ofUsage = { ...identity, 'gen_ai.token.modality': 'unknown' };
    expect(metrics.get('gen_ai.client.token.usage')).to.have.lengthOf(2);
    expect(metrics.get('gen_ai.client.inference.duration')?.[0]?.attributes).to.deep.equal(identity);
    expect(points(metrics, 'gen_ai.client.inference.usage.input_tokens')).to.deep.equal([
      [usage?.inputTokens, ofUsage],
    ]);
    expect(points(metrics, 'gen_ai.client.inference.usage.output_tokens')).to.deep.equal([
      [usage?.outputTokens, ofUsage],
    ]);
    expect(points(metrics, 'gen_ai.client.inference.operation.input_tokens')).to.deep.equal([
      [usage?.inputTokens, identity],
    ]);
    expect(points(metrics, 'gen_ai.client.inference.operation.output_tokens')).to.deep.equal([
      [usage?.outputTokens, identity],
    ]);
  });

  it('have the newer names for the chunks of a stream', async () => {
    start('gen_ai_latest_experimental');
    const { events, count } = await measureStream(simulator, tracing);
    expect(count('gen_ai.client.inference.time_to_first_chunk')).to.equal(1);
    expect(count('gen_ai.client.inference.time_per_output_chunk')).to.equal(events.length - 1);
  });

  it('have a duration with error.type for a failure, and count no tokens as used', async () => {
    start('gen_ai_latest_experimental');
    const client = createClient(simulator.endpoint({ scenario: 'throttling' }));
    await client.send(new ConverseCommand(INPUT)).catch(() => undefined);
    client.destroy();
    const metrics = await tracing.metrics();
    expect(metrics.get('gen_ai.client.inference.duration')?.[0]?.attributes).to.include({
      'error.type': 'ThrottlingException',
    });
    const ofTokens = [...metrics.keys()].filter((name) => name.includes('tokens'));
    expect(ofTokens.filter((name) => !name.startsWith('gen_ai.client.inference.usage.'))).to.deep.equal([]);
    expect(ofTokens.flatMap((name) => points(metrics, name)).map(([value]) => value)).to.deep.equal([0, 0, 0, 0, 0]);
  });

  it('have names of their own for embeddings', async () => {
    start('gen_ai_latest_experimental');
    const client = createClient(simulator.url);
    const modelId = 'amazon.titan-embed-text-v2:0';
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify({ inputText: 'Hi' }) }));
    client.destroy();
    const metrics = await tracing.metrics();
    expect([...metrics.keys()].filter((name) => name.startsWith('gen_ai.client.inference'))).to.deep.equal([]);
    expect(metrics.get('gen_ai.client.embeddings.duration')).to.have.lengthOf(1);
    expect(metrics.get('gen_ai.client.embeddings.operation.input_tokens')).to.have.lengthOf(1);
  });
});

describe('metrics of the newer conventions', () => {
  const CALL: CallMeasurements = {
    durationSeconds: 2,
    usage: undefined,
    timeToFirstChunkSeconds: undefined,
    isWithinService: false,
  };
  const IDENTITY = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'aws.bedrock' };

  /** Records calls with a real meter provider and returns its data points. */
  async function record(...calls: [Partial<CallMeasurements>, Attributes][]) {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const instruments = createInstruments(provider.getMeter('test'), { withNewer: true });
    for (const [call, facts] of calls) {
      instruments.recordCall({ ...CALL, ...call }, { ...IDENTITY, ...facts } as unknown as RecordableFacts);
    }
    await provider.forceFlush();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    await provider.shutdown();
    return new Map(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints]));
  }

  it('count text and speech apart, and the rest as unknown', async () => {
    const usage = {
      ...{ inputTokens: 30, textInputTokens: 10, audioInputTokens: 18 },
      ...{ outputTokens: 9, textOutputTokens: 4, audioOutputTokens: 5 },
      ...{ cacheReadTokens: 3, cacheWriteTokens: 0, reasoningTokens: 2 },
    };
    const metrics = await record([{ usage }, {}]);
    const usedBy = (name: string): Record<string, unknown> =>
      Object.fromEntries(
        points(metrics, `gen_ai.client.inference.usage.${name}`).map(([value, attributes]) => [
          String(attributes['gen_ai.token.modality']),
          value,
        ]),
      );
    expect(usedBy('input_tokens')).to.deep.equal({ text: 10, audio: 18, unknown: 2 });
    expect(usedBy('output_tokens')).to.deep.equal({ text: 4, audio: 5 });
    expect(usedBy('cache_read.input_tokens')).to.deep.equal({ unknown: 3 });
    expect(usedBy('cache_write.input_tokens')).to.deep.equal({ unknown: 0 });
    expect(usedBy('reasoning.output_tokens')).to.deep.equal({ unknown: 2 });
  });

  it('count the tokens of a failed call as used, but not as tokens of an operation', async () => {
    const metrics = await record([{ usage: { inputTokens: 7 } }, { 'error.type': 'incomplete_stream' }]);
    expect(points(metrics, 'gen_ai.client.inference.usage.input_tokens')).to.deep.equal([
      [7, { ...IDENTITY, 'gen_ai.token.modality': 'unknown' }],
    ]);
    expect(metrics.has('gen_ai.client.inference.operation.input_tokens')).to.equal(false);
  });

  it('count 0 tokens of an unknown modality for an inference whose answer has no count', async () => {
    const metrics = await record([{ usage: undefined }, {}], [{ usage: { inputTokens: 7, textInputTokens: 7 } }, {}]);
    for (const name of ['output_tokens', 'cache_read.input_tokens', 'cache_write.input_tokens']) {
      expect(points(metrics, `gen_ai.client.inference.usage.${name}`), name).to.deep.equal([
        [0, { ...IDENTITY, 'gen_ai.token.modality': 'unknown' }],
      ]);
    }
    expect(points(metrics, 'gen_ai.client.inference.usage.input_tokens')).to.deep.equal([
      [0, { ...IDENTITY, 'gen_ai.token.modality': 'unknown' }],
      [7, { ...IDENTITY, 'gen_ai.token.modality': 'text' }],
    ]);
  });

  const kinds: [string, boolean, Attributes, Attributes][] = [
    [
      'gen_ai.client.invoke_agent.duration',
      false,
      { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.id': 'AGENT12345' },
      { 'gen_ai.conversation.id': 'session-1' },
    ],
    [
      'gen_ai.invoke_agent.duration',
      true,
      { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner' },
      { 'gen_ai.agent.id': 'AGENT12345' },
    ],
    ['gen_ai.invoke_agent.duration', false, { 'gen_ai.operation.name': 'invoke_workflow' }, {}],
    [
      'gen_ai.execute_tool.duration',
      true,
      { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_order', 'gen_ai.tool.type': 'function' },
      { 'gen_ai.tool.call.id': 'call-1' },
    ],
    [
      'gen_ai.retrieval.duration',
      false,
      { 'gen_ai.operation.name': 'retrieval', 'gen_ai.data_source.id': 'KB12345678' },
      { 'gen_ai.conversation.id': 'session-1' },
    ],
  ];
  for (const [name, isWithinService, expected, others] of kinds) {
    const operation = String(expected['gen_ai.operation.name']);
    it(`record ${isWithinService ? 'inner' : 'outer'} ${operation} as ${name}, without ids of single calls`, async () => {
      const metrics = await record([{ isWithinService }, { ...expected, ...others }]);
      expect([...metrics.keys()]).to.have.members(['gen_ai.client.operation.duration', name]);
      expect(points(metrics, name)).to.deep.equal([[2, { ...IDENTITY, ...expected }]]);
      expect(points(metrics, 'gen_ai.client.operation.duration')).to.deep.equal([
        [2, { ...IDENTITY, 'gen_ai.operation.name': operation }],
      ]);
    });
  }
});

type Points = ReadonlyMap<string, readonly { readonly attributes: Record<string, unknown>; readonly value: unknown }[]>;

/** Value and attributes of each data point; of a histogram the sum of its values. */
function points(metrics: Points, name: string): [unknown, Record<string, unknown>][] {
  return (metrics.get(name) ?? []).map(({ value, attributes }) => [
    typeof value === 'object' && value !== null && 'sum' in value ? value.sum : value,
    attributes,
  ]);
}

/** Reads a stream of four chunks of text. `count` returns how many values a metric then has. */
async function measureStream(
  simulator: Simulator,
  tracing: Tracing,
): Promise<{ events: readonly unknown[]; count(name: string): unknown }> {
  const client = createClient(simulator.endpoint({ scenario: 'stream', parameters: { chunks: 4 } }));
  const { stream } = await client.send(new ConverseStreamCommand(INPUT));
  const events = await collect(stream);
  client.destroy();
  const metrics = await tracing.metrics();
  return { events, count: (name) => (metrics.get(name)?.[0]?.value as { count: number } | undefined)?.count };
}
