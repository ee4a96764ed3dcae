/** What `langchainHandler` does with callbacks as LangChain rarely makes them. Real agents: `examples/test`. */

import { DiagLogLevel, diag, SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { setContentConfig } from '../../src/current-trace/content-config.js';
import { CurrentTraceProcessor } from '../../src/current-trace/current-trace.js';
import { langchainHandler } from '../../src/index.js';
import { LangChainHandler } from '../../src/langchain/handler.js';
import { json, type Recording, recordSpans } from '../support/spans.js';

const GRAPH = { id: ['langgraph', 'pregel', 'CompiledStateGraph'] };

describe('langchainHandler', () => {
  let recording: Recording;
  beforeEach(() => {
    recording = recordSpans(new CurrentTraceProcessor());
  });
  afterEach(async () => {
    setContentConfig(undefined);
    await recording.stop();
  });

  it('ends a span whose values cannot be read', () => {
    const hostile = {
      get messages(): unknown {
        throw new Error('no');
      },
    };
    langchainHandler.handleChainStart(GRAPH, hostile, 'run-1', undefined, [], {}, undefined, 'graph');
    langchainHandler.handleChainEnd(hostile, 'run-1');
    expect(recording.span('graph').attributes).to.not.have.any.keys('mlflow.spanInputs', 'mlflow.spanOutputs');
  });

  it('ignores runs without a description, and ends that it does not know', () => {
    const start = langchainHandler.handleChainStart.bind(langchainHandler) as (...args: unknown[]) => void;
    start(undefined, undefined, 'run-2');
    start({ id: 'odd' }, null, 'run-3', 'unknown', null, null);
    for (const run of ['run-2', 'run-3', 'run-4']) langchainHandler.handleChainEnd({}, run);
    langchainHandler.handleToolError(undefined, 'run-5');
    expect(recording.spans()).to.deep.equal([]);
  });

  it('takes steps below a run without a span as steps of the run above it', () => {
    langchainHandler.handleChainStart(GRAPH, {}, 'graph', undefined, [], {}, undefined, 'graph');
    const sequence = { id: ['langchain_core', 'runnables', 'RunnableSequence'] };
    langchainHandler.handleChainStart(sequence, {}, 'sequence', 'graph');
    langchainHandler.handleToolStart({}, 'Paris', 'tool', 'sequence', [], {}, 'find');
    langchainHandler.handleToolEnd({ sky: 'blue' }, 'tool');
    langchainHandler.handleChainEnd({}, 'sequence');
    expect(recording.spans().map(({ name }) => name)).to.deep.equal(['find']);
    langchainHandler.handleChainEnd({}, 'graph');
    const [tool, graph] = [recording.span('find'), recording.span('graph')];
    expect(tool.parentSpanContext?.spanId).to.equal(graph.spanContext().spanId);
    expect(json(tool.attributes, 'mlflow.spanInputs')).to.equal('Paris');
    expect(json(tool.attributes, 'gen_ai.tool.call.result')).to.deep.equal({ sky: 'blue' });
  });

  it('names steps after the run, else after the tool or the class', () => {
    langchainHandler.handleToolStart({ name: 'find' }, '', 'tool');
    langchainHandler.handleToolStart({}, '', 'nameless tool');
    langchainHandler.handleChainStart(GRAPH, {}, 'graph', undefined, [], {}, undefined, 'graph');
    langchainHandler.handleRetrieverStart({ id: ['shop', 'Guides'] }, '', 'retriever', 'graph');
    langchainHandler.handleRetrieverStart({}, '', 'nameless retriever', 'graph');
    const agent = { ls_integration: 'langchain_create_agent', thread_id: 7 };
    langchainHandler.handleChainStart(GRAPH, {}, 'agent', 'graph', [], agent, undefined, 'LangGraph');
    for (const run of ['tool', 'nameless tool']) langchainHandler.handleToolEnd('', run);
    for (const run of ['retriever', 'nameless retriever']) langchainHandler.handleRetrieverEnd(undefined, run);
    for (const run of ['agent', 'graph']) langchainHandler.handleChainEnd({}, run);
    const spans = recording.spans();
    expect(spans.map(({ name }) => name)).to.deep.equal(['find', 'tool', 'Guides', 'retriever', 'LangGraph', 'graph']);
    expect(recording.span('LangGraph').attributes).to.include({ 'mlflow.spanType': 'AGENT' });
    expect(recording.span('LangGraph').attributes).to.not.have.property('gen_ai.conversation.id');
  });

  it('takes the command of a subgraph for a result, and a thrown null for an error', () => {
    for (const run of ['parent', 'null'])
      langchainHandler.handleChainStart(GRAPH, {}, run, undefined, [], {}, undefined, run);
    langchainHandler.handleChainError({ is_bubble_up: true, command: { goto: 'writer' } }, 'parent');
    langchainHandler.handleChainError(null, 'null');
    expect(json(recording.span('parent').attributes, 'mlflow.spanOutputs')).to.deep.equal({ goto: 'writer' });
    expect(['parent', 'null'].map((name) => recording.span(name).status.code)).to.deep.equal([
      SpanStatusCode.UNSET,
      SpanStatusCode.ERROR,
    ]);
  });

  it('records a text of a tool as it is if it only looks like JSON', () => {
    langchainHandler.handleToolStart({}, '{Paris', 'tool', undefined, [], {}, 'find');
    langchainHandler.handleToolEnd(new Map([['sky', 'blue']]), 'tool');
    expect(json(recording.span('find').attributes, 'mlflow.spanInputs')).to.equal('{Paris');
  });

  it('keeps the digits of numbers in what a tool gets and returns', () => {
    const result = (content: string) => ({ content, getType: () => 'tool' });
    const record = (name: string, input: string, content: string): unknown[] => {
      langchainHandler.handleToolStart({}, input, name, undefined, [], {}, name);
      langchainHandler.handleToolEnd(result(content), name);
      const { attributes } = recording.span(name);
      return [attributes['mlflow.spanInputs'], attributes['mlflow.spanOutputs']];
    };
    const long = '{"id":9007199254740993}';
    expect(record('object', long, `[${long}]`)).to.deep.equal([long, `[${long}]`]);
    expect(record('text', '9007199254740993', '1e3')).to.deep.equal(['"9007199254740993"', '"1e3"']);
  });

  it('starts one span for a run whose start LangChain reports twice', async () => {
    await recording.stop();
    const names: string[] = [];
    const starts = new CurrentTraceProcessor();
    starts.onStart = ({ name }) => void names.push(name);
    recording = recordSpans(starts);
    for (let report = 0; report < 2; report++)
      langchainHandler.handleToolStart({}, '', 'twice', undefined, [], {}, 'find');
    for (let report = 0; report < 2; report++) langchainHandler.handleToolEnd('blue', 'twice');
    expect(names).to.deep.equal(['find']);
    expect(json(recording.span('find').attributes, 'mlflow.spanOutputs')).to.equal('blue');
  });

  it('ends the span of the oldest run when too many never end', () => {
    setContentConfig(resolveConfig({ captureMessageContent: false }, {}, () => {}));
    const handler = new LangChainHandler();
    for (let run = 0; run <= 10_000; run++) {
      handler.handleToolStart({}, '', `run ${run}`, undefined, [], {}, `left ${run}`);
    }
    expect(recording.spans().map(({ name }) => name)).to.deep.equal(['left 0']);
    for (let run = 1; run <= 10_000; run++) handler.handleToolEnd('', `run ${run}`);
  });

  it('warns once if LangChain runs its steps without a context', () => {
    const warnings: string[] = [];
    const logger = {
      error() {},
      warn: (message: string) => void warnings.push(message),
      info() {},
      debug() {},
      verbose() {},
    };
    diag.setLogger(logger, DiagLogLevel.WARN);
    const handler = new LangChainHandler();
    handler.handleRetrieverStart({}, '', 'run-1', undefined, [], {}, 'guides');
    expect(warnings).to.deep.equal([]);
    for (const run of ['run-2', 'run-3']) handler.handleToolStart({}, '', run, undefined, [], {}, 'find');
    for (const run of ['run-1', 'run-2', 'run-3']) handler.handleToolEnd('', run);
    diag.disable();
    expect(warnings).to.deep.equal([
      'mlflow-bedrock: LangChain runs its steps without a context here, so calls to Bedrock inside of them are not ' +
        "children of their spans. Without LangGraph, import '@langchain/core/context' once where the application starts.",
    ]);
  });

  it('records no content if content is off, also of errors', () => {
    setContentConfig(resolveConfig({ captureMessageContent: false }, {}, () => {}));
    langchainHandler.handleChainStart(GRAPH, { topic: 'secret' }, 'run-6', undefined, [], {}, undefined, 'graph');
    langchainHandler.handleToolStart({}, '{"topic":"secret"}', 'run-7', 'run-6', [], {}, 'find');
    langchainHandler.handleToolEnd({ content: 'secret', getType: () => 'tool' }, 'run-7');
    langchainHandler.handleRetrieverStart({}, 'secret', 'run-8', 'run-6', [], {}, 'guides');
    langchainHandler.handleRetrieverEnd([{ pageContent: 'secret' }], 'run-8');
    langchainHandler.handleChainError(new Error('secret'), 'run-6');
    const spans = recording
      .spans()
      .map(({ name, attributes, status, events }) => ({ name, attributes, status, events }));
    expect(spans.map(({ name }) => name)).to.deep.equal(['find', 'guides', 'graph']);
    expect(JSON.stringify(spans)).to.not.contain('secret');
  });
});
