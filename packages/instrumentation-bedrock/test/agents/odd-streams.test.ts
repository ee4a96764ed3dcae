/** Agents: streams that are left, aborted or cut; settings; traces that no agent makes. */

import { InvokeAgentCommand, type InvokeAgentCommandInput } from '@aws-sdk/client-bedrock-agent-runtime';
import { SpanStatusCode } from '@opentelemetry/api';
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { StreamEvent } from 'bedrock-simulator';
import { expect } from 'chai';
import * as sdk600 from 'client-bedrock-agent-runtime-3-600';
import fc from 'fast-check';
import { AgentTrace } from '../../src/agent-trace/agent-trace.js';
import type { BedrockContent } from '../../src/data/settings.js';
import { createAgentAnswerFold } from '../../src/dialects/fold/agent-answer-fold.js';
import type { Step } from '../../src/operations/common/operation.js';
import {
  AGENTS,
  action,
  actionResult,
  callCollaborator,
  chunk,
  collaboratorResult,
  failure,
  finish,
  guardrail,
  invocation,
  metadata,
  modelInput,
  modelOutput,
  observation,
  rationale,
  trace,
  turn,
} from '../support/agent-events.js';
import { INPUT, named, only, useAgents } from '../support/agent-run.js';
import { millisOf } from '../support/agent-steps.js';
import { collect, json } from '../support/tracing.js';

const T = turn(1);
const OPTIONS = { withContent: true, maxRecordLength: 1_000_000, returned: [] };

/** One of each kind of step. Every text has the mark. */
function everything(mark: string): StreamEvent[] {
  const beneath = { chain: [AGENTS.hive, AGENTS.weather], collaboratorName: 'weather' };
  const text = JSON.stringify({ system: mark, messages: [{ role: mark, content: mark }] });
  const reference = {
    content: { text: mark },
    location: { type: mark, s3Location: { uri: mark } },
    metadata: { [mark]: mark },
  };
  const knowledgeBaseLookupInput = { knowledgeBaseId: 'KBBEES0001', text: mark };
  const knowledgeBaseLookupOutput = { retrievedReferences: [reference], metadata: metadata(40, 50) };
  const output = { executionOutput: mark, executionError: mark, files: [mark], metadata: metadata(60, 70) };
  return [
    guardrail(
      `${T}-guardrail-pre-0`,
      'INTERVENED',
      { inputAssessments: [{ wordPolicy: { customWords: [{ match: mark }] } }] },
      [1, 2],
    ),
    trace({ traceId: `${T}-0`, event: { text: mark } }, { kind: 'customOrchestrationTrace' }),
    modelInput(`${T}-0`, { text, others: { inferenceConfiguration: { stopSequences: [mark] } } }),
    modelOutput(`${T}-0`, {
      answer: mark,
      others: {
        reasoningContent: { reasoningText: { text: mark } },
        parsedResponse: { rationale: mark, isValid: true },
      },
    }),
    rationale(`${T}-0`, mark),
    rationale(`${T}-none`, mark),
    action(`${T}-0`, {
      parameters: [{ name: mark, type: mark, value: mark }],
      requestBody: { content: { [mark]: [{ name: mark, value: mark }] } },
    }),
    actionResult(`${T}-0`, mark, [20, 30]),
    invocation(`${T}-0`, { knowledgeBaseLookupInput }),
    observation(`${T}-0`, { knowledgeBaseLookupOutput }),
    invocation(`${T}-0`, { codeInterpreterInvocationInput: { code: mark, files: [mark] } }),
    observation(`${T}-0`, { codeInterpreterInvocationOutput: output }),
    callCollaborator(`${T}-0`, 'weather', AGENTS.weather, mark),
    modelInput(`${turn(2)}-0`, { text: mark }, beneath),
    modelOutput(
      `${turn(2)}-0`,
      { answer: JSON.stringify({ type: 'message', content: [{ type: 'text', text: mark }], stop_reason: mark }) },
      beneath,
    ),
    finish(`${turn(2)}-0`, mark, [80, 90], beneath),
    collaboratorResult(`${T}-0`, {
      name: 'weather',
      called: AGENTS.weather,
      text: mark,
      turnId: turn(2),
      times: [75, 95],
    }),
    failure(`${T}-9`, { failureReason: mark }),
    { type: 'files', payload: { files: [{ name: mark, type: mark, bytes: Buffer.from(mark).toString('base64') }] } },
    chunk(mark, {
      citations: [{ generatedResponsePart: { textResponsePart: { text: mark } }, retrievedReferences: [reference] }],
    }),
    {
      type: 'returnControl',
      payload: {
        invocationId: 'inv-1',
        invocationInputs: [
          { functionInvocationInput: { actionGroup: mark, function: mark, parameters: [{ name: mark, value: mark }] } },
        ],
      },
    },
  ];
}

/** The spans of {@link everything}. */
const EVERYTHING = 8;

describe('an odd stream of an agent', () => {
  const agents = useAgents();

  const running = [modelInput(`${T}-0`), modelOutput(`${T}-0`), modelInput(`${T}-1`, { start: 500 })];

  /** Reads the stream until `isEnough` returns true for the number of events. */
  async function read(
    events: Iterable<StreamEvent> | AsyncIterable<StreamEvent>,
    isEnough: (count: number) => boolean,
    options: object = {},
  ) {
    agents.runtime().answer({ events });
    const { completion } = await agents.runtime().client.send(new InvokeAgentCommand(INPUT), options);
    let count = 0;
    for await (const _ of completion ?? []) if (isEnough(++count)) break;
  }

  it('that the application leaves early has the steps so far, and none of them failed', async () => {
    await read([...running, chunk('Yes')], (count) => count === 3);
    const all = agents.spans();
    const chats = named(all, 'chat amazon.nova-lite-v1:0');
    expect(chats.map(({ attributes }) => attributes['gen_ai.usage.output_tokens'])).to.deep.equal([7, undefined]);
    expect(all).to.have.lengthOf(3);
    for (const span of all) expect(span.status.code, span.name).to.equal(SpanStatusCode.UNSET);
  });

  it('that is aborted fails with its running step', async () => {
    const controller = new AbortController();
    const held = async function* () {
      yield* running;
      await new Promise((resolve) => controller.signal.addEventListener('abort', resolve));
    };
    const abort = (count: number) => {
      if (count === 3) controller.abort();
      return false;
    };
    await read(held(), abort, { abortSignal: controller.signal }).catch(() => undefined);
    const all = agents.spans();
    const [done, open] = named(all, 'chat amazon.nova-lite-v1:0');
    expect([all[0], done, open].map((span) => span?.attributes['error.type'])).to.deep.equal([
      'AbortError',
      undefined,
      'AbortError',
    ]);
  });

  it('that ends without an answer is incomplete, and so is its running step', async () => {
    const all = await agents.run(running);
    const [done, open] = named(all, 'chat amazon.nova-lite-v1:0');
    expect([all[0], done, open].map((span) => span?.attributes['error.type'])).to.deep.equal([
      'incomplete_stream',
      undefined,
      'incomplete_stream',
    ]);
    expect(all[0]?.attributes).to.not.have.any.keys('gen_ai.output.messages', 'mlflow.spanOutputs');
  });

  it('whose answer breaks off has the words so far, with an error as finish reason', async () => {
    const { all } = await agents.fail([
      chunk('Ye'),
      { type: 'internalServerException', messageType: 'exception', payload: { message: 'Oh.' } },
    ]);
    expect(json(all[0] as ReadableSpan, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'Ye' }], finish_reason: 'error' },
    ]);
    expect(all[0]?.attributes).to.not.have.property('gen_ai.response.finish_reasons');
  });

  it('has its answer, files and returned control as events of the span, and no steps', async () => {
    const [root] = await agents.run(everything('mark'));
    expect(root?.events.map(({ name }) => name)).to.deep.equal(['files', 'chunk', 'returnControl']);
    expect(JSON.parse(String(root?.events[1]?.attributes?.['json']))).to.have.property('bytes', 'mark');
  });

  it('from an SDK that does not know its parts has all steps', async () => {
    const routing = { kind: 'routingClassifierTrace' };
    agents.runtime().answer({
      events: [
        modelInput(`${T}-routing-0`, { others: { type: 'ROUTING_CLASSIFIER' } }, routing),
        modelOutput(`${T}-routing-0`, {}, routing),
        chunk('Yes'),
      ],
    });
    const client = new sdk600.BedrockAgentRuntimeClient({
      region: 'us-east-1',
      endpoint: agents.runtime().simulator.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    agents.runtime().tracing.instrumentation.manuallyInstrument(sdk600);
    const { completion } = await client.send(new sdk600.InvokeAgentCommand({ ...INPUT, inputText: 'Swarm?' }));
    await collect(completion);
    client.destroy();
    const chat = only(agents.spans(), 'chat amazon.nova-lite-v1:0');
    expect(chat.attributes).to.include({
      'aws.bedrock.agent.prompt_type': 'ROUTING_CLASSIFIER',
      'gen_ai.usage.input_tokens': 30,
    });
    expect(millisOf(chat.endTime) - millisOf(chat.startTime)).to.equal(300);
  });

  describe('with settings', () => {
    it('has no text anywhere if content is off, but every step with its tokens', async () => {
      await agents.runtime().trace({ config: { captureMessageContent: false, recordStreamEvents: true } });
      const all = await agents.run(everything('canary of words'), {
        inputText: 'canary of words',
        sessionState: { promptSessionAttributes: { name: 'canary of words' } },
      });
      expect(all).to.have.lengthOf(EVERYTHING);
      const shown = JSON.stringify(
        all.map(({ name, attributes, events, status }) => [name, attributes, events, status]),
      );
      expect(shown).to.not.include('canary');
      const tokens = all.map(({ attributes }) => attributes['gen_ai.usage.input_tokens']).filter((count) => count);
      expect(tokens).to.deep.equal([30, 30]);
      expect(all[0]?.attributes['aws.bedrock.guardrail.action']).to.equal('GUARDRAIL_INTERVENED');
    });

    it('gives contentHook each step by its operation, and records what it returns', async () => {
      const seen: BedrockContent[] = [];
      const contentHook = (content: BedrockContent) => {
        seen.push(content);
        return JSON.parse(JSON.stringify(content.value).replaceAll('secret', '…'));
      };
      await agents.runtime().trace({ config: { contentHook } });
      const all = await agents.run(everything('secret'), { inputText: 'secret' });
      expect([
        ...new Set(seen.map(({ operation, step = 'itself', kind }) => `${operation} ${step} ${kind}`)),
      ]).to.have.members([
        'InvokeAgent itself request',
        'InvokeAgent itself response',
        'InvokeAgent apply_guardrail response',
        'InvokeAgent chat request',
        'InvokeAgent chat response',
        'InvokeAgent execute_tool request',
        'InvokeAgent execute_tool response',
        'InvokeAgent retrieval request',
        'InvokeAgent retrieval response',
        'InvokeAgent invoke_agent request',
        'InvokeAgent invoke_agent response',
      ]);
      expect(seen.find(({ step }) => step === 'chat')?.modelId).to.equal('amazon.nova-lite-v1:0');
      expect(JSON.stringify(all.map(({ attributes, events, status }) => [attributes, events, status]))).to.not.include(
        'secret',
      );
    });

    it('shows what contentHook returns in the place of an object', async () => {
      for (const returned of ['[hidden]', ['hidden'], null]) {
        await agents.runtime().trace({ config: { contentHook: () => returned } });
        for (const span of await agents.run(everything('secret'), { inputText: 'secret' })) {
          for (const name of ['mlflow.spanInputs', 'mlflow.spanOutputs']) {
            if (name in span.attributes) expect(json(span, name), `${name} of ${span.name}`).to.deep.equal(returned);
          }
        }
      }
    });

    it('keeps within the length of a record, and cuts no figure', async () => {
      await agents.runtime().trace({ config: { maxRecordLength: 20_000 } });
      const calls = Array.from({ length: 20 }, (_, n) => [
        modelInput(`${T}-${n}`, { text: `${n} bees `.repeat(500), start: n }),
        modelOutput(`${T}-${n}`, { answer: 'swarm '.repeat(300), start: n, end: n + 1 }),
      ]);
      const all = await agents.run([...calls.flat(), chunk('Yes '.repeat(1000))]);
      const content = all.flatMap(({ attributes, events }) => [
        ...Object.entries(attributes).filter(([name]) => /messages|spanInputs|spanOutputs|stop_sequences/.test(name)),
        ...events.map(({ attributes: { json: shown } = {} }) => ['json', shown]),
      ]);
      expect(content.map(String).join('').length).to.be.lessThan(22_000);
      const tokens = all.map(({ attributes }) => attributes['gen_ai.usage.input_tokens'] ?? 0);
      expect(tokens.reduce((sum: number, count) => sum + Number(count), 0)).to.equal(600);
      const outputs = String(all[0]?.attributes['mlflow.spanOutputs']);
      expect(outputs).to.match(/"traceNotRecorded":"\[\d+ parts? of the trace not recorded\]"/);
    });

    it('records the metrics of each step if the call is not sampled', async () => {
      const tracing = await agents.runtime().trace({ withMetrics: true, sampler: new AlwaysOffSampler() });
      expect(await agents.run(everything('mark'))).to.deep.equal([]);
      const metrics = await tracing.metrics();
      const tokens = metrics.get('gen_ai.client.token.usage') ?? [];
      const sum = (type: string) =>
        tokens
          .filter(({ attributes }) => attributes['gen_ai.token.type'] === type)
          .reduce((total, { value }) => total + (value as { sum: number }).sum, 0);
      expect([sum('input'), sum('output')]).to.deep.equal([60, 14]);
      const durations = metrics.get('gen_ai.client.operation.duration') ?? [];
      expect(durations.map(({ attributes }) => attributes['gen_ai.operation.name'])).to.include.members([
        'invoke_agent',
        'chat',
        'execute_tool',
        'retrieval',
        'apply_guardrail',
      ]);
    });

    it('makes no span if the call is not sampled and nothing is measured', async () => {
      await agents.runtime().trace({ sampler: new AlwaysOffSampler() });
      expect(await agents.run(everything('mark'))).to.deep.equal([]);
    });

    it('emits a log event for each model call that belongs to its span', async () => {
      process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'] = 'EVENT_ONLY';
      try {
        const tracing = await agents.runtime().trace({});
        const all = await agents.run(everything('mark'));
        const chats = all.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat');
        const events = tracing
          .events()
          .filter(({ eventName }) => eventName === 'gen_ai.client.inference.operation.details');
        expect(events.map(({ spanContext }) => spanContext?.spanId)).to.have.members(
          chats.map((span) => span.spanContext().spanId),
        );
        expect(JSON.stringify(events.map(({ attributes }) => attributes))).to.include('mark');
        expect(JSON.stringify(all.map(({ attributes }) => attributes))).to.not.include('mark');
      } finally {
        delete process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'];
      }
    });
  });

  describe('as no agent sends it', () => {
    /** Has the client answer with events that need not pass through the SDK's parser. */
    async function runObjects(
      events: Iterable<object>,
      input: Partial<InvokeAgentCommandInput> = {},
    ): Promise<ReadableSpan[]> {
      const { client } = agents.runtime();
      const completion = (async function* () {
        yield* events;
      })();
      client.middlewareStack.add(() => async () => ({ output: { completion, $metadata: {} } as never, response: {} }), {
        step: 'initialize',
        priority: 'high',
      });
      const output = await client.send(new InvokeAgentCommand({ ...INPUT, ...input }));
      await collect(output.completion);
      return agents.spans();
    }

    const payload = ({ type, payload: members }: StreamEvent): object => ({ [type]: members });

    it('has no more than 5,000 steps, and the number of the others', () => {
      const agentTrace = new AgentTrace(OPTIONS);
      for (let n = 0; n < 5100; n++) agentTrace.add(modelOutput(`${T}-${n}`).payload);
      const knowledgeBaseLookupInput = { knowledgeBaseId: 'KBBEES0001', text: 'swarms' };
      const lookup = invocation(`${T}-next`, { knowledgeBaseLookupInput });
      const others = [modelInput(`${T}-next`), action(`${T}-next`), lookup];
      for (const { payload: members } of others) agentTrace.add(members);
      expect(agentTrace.steps()).to.have.lengthOf(5000);
      expect(agentTrace.omittedStepCount).to.equal(103);
    });

    it('never throws, makes circles or loses count, whatever its members are', () => {
      const events = everything('mark')
        .filter(({ type }) => type === 'trace')
        .map(({ payload: members }) => members);
      const odd = fc.oneof(
        fc.constantFrom<unknown>(null, undefined, '', 0, -1, Number.NaN, '__proto__', T, [], {}, new Date(Number.NaN)),
        fc
          .constantFrom('constructor', 'toString', '__proto__')
          .map((kind) => ({ [kind]: { modelInvocationOutput: {} } })),
        fc.jsonValue({ maxDepth: 2 }),
        fc.date({ noInvalidDate: false }),
      );
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(events.length - 1), fc.nat(40), odd), { maxLength: 40 }), (changes) => {
          const agentTrace = new AgentTrace({ ...OPTIONS, maxRecordLength: 5000 });
          for (const [index, member, value] of changes) agentTrace.add(replaceMember(events[index], member, value));
          const seen = visit(agentTrace.steps());
          expect(seen.size).to.be.at.most(changes.length * 2);
        }),
      );
    });

    it('has all citations of a chunk, however many there are', () => {
      const fold = createAgentAnswerFold({ content: true });
      const citations = Array.from({ length: 200_000 }, () => ({}));
      fold.add({ chunk: { attribution: { citations } } });
      expect(fold.body()).to.have.nested.property('attribution.citations').with.lengthOf(200_000);
    });

    it('takes its place at an agent that no call has announced', async () => {
      const chain = [AGENTS.hive, AGENTS.weather, AGENTS.maps];
      const all = await agents.run([modelOutput(`${turn(3)}-0`, {}, { chain }), chunk('Yes')]);
      expect(all).to.have.lengthOf(3);
      expect(all.map(({ name }) => name)).to.include('chat amazon.nova-lite-v1:0'.slice(0, 4));
    });

    it('has the time of its recording if the service states none', async () => {
      const before = Date.now();
      const event = payload(modelOutput(`${T}-0`, { others: { metadata: {} } })) as { trace: object };
      const all = await runObjects([
        { trace: { ...event.trace, eventTime: undefined } },
        { chunk: { bytes: Buffer.from('Yes') } },
      ]);
      const chat = only(all, 'chat');
      expect(millisOf(chat.startTime)).to.be.within(before, Date.now());
    });
  });
});

/** Returns a copy with another value in the place of one member, counted from the first, at any depth. */
function replaceMember(value: unknown, position: number, by: unknown): unknown {
  let left = position;
  const copy = (each: unknown): unknown => {
    if (left-- === 0) return by;
    if (Array.isArray(each)) return each.map(copy);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([name, member]) => [name, copy(member)]));
  };
  return copy(value);
}

/** Reads all that a recorder would read. Throws if a step is beneath itself. */
function visit(steps: readonly Step[]): Set<Step> {
  const seen = new Set<Step>();
  const pending = [...steps];
  for (let step = pending.pop(); step; step = pending.pop()) {
    expect(seen.has(step)).to.equal(false);
    seen.add(step);
    const { request, answer } = step;
    for (const value of Object.values({ ...request.identity, ...request.facts, ...answer?.facts })) {
      expect(['undefined', 'string', 'number', 'boolean']).to.include(typeof value);
    }
    const sent = request.content();
    if (sent !== undefined) request.dialect.readInput(request.form.bodyOf(sent) ?? {});
    request.dialect.readParameters(request.body() ?? {});
    const got = answer?.content();
    if (answer && got !== undefined) {
      answer.dialect.readOutput(answer.form.bodyOf(got) ?? {});
      answer.form.show(got, answer.dialect.chatView?.response);
    }
    answer?.dialect.readResponse(answer.body() ?? {});
    pending.push(...step.steps);
  }
  return seen;
}
