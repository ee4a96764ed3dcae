/** The trace context on the wire, in the headers that AgentCore passes on to the agent. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BedrockAgentCoreClient,
  InvokeAgentRuntimeCommand,
  type InvokeAgentRuntimeCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { context, propagation, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { type AgentCore, beforeEachAgentCoreTest, createAgentCoreClient, pieces } from '../support/agentcore.js';

const INPUT: InvokeAgentRuntimeCommandInput = {
  agentRuntimeArn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bee_keeper-a1B2c3D4e5',
  payload: '{"prompt":"When do bees swarm?"}',
};
const OWN = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';

describe('the trace context of a call of AgentCore', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
    core.answer(pieces('text/plain', ['Bees swarm.']));
  });

  async function invoke(
    input: Partial<InvokeAgentRuntimeCommandInput> = {},
    client: BedrockAgentCoreClient = core.client,
  ): Promise<Readonly<Record<string, string>>> {
    const sent = Object.freeze({ ...INPUT, ...input });
    const command = new InvokeAgentRuntimeCommand(sent);
    const { response } = await client.send(command);
    await response!.transformToString();
    expect(command.input).to.deep.equal({ ...INPUT, ...input });
    return core.simulator.requests.at(-1)!.headers;
  }

  const ofSpan = (): string => {
    const { traceId, spanId } = core.tracing.spans().at(-1)!.spanContext();
    return `00-${traceId}-${spanId}-01`;
  };

  it('is sent, over both versions of HTTP, and the input of the application stays as it is', async () => {
    for (const client of [core.client, core.http2]) {
      const headers = await invoke({}, client);
      expect(headers['traceparent']).to.equal(ofSpan());
      expect(headers).to.not.have.any.keys('tracestate', 'baggage');
    }
  });

  it('has the baggage and the state of the trace', async () => {
    const tracer = core.tracing.provider.getTracer('test');
    const parent = propagation.extract(context.active(), { traceparent: OWN, tracestate: 'hive=7' });
    const withBaggage = propagation.setBaggage(parent, propagation.createBaggage({ hive: { value: 'seven' } }));
    const headers = await context.with(withBaggage, () =>
      tracer.startActiveSpan('caller', (span) => invoke().finally(() => span.end())),
    );
    expect(headers).to.include({ tracestate: 'hive=7', baggage: 'hive=seven' });
    expect(headers['traceparent']).to.match(/^00-0123456789abcdef0123456789abcdef-[\da-f]{16}-01$/);
  });

  it('is that of the application where the application has set it', async () => {
    const withBaggage = propagation.setBaggage(
      context.active(),
      propagation.createBaggage({ hive: { value: 'seven' } }),
    );
    const parent = propagation.extract(withBaggage, { traceparent: OWN, tracestate: 'hive=7' });
    const headers = await context.with(parent, () => invoke({ traceParent: OWN, traceId: 'Root=1-5759e988' }));
    expect(headers).to.include({ traceparent: OWN, baggage: 'hive=seven', 'x-amzn-trace-id': 'Root=1-5759e988' });
    expect(headers).to.not.have.any.keys('tracestate');
    expect(await context.with(parent, () => invoke({ baggage: 'own=1' }))).to.include({ baggage: 'own=1' });
  });

  it('is sent with each attempt', async () => {
    let attempts = 0;
    core.answer((request) => {
      attempts++;
      expect(request.headers['traceparent']).to.be.a('string');
      return attempts === 1
        ? { status: 500, headers: { 'x-amzn-errortype': 'InternalServerException' }, body: { message: 'Busy.' } }
        : pieces('text/plain', ['Bees swarm.']);
    });
    const client = createAgentCoreClient(core.simulator.url, { maxAttempts: 2 });
    expect((await invoke({}, client))['traceparent']).to.equal(ofSpan());
    expect(attempts).to.equal(2);
    client.destroy();
  });

  it('says that the trace is not sampled if it is not', async () => {
    await core.trace({ sampler: new AlwaysOffSampler() });
    expect((await invoke())['traceparent']).to.match(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    expect(core.tracing.spans()).to.have.lengthOf(0);
  });

  it('is not sent without propagator, or while the instrumentation is disabled', async () => {
    propagation.disable();
    expect(await invoke()).to.not.have.any.keys('traceparent');
    await core.trace({});
    core.tracing.instrumentation.disable();
    expect(await invoke()).to.not.have.any.keys('traceparent');
  });

  it('is not signed, so that instrumentation of HTTP can replace it by that of its own span', async () => {
    // Node.js's `http` is loaded long before this test, so the instrumentation gets its exports here.
    const received: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      received.push(request.headers);
      response.setHeader('content-type', 'text/plain');
      response.end('Bees swarm.');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const instrumentation = new HttpInstrumentation();
    instrumentation.setTracerProvider(core.tracing.provider);
    const { port } = server.address() as AddressInfo;
    const client = createAgentCoreClient(`http://127.0.0.1:${port}`);
    try {
      const { response } = await client.send(new InvokeAgentRuntimeCommand(INPUT));
      await response!.transformToString();
    } finally {
      instrumentation.disable();
      client.destroy();
      server.close();
    }
    const [headers] = received;
    const spans = core.tracing.spans();
    const call = spans.find(({ name }) => name.startsWith('invoke_agent'))!;
    const beneath = spans.find(({ parentSpanContext }) => parentSpanContext?.spanId === call.spanContext().spanId);
    expect(String(headers?.['authorization'])).to.include('SignedHeaders=').and.not.include('traceparent');
    const expected = (beneath ?? call).spanContext();
    expect(headers?.['traceparent']).to.equal(`00-${expected.traceId}-${expected.spanId}-01`);
    expect(trace.getSpanContext(context.active())).to.equal(undefined);
    expect(beneath, 'the span of the HTTP request').to.not.equal(undefined);
  });
});
