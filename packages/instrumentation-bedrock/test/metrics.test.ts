import { ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { collect, createClient, startTracing, type Tracing } from './support/tracing.js';

const MODEL = 'amazon.nova-lite-v1:0';
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
    const client = createClient(simulator.endpoint({ scenario: 'stream', parameters: { chunks: 4 } }));
    const { stream } = await client.send(new ConverseStreamCommand(INPUT));
    const events = await collect(stream);
    client.destroy();
    const metrics = await tracing.metrics();
    const count = (name: string): unknown => (metrics.get(name)?.[0]?.value as { count: number } | undefined)?.count;
    expect(count('gen_ai.client.operation.time_to_first_chunk')).to.equal(1);
    expect(count('gen_ai.client.operation.time_per_output_chunk')).to.equal(events.length - 1);
  });
});
