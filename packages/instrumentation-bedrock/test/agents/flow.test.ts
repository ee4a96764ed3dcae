/** InvokeFlow: the flow, its nodes, and what they asked of models, knowledge bases and functions. */

import { InvokeFlowCommand, type InvokeFlowCommandInput } from '@aws-sdk/client-bedrock-agent-runtime';
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { StreamEvent } from 'bedrock-simulator';
import { expect } from 'chai';
import { invokeFlow } from '../../src/operations/agent-runtime/flow/invoke-flow.js';
import {
  type AgentRuntime,
  beforeEachAgentRuntimeTest,
  outcomeOf,
  readAgentRuntimeRecordings,
  replayed,
} from '../support/knowledge-base.js';
import { collect, json } from '../support/tracing.js';

const INPUT: InvokeFlowCommandInput = {
  flowIdentifier: 'FLOWHIVE01',
  flowAliasIdentifier: 'ALIASHIVE1',
  enableTrace: true,
  inputs: [{ nodeName: 'Start', nodeOutputName: 'document', content: { document: { hive: 12 } } }],
};

const time = (millis: number) => new Date(Date.UTC(2026, 4, 2) + millis).toISOString();
const trace = (kind: string, nodeName: string, millis: number, members: object): StreamEvent => ({
  type: 'flowTraceEvent',
  payload: { trace: { [kind]: { nodeName, timestamp: time(millis), ...members } } },
});
const input = (node: string, millis: number, document: unknown, others: object = {}) =>
  trace('nodeInputTrace', node, millis, { fields: [{ nodeInputName: 'question', content: { document }, ...others }] });
const output = (node: string, millis: number, document: unknown) =>
  trace('nodeOutputTrace', node, millis, { fields: [{ nodeOutputName: 'answer', content: { document } }] });
const action = (node: string, millis: number, members: object) =>
  trace('nodeActionTrace', node, millis, { requestId: `request-${millis}`, ...members });
const conditions = (node: string, millis: number, name: string) =>
  trace('conditionNodeResultTrace', node, millis, { satisfiedConditions: [{ conditionName: name }] });

const dependency = (node: string, millis: number, agentTraces: readonly object[]) =>
  trace('nodeDependencyTrace', node, millis, { traceElements: { agentTraces } });
const agentTrace = (step: string, members: object) => ({
  agentId: 'AGENTHIVE1',
  sessionId: 's-1',
  callerChain: [{ agentAliasArn: 'arn:aws:bedrock:us-east-1:111122223333:agent-alias/AGENTHIVE1/ALIASHIVE1' }],
  eventTime: time(850),
  trace: { orchestrationTrace: { [step]: { traceId: '00000000-0000-4000-8000-00000000000a-0', ...members } } },
});
const modelInput = { type: 'ORCHESTRATION', foundationModel: 'amazon.nova-pro-v1:0', text: 'When does it swarm?' };
const modelOutput = (millis: number) => ({
  metadata: {
    startTime: time(300 + millis),
    endTime: time(800 + millis),
    usage: { inputTokens: 21, outputTokens: 4 },
  },
  rawResponse: { content: 'In May.' },
});

const CONVERSE = action('Ask', 400, {
  serviceName: 'bedrock',
  operationName: 'Converse',
  operationRequest: {
    modelId: 'amazon.nova-lite-v1:0',
    messages: [{ role: 'user', content: [{ type: 'TEXT', text: 'When does hive 12 swarm?' }] }],
    inferenceConfig: { temperature: 0.5, maxTokens: 50, stopSequences: ['STOP'] },
    additionalModelRequestFields: null,
  },
  operationResponse: {
    output: { type: 'MESSAGE', message: { role: 'assistant', content: [{ type: 'TEXT', text: 'In May.' }] } },
    stopReason: 'end_turn',
    metrics: { latencyMs: 180 },
    usage: { inputTokens: 40, outputTokens: 3, totalTokens: 43 },
  },
});

const EVENTS: readonly StreamEvent[] = [
  output('Start', 100, { hive: 12 }),
  input('Ask', 200, 'hive 12'),
  CONVERSE,
  output('Ask', 410, 'In May.'),
  input('Check', 420, 'In May.'),
  conditions('Check', 421, 'isKnown'),
  input('End', 430, 'In May.'),
  {
    type: 'flowOutputEvent',
    payload: { nodeName: 'End', nodeType: 'FlowOutputNode', content: { document: 'In May.' } },
  },
  { type: 'flowCompletionEvent', payload: { completionReason: 'SUCCESS' } },
];

const HEADERS = { 'x-amz-bedrock-flow-execution-id': 'execution-1' };

describe('InvokeFlow', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const invoke = async (request = INPUT) =>
    collect((await runtime.client.send(new InvokeFlowCommand(request))).responseStream);
  const named = (name: string) => runtime.tracing.spans().find((span) => span.name === name)!;
  const flow = () => named('invoke_workflow FLOWHIVE01');
  const times = ({ startTime, endTime }: ReadableSpan) =>
    [startTime, endTime].map(([seconds, nanos]) => seconds * 1000 + nanos / 1e6 - Date.UTC(2026, 4, 2));

  it('is a workflow with ids, input and output', async () => {
    runtime.answer({ headers: HEADERS, events: EVENTS });
    await invoke();
    expect(flow().kind).to.equal(SpanKind.CLIENT);
    expect(flow().attributes).to.include({
      'gen_ai.operation.name': 'invoke_workflow',
      'gen_ai.agent.name': 'FLOWHIVE01',
      'gen_ai.workflow.name': 'FLOWHIVE01',
      'gen_ai.conversation.id': 'execution-1',
      'aws.bedrock.flow.id': 'FLOWHIVE01',
      'aws.bedrock.flow.alias_id': 'ALIASHIVE1',
      'aws.bedrock.flow.execution_id': 'execution-1',
      'aws.bedrock.flow.completion_reason': 'SUCCESS',
      'aws.bedrock.flow.trace_enabled': true,
      'mlflow.spanType': 'WORKFLOW',
    });
    expect(flow().attributes).to.not.have.any.keys('error.type', 'gen_ai.usage.input_tokens');
    expect(json(flow(), 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: '{"hive":12}' }] },
    ]);
    expect(json(flow(), 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'In May.' }], finish_reason: 'stop' },
    ]);
    expect(json(flow(), 'mlflow.spanOutputs')).to.deep.include({
      executionId: 'execution-1',
      completionReason: 'SUCCESS',
      outputs: [{ nodeName: 'End', nodeType: 'FlowOutputNode', content: { document: 'In May.' } }],
    });
  });

  it('has a span for each node, with its documents and the times of the service', async () => {
    runtime.answer({ headers: HEADERS, events: EVENTS });
    await invoke();
    const nodes = runtime.tracing.spans().filter(({ name }) => name.startsWith('execute_node'));
    expect(nodes.map(({ name }) => name)).to.deep.equal([
      'execute_node Start',
      'execute_node Ask',
      'execute_node Check',
      'execute_node End',
    ]);
    for (const node of nodes) {
      expect(node.parentSpanContext?.spanId).to.equal(flow().spanContext().spanId);
      expect(node.kind).to.equal(SpanKind.INTERNAL);
      expect(node.attributes['mlflow.spanType']).to.equal('TASK');
    }
    expect(nodes.map(times)).to.deep.equal([
      [100, 100],
      [200, 410],
      [420, 421],
      [430, 430],
    ]);
    expect(nodes.map((node) => json(node, 'mlflow.spanInputs'))).to.deep.equal([
      undefined,
      { question: 'hive 12' },
      { question: 'In May.' },
      { question: 'In May.' },
    ]);
    expect(nodes.map((node) => json(node, 'mlflow.spanOutputs'))).to.deep.equal([
      { answer: { hive: 12 } },
      { answer: 'In May.' },
      { satisfiedConditions: [{ conditionName: 'isKnown' }] },
      undefined,
    ]);
    expect(nodes[2]?.attributes['aws.bedrock.flow.node.conditions']).to.deep.equal(['isKnown']);
  });

  it('has the model call of a node beneath it, with tokens, parameters and messages', async () => {
    runtime.answer({ headers: HEADERS, events: EVENTS });
    await invoke();
    const chat = named('chat amazon.nova-lite-v1:0');
    expect(chat.parentSpanContext?.spanId).to.equal(named('execute_node Ask').spanContext().spanId);
    expect(chat.kind).to.equal(SpanKind.CLIENT);
    expect(times(chat)).to.deep.equal([200, 400]);
    expect(chat.attributes).to.deep.include({
      'gen_ai.request.model': 'amazon.nova-lite-v1:0',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.max_tokens': 50,
      'gen_ai.request.stop_sequences': ['STOP'],
      'gen_ai.response.finish_reasons': ['end_turn'],
      'gen_ai.usage.input_tokens': 40,
      'gen_ai.usage.output_tokens': 3,
      'aws.bedrock.response.latency_ms': 180,
      'aws.bedrock.flow.action.service': 'bedrock',
      'aws.bedrock.flow.action.operation': 'Converse',
      'aws.request_id': 'request-400',
      'mlflow.spanType': 'CHAT_MODEL',
    });
    expect(json(chat, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'When does hive 12 swarm?' }] },
    ]);
    expect(json(chat, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'In May.' }], finish_reason: 'stop' },
    ]);
  });

  it('reads the tokens of InvokeModel from any place, once', async () => {
    const invokeModel = (millis: number, operationResponse: object) =>
      action('Ask', millis, {
        operationName: 'InvokeModel',
        operationRequest: { modelId: 'anthropic.claude-3-haiku-20240307-v1:0', body: { messages: [], max_tokens: 9 } },
        operationResponse,
      });
    const usage = { input_tokens: 7, output_tokens: 2 };
    runtime.answer({
      events: [
        input('Ask', 200, 'hive 12'),
        invokeModel(210, { body: JSON.stringify({ content: [{ type: 'text', text: 'May' }], usage }) }),
        invokeModel(220, { usage: { inputTokens: 5, outputTokens: 4 } }),
        ...EVENTS.slice(3),
      ],
    });
    await invoke();
    const calls = runtime.tracing.spans().filter(({ name }) => name.startsWith('chat '));
    expect(calls.map(times)).to.deep.equal([
      [200, 210],
      [210, 220],
    ]);
    const tokens = ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'];
    expect(calls.map(({ attributes }) => tokens.map((name) => attributes[name]))).to.deep.equal([
      [7, 2],
      [5, 4],
    ]);
    expect(json(calls[0]!, 'gen_ai.output.messages')).to.have.nested.property('[0].parts[0].content', 'May');
  });

  it('has lookups and functions of nodes as what they are', async () => {
    const retrieved = {
      operationName: 'Retrieve',
      operationRequest: { knowledgeBaseId: 'KBBEES0001', retrievalQuery: { text: 'swarm' } },
      operationResponse: { retrievalResults: [{ content: { type: 'TEXT', text: 'In May.' }, score: 0.5 }] },
    };
    const called = {
      serviceName: 'lambda',
      operationName: 'Invoke',
      operationRequest: {
        functionName: 'arn:aws:lambda:us-east-1:111122223333:function:count-hives:1',
        payload: { a: 1 },
      },
      operationResponse: { payload: 'twelve' },
    };
    runtime.answer({
      events: [
        input('Ask', 200, 'hive 12'),
        action('Ask', 250, retrieved),
        action('Ask', 300, called),
        ...EVENTS.slice(3),
      ],
    });
    await invoke();
    expect(named('retrieval KBBEES0001').attributes['gen_ai.retrieval.query.text']).to.equal('swarm');
    expect(json(named('retrieval KBBEES0001'), 'mlflow.spanOutputs')).to.deep.equal([
      { page_content: 'In May.', metadata: { score: 0.5 } },
    ]);
    const tool = named('execute_tool count-hives');
    expect(tool.attributes).to.include({ 'gen_ai.tool.type': 'extension', 'mlflow.spanType': 'TOOL' });
    expect(json(tool, 'gen_ai.tool.call.arguments')).to.deep.equal(called.operationRequest);
    expect(json(tool, 'gen_ai.tool.call.result')).to.deep.equal(called.operationResponse);
    expect(json(tool, 'mlflow.spanInputs')).to.deep.equal(called.operationRequest);
    expect(json(tool, 'mlflow.spanOutputs')).to.deep.equal(called.operationResponse);
  });

  it('reads the operations that stream like those that do not', async () => {
    const { payload } = CONVERSE as { payload: { trace: { nodeActionTrace: { operationRequest: object } } } };
    const { operationRequest } = payload.trace.nodeActionTrace;
    runtime.answer({
      events: [
        input('Ask', 200, 'hive 12'),
        action('Ask', 300, { operationName: 'ConverseStream', operationRequest }),
        action('Ask', 400, { operationName: 'InvokeModelWithResponseStream', operationRequest }),
        ...EVENTS.slice(3),
      ],
    });
    await invoke();
    const calls = runtime.tracing.spans().filter(({ name }) => name === 'chat amazon.nova-lite-v1:0');
    expect(calls.map(({ attributes }) => attributes['aws.bedrock.flow.action.operation'])).to.deep.equal([
      'ConverseStream',
      'InvokeModelWithResponseStream',
    ]);
  });

  it('reads requests and answers of actions that are JSON text', async () => {
    const payloads = { operationRequest: '{"functionName":"count-hives"}', operationResponse: 'twelve' };
    runtime.answer({
      events: [input('Ask', 200, 'hive 12'), action('Ask', 300, { operationName: 'Invoke', ...payloads })],
    });
    await invoke();
    const tool = named('execute_tool count-hives');
    expect(json(tool, 'gen_ai.tool.call.arguments')).to.deep.equal({ functionName: 'count-hives' });
    expect(tool.attributes['gen_ai.tool.call.result']).to.equal('twelve');
  });

  it('has the steps of an agent beneath the call of the agent, with tokens and the times of the service', async () => {
    runtime.answer({
      events: [
        input('Ask', 200, 'hive 12'),
        action('Ask', 900, {
          serviceName: 'bedrock-agent-runtime',
          operationName: 'InvokeAgent',
          operationRequest: {
            agentId: 'AGENTHIVE1',
            agentAliasId: 'ALIASHIVE1',
            sessionId: 's-1',
            inputText: 'hive 12',
          },
        }),
        dependency('Ask', 905, [
          agentTrace('modelInvocationInput', modelInput),
          agentTrace('modelInvocationOutput', modelOutput(0)),
        ]),
        output('Ask', 910, 'In May.'),
        input('Ask', 1000, 'hive 13'),
        dependency('Ask', 1500, [agentTrace('modelInvocationInput', modelInput)]),
        dependency('Ask', 1600, [agentTrace('modelInvocationOutput', modelOutput(1000))]),
        ...EVENTS.slice(7),
      ],
    });
    await invoke();
    const agent = named('invoke_agent');
    const [first, second, ...more] = runtime.tracing.spans().filter(({ name }) => name === 'chat amazon.nova-pro-v1:0');
    expect(more).to.deep.equal([]);
    const runs = runtime.tracing.spans().filter(({ name }) => name === 'execute_node Ask');
    expect(agent.attributes).to.include({ 'gen_ai.agent.id': 'AGENTHIVE1', 'gen_ai.conversation.id': 's-1' });
    expect(agent.parentSpanContext?.spanId).to.equal(runs[0]?.spanContext().spanId);
    expect(first?.parentSpanContext?.spanId).to.equal(agent.spanContext().spanId);
    expect(second?.parentSpanContext?.spanId).to.equal(runs[1]?.spanContext().spanId);
    expect([first, second].map((span) => times(span!))).to.deep.equal([
      [300, 800],
      [1300, 1800],
    ]);
    expect(first?.attributes).to.include({ 'gen_ai.usage.input_tokens': 21, 'gen_ai.usage.output_tokens': 4 });
    expect(agent.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens');
  });

  it('tells the executions of a node in a loop apart', async () => {
    const looped = (index: number) => ({ executionChain: [{ nodeName: 'Each', index, type: 'Iterator' }] });
    runtime.answer({
      events: [
        input('Ask', 200, 'hive 1', looped(0)),
        input('Ask', 210, 'hive 2', looped(1)),
        output('Ask', 300, 'May'),
        output('Ask', 320, 'June'),
        ...EVENTS.slice(7),
      ],
    });
    await invoke();
    const runs = runtime.tracing.spans().filter(({ name }) => name === 'execute_node Ask');
    expect(runs.map(times)).to.deep.equal([
      [200, 300],
      [210, 320],
    ]);
    expect(runs.map(({ attributes }) => attributes['aws.bedrock.flow.node.iteration'])).to.deep.equal([0, 1]);
    expect(runs.map((run) => json(run, 'mlflow.spanOutputs'))).to.deep.equal([{ answer: 'May' }, { answer: 'June' }]);
  });

  it('has nodes and tokens also if the events have no times', async () => {
    const timeless = EVENTS.map(({ type, payload }) => ({
      type,
      payload: JSON.parse(JSON.stringify(payload, (key, value: unknown) => (key === 'timestamp' ? undefined : value))),
    }));
    runtime.answer({ events: timeless });
    await invoke();
    expect(runtime.tracing.spans()).to.have.length(6);
    expect(named('chat amazon.nova-lite-v1:0').attributes['gen_ai.usage.input_tokens']).to.equal(40);
    // Then a span has the time at which it is recorded, when the flow ends.
    const [, end = 0] = times(flow());
    for (const span of runtime.tracing.spans()) {
      if (span !== flow()) for (const at of times(span)) expect(at, span.name).to.be.closeTo(end, 1000);
    }
  });

  it('has the number of the iteration in the innermost loop', async () => {
    const executionChain = [
      { nodeName: 'Each', index: 3, type: 'Iterator' },
      { nodeName: 'Again', index: 1, type: 'Loop' },
    ];
    runtime.answer({ events: [input('Ask', 200, 'hive 1', { executionChain }), ...EVENTS.slice(3)] });
    await invoke();
    expect(named('execute_node Ask').attributes['aws.bedrock.flow.node.iteration']).to.equal(1);
  });

  it('has one span for a node with conditions and outputs', async () => {
    runtime.answer({
      events: [
        input('Check', 420, 'In May.'),
        conditions('Check', 421, 'isKnown'),
        output('Check', 425, 'yes'),
        ...EVENTS.slice(7),
      ],
    });
    await invoke();
    const [node, ...others] = runtime.tracing.spans().filter(({ name }) => name === 'execute_node Check');
    expect(others).to.deep.equal([]);
    expect(times(node!)).to.deep.equal([420, 425]);
    expect(node?.attributes['aws.bedrock.flow.node.conditions']).to.deep.equal(['isKnown']);
    expect(json(node!, 'mlflow.spanOutputs')).to.deep.equal({ answer: 'yes' });
  });

  it('shows documents under one name as the list that they are', async () => {
    const fields = ['hive 1', 'hive 2'].map((document) => ({ nodeInputName: 'question', content: { document } }));
    runtime.answer({ events: [trace('nodeInputTrace', 'Ask', 200, { fields }), ...EVENTS.slice(3)] });
    await invoke();
    expect(json(named('execute_node Ask'), 'mlflow.spanInputs')).to.deep.equal(fields);
  });

  it('ends well when the flow asks for more input', async () => {
    const asked = { nodeName: 'Talk', nodeType: 'AgentNode', content: { document: 'Which hive?' } };
    runtime.answer({
      headers: HEADERS,
      events: [
        { type: 'flowMultiTurnInputRequestEvent', payload: asked },
        { type: 'flowCompletionEvent', payload: { completionReason: 'INPUT_REQUIRED' } },
      ],
    });
    await invoke();
    expect(flow().attributes).to.include({ 'aws.bedrock.flow.completion_reason': 'INPUT_REQUIRED' });
    expect(flow().attributes).to.not.have.any.keys('error.type');
    expect(json(flow(), 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'Which hive?' }], finish_reason: 'INPUT_REQUIRED' },
    ]);
  });

  it('fails if the stream ends without its closing event, and still has the nodes that ran', async () => {
    runtime.answer({ headers: HEADERS, events: EVENTS.slice(0, 3) });
    await invoke();
    expect(flow().attributes['error.type']).to.equal('incomplete_stream');
    expect(named('chat amazon.nova-lite-v1:0').attributes['gen_ai.usage.input_tokens']).to.equal(40);
    expect(named('execute_node Ask').attributes).to.not.have.any.keys('mlflow.spanOutputs');
  });

  it('fails with the error in the stream, and so does the node that was running', async () => {
    runtime.answer({
      headers: HEADERS,
      events: [
        ...EVENTS.slice(0, 1),
        input('Ask', 200, 'hive 12'),
        {
          type: 'dependencyFailedException',
          messageType: 'exception',
          payload: { message: 'The model is away.', resourceName: 'model' },
        },
      ],
    });
    const failed = await invoke().catch((error: Error) => error.name);
    expect(failed).to.equal('DependencyFailedException');
    expect(flow().attributes['error.type']).to.equal('DependencyFailedException');
    expect(named('execute_node Ask').attributes['error.type']).to.equal('DependencyFailedException');
    expect(named('execute_node Start').attributes).to.not.have.any.keys('error.type');
  });

  it('has the nodes that ran before the application stopped reading', async () => {
    runtime.answer({ headers: HEADERS, events: EVENTS });
    const { responseStream } = await runtime.client.send(new InvokeFlowCommand(INPUT));
    let read = 0;
    for await (const _event of responseStream ?? []) if (++read === 4) break;
    expect(flow().attributes).to.not.have.any.keys('error.type');
    expect(named('execute_node Ask').attributes).to.include.keys('mlflow.spanOutputs');
  });

  it('never asks for a trace by itself', async () => {
    let sent: unknown;
    runtime.answer(({ body }) => {
      sent = body;
      return { events: EVENTS.slice(7) };
    });
    const { enableTrace: _unset, ...request } = INPUT;
    await invoke(request);
    expect(sent).to.not.have.any.keys('enableTrace');
    expect(runtime.tracing.spans()).to.have.length(1);
    expect(flow().attributes).to.not.have.any.keys('aws.bedrock.flow.trace_enabled');
  });

  it('has tree, tokens and ids but no text if content is off', async () => {
    await runtime.trace({ config: { captureMessageContent: false } });
    runtime.answer({ headers: HEADERS, events: EVENTS });
    await invoke();
    expect(runtime.tracing.spans().map(({ name }) => name)).to.have.members([
      'execute_node Start',
      'chat amazon.nova-lite-v1:0',
      'execute_node Ask',
      'execute_node Check',
      'execute_node End',
      'invoke_workflow FLOWHIVE01',
    ]);
    expect(named('chat amazon.nova-lite-v1:0').attributes).to.deep.include({
      'gen_ai.usage.input_tokens': 40,
      'gen_ai.usage.output_tokens': 3,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.response.finish_reasons': ['end_turn'],
      'aws.bedrock.response.latency_ms': 180,
    });
    const written = JSON.stringify(runtime.tracing.spans().map(({ attributes, events }) => [attributes, events]));
    expect(written).to.not.match(/hive 12|May|STOP/);
  });

  it('has models, knowledge bases and numbers of documents of actions also if content is off', async () => {
    await runtime.trace({ config: { captureMessageContent: false } });
    const model = { modelConfiguration: { modelArn: 'amazon.rerank-v1:0' }, numberOfResults: 3 };
    const actions = [
      {
        operationName: 'RetrieveAndGenerate',
        operationRequest: {
          input: { text: 'hive 12' },
          retrieveAndGenerateConfiguration: {
            knowledgeBaseConfiguration: {
              knowledgeBaseId: 'KBBEES0001',
              modelArn: 'amazon.nova-pro-v1:0',
              generationConfiguration: {
                inferenceConfig: { textInferenceConfig: { maxTokens: 9 } },
                guardrailConfiguration: { guardrailId: 'gr1', guardrailVersion: '2' },
              },
            },
          },
        },
        operationResponse: { output: { text: 'In May.' }, guardrailAction: 'NONE' },
      },
      {
        operationName: 'Rerank',
        operationRequest: {
          queries: [{ textQuery: { text: 'hive 12' } }],
          rerankingConfiguration: { bedrockRerankingConfiguration: model },
        },
        operationResponse: { results: [{ index: 1, relevanceScore: 0.5 }] },
      },
      {
        operationName: 'Retrieve',
        operationRequest: {
          knowledgeBaseId: 'KBBEES0001',
          retrievalQuery: { text: 'hive 12' },
          retrievalConfiguration: { vectorSearchConfiguration: { numberOfResults: 4 } },
        },
        operationResponse: { retrievalResults: [{ content: { text: 'In May.' } }, {}] },
      },
    ].map((members, index) => action('Ask', 300 + index, members));
    runtime.answer({ events: [input('Ask', 200, 'hive 12'), ...actions, ...EVENTS.slice(3)] });
    await invoke();
    expect(named('chat amazon.nova-pro-v1:0').attributes).to.include({
      'aws.bedrock.knowledge_base.id': 'KBBEES0001',
      'gen_ai.request.max_tokens': 9,
      'aws.bedrock.guardrail.id': 'gr1',
      'aws.bedrock.guardrail.action': 'NONE',
    });
    expect(named('rerank amazon.rerank-v1:0').attributes).to.include({
      'gen_ai.retrieval.top_k': 3,
      'aws.bedrock.retrieval.document.count': 1,
    });
    expect(named('retrieval KBBEES0001').attributes).to.include({
      'gen_ai.retrieval.top_k': 4,
      'aws.bedrock.retrieval.document.count': 2,
    });
    const written = JSON.stringify(runtime.tracing.spans().map(({ attributes, events }) => [attributes, events]));
    expect(written).to.not.match(/hive 12|May/);
  });

  it('keeps a trace of any length within maxRecordLength, with all nodes and tokens', async () => {
    await runtime.trace({ config: { maxRecordLength: 5000 } });
    const long = Array.from({ length: 40 }, (_, index) => [
      input('Ask', 1000 + index * 10, 'When do bees swarm? '.repeat(20)),
      action('Ask', 1005 + index * 10, {
        operationName: 'InvokeModel',
        operationRequest: { modelId: 'amazon.nova-lite-v1:0' },
        operationResponse: { usage: { inputTokens: 2, outputTokens: 1 } },
      }),
      output('Ask', 1008 + index * 10, 'In May. '.repeat(20)),
    ]);
    runtime.answer({ headers: HEADERS, events: [...long.flat(), ...EVENTS.slice(7)] });
    await invoke();
    const calls = runtime.tracing.spans().filter(({ name }) => name.startsWith('chat '));
    expect(calls).to.have.length(40);
    const tokens = calls.reduce((sum, { attributes }) => sum + Number(attributes['gen_ai.usage.input_tokens']), 0);
    expect(tokens).to.equal(80);
    const contents = runtime.tracing
      .spans()
      .flatMap(({ attributes }) =>
        ['gen_ai.input.messages', 'gen_ai.output.messages', 'mlflow.spanInputs', 'mlflow.spanOutputs'].map(
          (name) => String(attributes[name] ?? '').length,
        ),
      );
    expect(contents.reduce((sum, length) => sum + length, 0)).to.be.below(10_000);
  });

  /** Reads events without the cost of sending them. */
  const createReader = (options: { withContent: boolean }) =>
    invokeFlow.stream?.createReader(invokeFlow.readRequest(INPUT, {}), {}, { maxRecordLength: 100_000, ...options });

  it('keeps the memory of a stream that does not end within limits: 10,000 events and 32 agents', () => {
    const events = (count: number, kind: string, members: object): object[] =>
      Array.from({ length: count }, (_, index) => ({
        flowTraceEvent: { trace: { [kind]: { nodeName: `Node${index}`, timestamp: new Date(index), ...members } } },
      }));
    const stepsOf = (stream: object[]): readonly { readonly steps: readonly unknown[] }[] => {
      const reader = createReader({ withContent: false });
      for (const event of stream) reader?.read(event);
      return reader?.answer(true).steps ?? [];
    };
    expect(stepsOf(events(10_001, 'nodeInputTrace', {}))).to.have.length(10_000);
    const agentTraces = [agentTrace('modelInvocationInput', modelInput)];
    const nodes = stepsOf(events(40, 'nodeDependencyTrace', { traceElements: { agentTraces } }));
    expect(nodes).to.have.length(40);
    expect(nodes.filter(({ steps }) => steps.length > 0)).to.have.length(32);
  });

  it('reads events of the trace that are newer than the SDK', () => {
    const reader = createReader({ withContent: true });
    const { payload } = CONVERSE as { payload: { trace: { nodeActionTrace: object } } };
    reader?.read({ flowTraceEvent: { trace: { $unknown: ['nodeActionTrace', payload.trace.nodeActionTrace] } } });
    const [node] = reader?.answer(true).steps ?? [];
    expect(node?.start?.toISOString()).to.equal(time(400));
    expect(node?.steps[0]?.answer?.usage).to.deep.equal({ inputTokens: 40, outputTokens: 3 });
  });

  it('never throws for a trace of wrong types', async () => {
    runtime.answer({
      events: [
        trace('nodeInputTrace', 'Ask', 1, { fields: 'none' }),
        trace('nodeActionTrace', 'Ask', 2, {
          operationRequest: [1],
          operationResponse: 'text',
          operationName: 'Converse',
        }),
        trace('nodeActionTrace', 'Ask', 3, {
          operationRequest: { body: 7 },
          operationResponse: { body: '[' },
          operationName: 'InvokeModel',
        }),
        trace('conditionNodeResultTrace', 'Ask', 4, { satisfiedConditions: [null] }),
        trace('newTrace', 'Ask', 5, {}),
        ...EVENTS.slice(7),
      ],
    });
    const outcome = await outcomeOf(() => runtime.client.send(new InvokeFlowCommand(INPUT)));
    expect(outcome).to.not.have.property('error');
    expect(flow().attributes).to.not.have.any.keys('error.type');
  });

  const recordings = readAgentRuntimeRecordings(['InvokeFlow']);
  for (const recording of recordings ?? []) {
    it(`reads ${recording.id} and leaves its answer as it is`, async () => {
      const [, , flowIdentifier, , flowAliasIdentifier] = recording.request.path.split('/');
      const request = { ...recording.request.body, flowIdentifier, flowAliasIdentifier } as InvokeFlowCommandInput;
      runtime.answer(replayed(recording));
      const call = () => outcomeOf(() => runtime.client.send(new InvokeFlowCommand(request)));
      const traced = await call();
      const spans = runtime.tracing.spans();
      runtime.tracing.instrumentation.disable();
      expect(traced).to.deep.equal(await call());
      const root = spans.find(({ name }) => name === `invoke_workflow ${flowIdentifier}`)!;
      const { flow: expected, error } = recording.expected;
      expect(root.attributes['error.type'] === undefined).to.equal(error === null);
      expect(root.attributes['aws.bedrock.flow.execution_id']).to.equal(expected?.execution_id);
      expect(root.attributes['aws.bedrock.flow.completion_reason']).to.equal(expected?.completion_reason);
      const { outputs = [] } = (json(root, 'mlflow.spanOutputs') ?? {}) as {
        outputs?: { nodeName: string; content: { document: unknown } }[];
      };
      expect(outputs.map(({ nodeName, content }) => ({ node: nodeName, document: content.document }))).to.deep.equal(
        (expected?.outputs ?? []).map(({ node, document }) => ({ node, document })),
      );
      const nodes = new Set((expected?.traces ?? []).map(({ node }) => `execute_node ${node}`));
      const found = new Set(spans.map(({ name }) => name).filter((name) => name.startsWith('execute_node')));
      expect([...found].sort()).to.deep.equal([...nodes].sort());
    });
  }
  if (!recordings) it('reads the recordings beside the repository');
});
