/** Traces the calls that Python's `mlflow.bedrock.autolog()` traced, and compares the records in MLflow. */

import { randomUUID } from 'node:crypto';
import {
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
  type InvokeModelCommandInput,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { trace } from '@opentelemetry/api';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient, type MlflowSpan, type MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { testServer } from 'testing/mlflow-test-server.js';
import { type GoldenSpan, type GoldenTrace, readGoldenTraces, withoutResponseMetadata } from './support/golden.js';
import { exchangeOf, GOLDEN_CALLS } from './support/golden-calls.js';
import { startTracing, type Tracing } from './support/tracing.js';

const goldenTraces = readGoldenTraces();

describe('the record in MLflow, compared with that of Python’s autolog', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let mlflow: MlflowClient;
  const experimentName = `golden ${randomUUID()}`;
  before(async function () {
    this.timeout(300_000);
    const { url } = await testServer();
    mlflow = new MlflowClient({ trackingUri: url });
    const exchanges = Object.entries(GOLDEN_CALLS).flatMap(([name, calls]) =>
      calls.map((call, index) => exchangeOf(`${name}-${index}`, call)),
    );
    simulator = await startSimulator({ exchanges });
    tracing = startTracing({ trackingUri: url, experimentName });
  });
  after(async () => {
    await tracing?.close();
    await simulator?.close();
  });

  it('has a golden trace for each of the calls', () => {
    expect(goldenTraces.map(({ name }) => name)).to.have.members(Object.keys(GOLDEN_CALLS));
  });

  for (const golden of goldenTraces) {
    it(`is the same for ${golden.name}`, async () => {
      const trace = golden.spans.some((span) => !isCall(span)) ? await runAgent(golden) : await runCall(golden);
      expect(trace.spans).to.have.lengthOf(golden.spans.length);
      for (const [index, expected] of golden.spans.entries()) compare(trace.spans[index] as MlflowSpan, expected);
      expect(trace.info.state).to.equal(golden.info.state);
      // Python records no tokens for embeddings. This difference is intended.
      if (golden.spans[0]?.type !== 'EMBEDDING') {
        const total = (key: string): unknown => JSON.parse(trace.info.metadata[key] ?? 'null');
        expect(total('mlflow.trace.tokenUsage')).to.deep.equal(golden.tokenUsage);
        expect(total('mlflow.trace.cost')).to.deep.equal(golden.cost);
      }
    });
  }

  /** Makes one call. Returns its trace. */
  async function runCall(golden: GoldenTrace): Promise<MlflowTrace> {
    const [span] = golden.spans as [GoldenSpan];
    await call(tracing.client(simulator.endpoint({ exchange: `${golden.name}-0` })), span);
    await tracing.provider.forceFlush();
    const experiment = await mlflow.getExperimentByName(experimentName);
    const { traces } = await mlflow.searchTraces({ experimentIds: [experiment?.experimentId ?? ''], maxResults: 1 });
    return mlflow.getTrace(traces[0]?.traceId ?? '');
  }

  /** Runs an agent with two calls, in a session, for a user, in a run. Returns its trace. */
  async function runAgent(golden: GoldenTrace): Promise<MlflowTrace> {
    const { experimentId } = await mlflow.getOrCreateExperiment(experimentName);
    const { runId } = await mlflow.createRun({ experimentId });
    const [root, ...calls] = golden.spans as [GoldenSpan, ...GoldenSpan[]];
    const traceId = await trace.getTracer('golden').startActiveSpan(
      root.name,
      {
        attributes: {
          'mlflow.spanType': String(root.type),
          'mlflow.spanInputs': JSON.stringify(root.inputs),
          'mlflow.spanOutputs': JSON.stringify(root.outputs),
          'session.id': golden.info.trace_metadata['mlflow.trace.session'] ?? '',
          'user.id': golden.info.trace_metadata['mlflow.trace.user'] ?? '',
          'mlflow.clientRequestId': golden.info.client_request_id ?? '',
          'mlflow.sourceRun': runId,
          'mlflow.traceTag.fruit': golden.info.tags['fruit'] ?? '',
          'mlflow.traceMetadata.k': golden.info.trace_metadata['k'] ?? '',
        },
      },
      async (agent) => {
        for (const [index, span] of calls.entries()) {
          await call(tracing.client(simulator.endpoint({ exchange: `${golden.name}-${index}` })), span);
        }
        agent.end();
        return `tr-${agent.spanContext().traceId}`;
      },
    );
    await tracing.provider.forceFlush();
    const stored = await mlflow.getTrace(traceId);
    expect(stored.info).to.include({
      name: golden.info.tags['mlflow.traceName'],
      clientRequestId: golden.info.client_request_id,
      sessionId: golden.info.trace_metadata['mlflow.trace.session'],
      userId: golden.info.trace_metadata['mlflow.trace.user'],
      runId,
    });
    expect(stored.info.tags).to.include({ fruit: golden.info.tags['fruit'] });
    expect(stored.info.metadata).to.include({ k: golden.info.trace_metadata['k'] });
    await mlflow.endRun(runId);
    return stored;
  }
});

function isCall({ name }: GoldenSpan): boolean {
  return name.startsWith('BedrockRuntime.');
}

async function call(client: BedrockRuntimeClient, { name, inputs, error }: GoldenSpan): Promise<void> {
  const send = async (): Promise<void> => {
    switch (name) {
      case 'BedrockRuntime.converse':
        return void (await client.send(new ConverseCommand(inputs as ConverseCommandInput)));
      case 'BedrockRuntime.converse_stream': {
        const { stream } = await client.send(new ConverseStreamCommand(inputs as ConverseCommandInput));
        for await (const _event of stream ?? []);
        return;
      }
      case 'BedrockRuntime.invoke_model':
        return void (await client.send(new InvokeModelCommand(inputs as InvokeModelCommandInput)));
      default: {
        const { body } = await client.send(new InvokeModelWithResponseStreamCommand(inputs as InvokeModelCommandInput));
        for await (const _event of body ?? []);
      }
    }
  };
  const thrown = await send().catch((rejected: Error) => rejected);
  expect(thrown instanceof Error ? thrown.name : undefined).to.equal(error?.type);
}

function compare(span: MlflowSpan, golden: GoldenSpan): void {
  const { attributes } = span;
  expect(span.type).to.equal(golden.type === 'UNKNOWN' ? 'LLM' : golden.type);
  for (const attribute of ['mlflow.chat.tools', 'mlflow.llm.model']) {
    expect(attributes[attribute], attribute).to.deep.equal(golden.attributes[attribute]);
  }
  const isConversation = isClaudeBody(golden);
  expect(attributes['mlflow.message.format']).to.equal(
    isConversation ? 'langchain' : golden.attributes['mlflow.message.format'],
  );
  // Python records the geography of an inference profile as the provider.
  const provider = golden.attributes['mlflow.llm.provider'];
  expect(attributes['mlflow.llm.provider']).to.equal(provider === 'us' ? 'anthropic' : provider);
  expect(span.inputs).to.deep.equal(isConversation ? conversationInputs(golden.inputs) : expectedInputs(golden.inputs));
  compareOutputs(span, golden);
  if (golden.type === 'EMBEDDING') {
    expect(attributes['mlflow.chat.tokenUsage']).to.deep.equal({ input_tokens: 3, output_tokens: 0, total_tokens: 3 });
  } else {
    expect(attributes['mlflow.chat.tokenUsage']).to.deep.equal(golden.attributes['mlflow.chat.tokenUsage']);
    expect(attributes['mlflow.llm.cost']).to.deep.equal(golden.attributes['mlflow.llm.cost']);
  }
  const chunks = span.events.filter(({ name }) => name !== 'exception');
  expect(chunks.map(({ name, attributes: { json } }) => ({ name, json: JSON.parse(String(json)) }))).to.deep.equal(
    golden.events,
  );
  expect(span.ok).to.equal(golden.error === undefined);
  if (!golden.error) return;
  expect(span.statusMessage).to.equal(`${golden.error.type}: ${golden.error.message}`);
  const exception = span.events.find(({ name }) => name === 'exception');
  expect(exception?.attributes).to.include({
    'exception.type': golden.error.type,
    'exception.message': golden.error.message,
  });
  expect(exception?.attributes['exception.stacktrace']).to.include(golden.error.type);
}

/** Python records the body of InvokeModel as text. Here a Claude body is recorded as a conversation. */
function isClaudeBody({ name, inputs }: GoldenSpan): boolean {
  return (
    name.startsWith('BedrockRuntime.invoke_model') &&
    String((inputs as { modelId?: string }).modelId).includes('claude')
  );
}

function conversationInputs(inputs: unknown): unknown {
  const { body, ...rest } = inputs as { body: string };
  const { messages, ...members } = JSON.parse(body) as { messages: { role: string }[] };
  return { ...rest, ...members, messages: messages.map((message) => ({ ...message, type: message.role })) };
}

/** Bytes in the SDK's input are recorded as base64. A body is recorded as its text. */
function expectedInputs(inputs: unknown): unknown {
  const { body } = inputs as { body?: unknown };
  if (Buffer.isBuffer(body)) return { ...(inputs as object), body: body.toString('utf8') };
  const { system, messages } = inputs as { system?: unknown; messages?: unknown[] };
  // The system prompt is also the first message.
  const shown = system && messages ? { messages: [{ role: 'system', content: system }, ...messages] } : {};
  return JSON.parse(
    JSON.stringify({ ...(inputs as object), ...shown }, function (this: Record<string, unknown>, key, value) {
      const original = this[key];
      return Buffer.isBuffer(original) ? original.toString('base64') : value;
    }),
  );
}

function compareOutputs(span: MlflowSpan, golden: GoldenSpan): void {
  if (golden.error) {
    expect(span.outputs).to.equal(undefined);
    return;
  }
  if (typeof golden.outputs !== 'object') {
    expect(span.outputs).to.deep.equal(golden.outputs);
    return;
  }
  const { $metadata, ...outputs } = span.outputs as { $metadata?: { httpStatusCode?: number }; body?: unknown };
  const expected = withoutResponseMetadata(golden.outputs) as { body?: unknown };
  if (golden.name !== 'BedrockRuntime.converse_stream') expect($metadata?.httpStatusCode).to.equal(200);
  if (expected.body === 'EventStream') {
    // Python records only that there was a stream.
    const text = golden.events.map(({ json }) => (json as { delta?: { text?: string } }).delta?.text ?? '').join('');
    expect(outputs).to.deep.include({ content: [{ type: 'text', text }], stop_reason: 'end_turn' });
    return;
  }
  if (isClaudeBody(golden)) {
    const { body, ...rest } = expected as { body: { role: string; content: object[] } };
    const messages = [{ role: body.role, type: body.role, content: body.content }];
    expect(outputs).to.deep.equal({ ...rest, ...body, messages });
    return;
  }
  expect(outputs).to.deep.equal(withParsedToolInput(expected));
}

/** Python records the arguments of a streamed tool call as text. */
function withParsedToolInput(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, member) =>
    typeof member?.toolUse?.input === 'string'
      ? { toolUse: { ...member.toolUse, input: JSON.parse(member.toolUse.input) } }
      : member,
  );
}
