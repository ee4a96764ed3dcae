/** Every recorded call of an agent, replayed through the real SDK client. */

import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import {
  type AgentRecording,
  type AgentView,
  readAgent,
  readAgentRecordings,
  recordedCommand,
  TRANSPORTS,
} from '../support/agent-runtime.js';
import { type StepView, stepsOfRecording, stepsOfSpans } from '../support/agent-steps.js';
import { createAgentRuntimeClient, replayed } from '../support/knowledge-base.js';
import { messageViolations } from '../support/message-schema.js';
import { json, startTracing, type Tracing } from '../support/tracing.js';

describe('the recorded calls of agents in ../shared/fixtures/agent-runtime', () => {
  const recordings = readAgentRecordings();
  if (!recordings) {
    it('are not beside this checkout, so nothing is replayed', function () {
      this.skip();
    });
    return;
  }

  let current: AgentRecording;
  let simulator: Simulator;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator({ respond: () => replayed(current) });
    tracing = startTracing();
  });
  after(async () => {
    await tracing.close();
    await simulator.close();
  });

  /** @returns what the application sees and the spans of the call, the one of the call itself first. */
  async function replay(
    recording: AgentRecording,
    transport: string,
  ): Promise<{ view: AgentView; spans: ReadableSpan[] }> {
    current = recording;
    const before = tracing.spans().length;
    const client = createAgentRuntimeClient(simulator.url, TRANSPORTS[transport]?.());
    try {
      const view = await readAgent(client, recordedCommand(recording));
      return { view, spans: tracing.spans().slice(before).reverse() };
    } finally {
      client.destroy();
    }
  }

  for (const recording of recordings) {
    for (const transport of Object.keys(TRANSPORTS)) {
      it(`${recording.id} over ${transport} is the same for the application, and a span with each step of its trace`, async () => {
        tracing.instrumentation.disable();
        const plain = await replay(recording, transport);
        expect(plain.spans).to.deep.equal([]);
        tracing.instrumentation.enable();
        // The transport does not decide what content is.
        for (const captureMessageContent of transport === 'HTTP/2' ? [true, false] : [true]) {
          tracing.instrumentation.setConfig({ captureMessageContent });
          const { view, spans } = await replay(recording, transport);
          expect(view).to.deep.equal(plain.view);
          const [root] = spans;
          expectRoot(root as ReadableSpan, recording, plain.view, captureMessageContent);
          expectSteps(root as ReadableSpan, spans, recording, captureMessageContent);
        }
      });
    }
  }
});

function expectRoot(root: ReadableSpan, recording: AgentRecording, view: AgentView, hasContent: boolean): void {
  const { attributes } = root;
  const { body, path } = recording.request;
  const [, agentId, aliasId, sessionId] =
    /^\/agents\/([^/]+)\/agentAliases\/([^/]+)\/sessions\/([^/]+)/.exec(path) ?? [];
  expect(root.name).to.equal('invoke_agent');
  expect(root.parentSpanContext).to.equal(undefined);
  expect(attributes).to.include({
    'gen_ai.operation.name': 'invoke_agent',
    'mlflow.spanType': 'AGENT',
    'gen_ai.conversation.id': sessionId ?? path.split('/')[2],
  });
  expect(attributes['gen_ai.agent.id']).to.equal(agentId);
  expect(attributes['aws.bedrock.agent.alias_id']).to.equal(aliasId);
  expect(attributes['gen_ai.request.model']).to.equal(body['foundationModel']);
  expect(attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
  expectEnd(root, recording, view, hasContent);
  if (hasContent) expectContent(root, recording);
}

function expectSteps(root: ReadableSpan, spans: ReadableSpan[], recording: AgentRecording, hasContent: boolean): void {
  const expected = stepsOfRecording(recording, hasContent);
  const found = stepsOfSpans(root, spans, hasContent);
  expect(found).to.have.lengthOf(expected.length);
  for (const [index, step] of expected.entries()) {
    for (const [name, value] of Object.entries(step)) {
      const hasNoName = name === 'target' && step.operation === 'execute_tool' && value === undefined;
      // A step without an end ends when the service's events do.
      if (hasNoName || (name === 'end' && value === undefined)) continue;
      expect(found[index]?.[name as keyof StepView], `${name} of ${JSON.stringify(step)}`).to.deep.equal(value);
    }
  }
  const sum = (name: 'inputTokens' | 'outputTokens') => found.reduce((total, step) => total + (step[name] ?? 0), 0);
  expect(sum('inputTokens')).to.equal(recording.expected.usage_sum?.input_tokens ?? 0);
  expect(sum('outputTokens')).to.equal(recording.expected.usage_sum?.output_tokens ?? 0);
  for (const span of spans) {
    expect(messageViolations(span)).to.deep.equal([]);
    if (span.attributes['gen_ai.operation.name'] !== 'chat') {
      expect(span.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
    }
    if (span !== root) expect(span.attributes).to.not.have.property('gen_ai.conversation.id');
    if (!hasContent) expectNoContent(span);
  }
}

/** Attributes that hold content, apart from the names of the conventions. */
const CONTENT =
  /messages$|instructions$|spanInputs|spanOutputs|arguments$|result$|documents$|query|rationale|reason$|events$|assessments$|stop_sequences/;

function expectNoContent(span: ReadableSpan): void {
  expect(Object.keys(span.attributes).filter((name) => CONTENT.test(name))).to.deep.equal([]);
}

function expectEnd(
  { status, attributes }: ReadableSpan,
  { expected }: AgentRecording,
  view: AgentView,
  hasContent: boolean,
): void {
  const { error, complete } = expected;
  const isFailure = view.error !== undefined || !complete;
  expect(status.code).to.equal(isFailure ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
  const type = attributes['error.type'];
  expect(type).to.equal(view.error?.name ?? (complete ? undefined : 'incomplete_stream'));
  if (!error) return;
  const [name = ''] = error.type.split(':');
  expect(String(type).toLowerCase()).to.equal(name.toLowerCase());
  if (hasContent) expect(status.message).to.include(error.message);
  else expect(status.message).to.equal(type);
}

interface Message {
  readonly role: string;
  readonly finish_reason?: string;
  readonly parts: readonly { readonly type: string; readonly content?: unknown; readonly [member: string]: unknown }[];
}

function expectContent(root: ReadableSpan, { request, expected }: AgentRecording): void {
  expect(messageViolations(root)).to.deep.equal([]);
  const input = (json(root, 'gen_ai.input.messages') ?? []) as Message[];
  const text = request.body['inputText'];
  expect(input.filter(({ role }) => role === 'user').map(({ parts }) => parts)).to.deep.equal(
    text === undefined ? [] : [[{ type: 'text', content: text }]],
  );
  expect(json(root, 'mlflow.spanInputs')).to.deep.include(request.body);
  const output = (json(root, 'gen_ai.output.messages') ?? []) as Message[];
  const parts = output.flatMap((message) => message.parts);
  const isFailed = root.status.code === SpanStatusCode.ERROR;
  const texts = parts.filter(({ type }) => type === 'text').map(({ content }) => content);
  expect(texts.join('')).to.equal(expected.text ?? '');
  const calls = parts.filter(({ type }) => type === 'tool_call');
  expect(calls.length > 0).to.equal(expected.return_control !== null);
  const citations = parts.filter(({ type }) => type === 'citations').flatMap(({ content }) => content);
  expect(citations).to.have.lengthOf(expected.citations);
  const files = parts.filter(({ type }) => type === 'blob').map(({ name, mime_type: type }) => ({ name, type }));
  expect(files).to.deep.equal(expected.files.map(({ name, type }) => ({ name, type })));
  const reason = isFailed ? 'error' : expected.return_control ? 'tool_call' : 'stop';
  for (const message of output) expect(message.finish_reason).to.equal(reason);
  if (!isFailed) expect(root.attributes['gen_ai.response.finish_reasons']).to.deep.equal([reason]);
}
