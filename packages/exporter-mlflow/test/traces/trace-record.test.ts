import { context, type HrTime, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { buildRecord } from '../../src/export/trace/record.js';
import { sumUp } from '../../src/export/trace/totals.js';
import { Trace } from '../../src/export/trace/trace.js';
import type { WireTraceInfo } from '../../src/mlflow/wire-types.js';
import { chatAttributes, childSpan, recordSpans } from '../support/tracing.js';

const CONTEXT = { experimentId: '3', runId: undefined, sourceName: 'app.ts', user: 'ada' };

function recordOf(spans: ReadableSpan[], context = {}): WireTraceInfo {
  const trace = new Trace(spans[0]!.spanContext().traceId);
  trace.observe(spans);
  return buildRecord(spans.at(-1)!, trace.factsOf(spans.at(-1)!), { ...CONTEXT, ...context });
}
function rootWith(attributes: Record<string, string | number>): WireTraceInfo {
  return recordOf(recordSpans((tracer) => tracer.startSpan('root', { attributes }).end()));
}

describe('the trace record', () => {
  it('holds everything that the server needs of a plain root span', () => {
    const [root] = recordSpans((tracer) => {
      const span = tracer.startSpan('GET /', { startTime: [1_790_000_000, 5_000_000] });
      span.end([1_790_000_000, 55_900_000]);
    });
    expect(recordOf([root!])).to.deep.equal({
      trace_id: `tr-${root!.spanContext().traceId}`,
      trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '3' } },
      request_time: '2026-09-21T14:13:20.005Z',
      execution_duration: '0.051s',
      state: 'OK',
      trace_metadata: {
        'mlflow.user': 'ada',
        'mlflow.source.name': 'app.ts',
        'mlflow.source.type': 'LOCAL',
        'mlflow.trace_schema.version': '3',
      },
      tags: { 'mlflow.traceName': 'GET /' },
    });
  });

  it('is an error if the root is one', () => {
    const spans = recordSpans((tracer) => tracer.startSpan('root').setStatus({ code: SpanStatusCode.ERROR }).end());
    expect(recordOf(spans).state).to.equal('ERROR');
  });

  it('has the state that the application set, whatever the status of the root', () => {
    const stateOf = (state: string, code: SpanStatusCode): string =>
      recordOf(
        recordSpans((tracer) =>
          tracer
            .startSpan('root', { attributes: { 'mlflow.traceState': state } })
            .setStatus({ code })
            .end(),
        ),
      ).state;
    expect(stateOf('OK', SpanStatusCode.ERROR)).to.equal('OK');
    expect(stateOf('ERROR', SpanStatusCode.OK)).to.equal('ERROR');
    for (const other of ['IN_PROGRESS', 'ok', '']) expect(stateOf(other, SpanStatusCode.ERROR)).to.equal('ERROR');
  });

  it('takes previews from the model calls if the root has none', () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('GET /');
      childSpan(tracer, root, 'chat', chatAttributes('first question', 'first answer'));
      childSpan(tracer, root, 'tool', { 'mlflow.spanInputs': 'tool input' });
      childSpan(tracer, root, 'chat', chatAttributes('second question', 'last answer'));
      root.end();
    });
    expect(recordOf(spans)).to.deep.include({ request_preview: 'first question', response_preview: 'last answer' });
  });

  for (const [kind, request, response] of [
    [SpanKind.CLIENT, 'agent question', 'agent answer'],
    [SpanKind.INTERNAL, 'prompt', 'thought'],
  ] as const) {
    it(`takes previews of ${kind === SpanKind.CLIENT ? 'an agent in another service' : 'the model calls of an agent here'}`, () => {
      const spans = recordSpans((tracer) => {
        const root = tracer.startSpan('GET /', { startTime: [1_790_000_000, 0] });
        const inRoot = trace.setSpan(context.active(), root);
        const attributes = {
          ...chatAttributes('agent question', 'agent answer'),
          'gen_ai.operation.name': 'invoke_agent',
        };
        const agent = tracer.startSpan('agent', { kind, attributes, startTime: [1_790_000_001, 0] }, inRoot);
        const chat = { attributes: chatAttributes('prompt', 'thought'), startTime: [1_790_000_002, 0] as HrTime };
        tracer.startSpan('chat', chat, trace.setSpan(inRoot, agent)).end([1_790_000_003, 0]);
        agent.end([1_790_000_004, 0]);
        root.end([1_790_000_005, 0]);
      });
      expect(recordOf(spans)).to.deep.include({ request_preview: request, response_preview: response });
    });
  }

  it('takes previews of an agent or a flow in another service also if its clock differs', () => {
    for (const operation of ['invoke_agent', 'invoke_workflow']) {
      const spans = recordSpans((tracer) => {
        const root = tracer.startSpan('GET /', { startTime: [1_790_000_000, 0] });
        const inRoot = trace.setSpan(context.active(), root);
        const attributes = { ...chatAttributes('question', 'answer'), 'gen_ai.operation.name': operation };
        const options = { kind: SpanKind.CLIENT, attributes, startTime: [1_790_000_002, 0] as HrTime };
        const agent = tracer.startSpan('agent', options, inRoot);
        const chat = { attributes: chatAttributes('prompt', 'thought'), startTime: [1_790_000_001, 0] as HrTime };
        tracer.startSpan('chat', chat, trace.setSpan(inRoot, agent)).end([1_790_000_004, 0]);
        agent.end([1_790_000_003, 0]);
        root.end([1_790_000_005, 0]);
      });
      expect(recordOf(spans), operation).to.deep.include({ request_preview: 'question', response_preview: 'answer' });
    }
  });

  it('prefers previews of the root, and most of all those that the application set', () => {
    const build = (attributes: Record<string, string>): WireTraceInfo =>
      recordOf(
        recordSpans((tracer) => {
          const root = tracer.startSpan('agent', { attributes });
          childSpan(tracer, root, 'chat', chatAttributes('chat question', 'chat answer'));
          root.end();
        }),
      );
    const own = { 'mlflow.spanInputs': '"plan"', 'mlflow.spanOutputs': '"planned"' };
    expect(build(own)).to.deep.include({ request_preview: 'plan', response_preview: 'planned' });
    const wished = { ...own, 'mlflow.traceRequestPreview': 'my request', 'mlflow.traceResponsePreview': 'my response' };
    expect(build(wished)).to.deep.include({ request_preview: 'my request', response_preview: 'my response' });
  });

  it('holds the first session and the first user of any span', () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('root');
      childSpan(tracer, root, 'a', { 'session.id': 's-1' });
      childSpan(tracer, root, 'b', { 'session.id': 's-2', 'user.id': 'u-1' });
      root.end();
    });
    expect(recordOf(spans).trace_metadata).to.deep.include({
      'mlflow.trace.session': 's-1',
      'mlflow.trace.user': 'u-1',
    });
  });

  it('holds name, tags, metadata, run and request id from the attributes of the root', () => {
    const info = rootWith({
      'mlflow.traceTag.mlflow.traceName': 'nice name',
      'mlflow.traceTag.team': 'a',
      'mlflow.traceTag.count': 3,
      'mlflow.traceTag.mlflow.trace.spansLocation': 'ARTIFACT_REPO',
      'mlflow.traceMetadata.release': '1.2',
      'mlflow.sourceRun': 'run-of-root',
      'mlflow.clientRequestId': 'req-1',
    });
    expect(info.tags).to.deep.equal({ 'mlflow.traceName': 'nice name', team: 'a', count: '3' });
    expect(info.trace_metadata).to.deep.include({ release: '1.2', 'mlflow.sourceRun': 'run-of-root' });
    expect(info.client_request_id).to.equal('req-1');
  });

  it('belongs to the run of the exporter unless the root names another', () => {
    const plain = recordSpans((tracer) => tracer.startSpan('root').end());
    expect(recordOf(plain, { runId: 'run-1' }).trace_metadata).to.deep.include({ 'mlflow.sourceRun': 'run-1' });
  });

  it('belongs to the logged model that the root names, else to that of the process', () => {
    const spans = recordSpans((tracer) => tracer.startSpan('root').end());
    expect(recordOf(spans).trace_metadata).not.to.have.property('mlflow.modelId');
    expect(recordOf(spans, { modelId: 'm-1' }).trace_metadata).to.deep.include({ 'mlflow.modelId': 'm-1' });
    const named = recordSpans((tracer) => tracer.startSpan('root', { attributes: { 'mlflow.modelId': 'm-2' } }).end());
    expect(recordOf(named, { modelId: 'm-1' }).trace_metadata).to.deep.include({ 'mlflow.modelId': 'm-2' });
  });

  it('names the repository of the program, unless the application set another one', () => {
    const git = { 'mlflow.source.git.branch': 'main', 'mlflow.source.git.commit': 'abc' };
    const attributes = { 'mlflow.traceMetadata.mlflow.source.git.branch': 'release' };
    const spans = recordSpans((tracer) => tracer.startSpan('root', { attributes }).end());
    expect(recordOf(spans, { git }).trace_metadata).to.deep.include({
      'mlflow.source.git.branch': 'release',
      'mlflow.source.git.commit': 'abc',
    });
  });

  it('links the prompts of all spans, each once, and stays readable JSON', () => {
    const prompt = (name: string, version: string | number): string => JSON.stringify([{ name, version }]);
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('root', { attributes: { 'mlflow.linkedPrompts': prompt('a', 1) } });
      childSpan(tracer, root, 'again', { 'mlflow.linkedPrompts': prompt('a', '1') });
      childSpan(tracer, root, 'other', { 'mlflow.linkedPrompts': prompt('b', '2') });
      childSpan(tracer, root, 'broken', { 'mlflow.linkedPrompts': '[{"name":' });
      childSpan(tracer, root, 'odd', { 'mlflow.linkedPrompts': '[{"name":7},null,"x"]' });
      for (let index = 0; index < 200; index++) {
        childSpan(tracer, root, 'many', { 'mlflow.linkedPrompts': prompt('x'.repeat(30), index) });
      }
      root.end();
    });
    const tag = recordOf(spans).tags?.['mlflow.linkedPrompts'] ?? '';
    // MLflow returns no more characters of a tag.
    expect(tag.length).to.be.within(4000, 4096);
    expect((JSON.parse(tag) as unknown[]).slice(0, 2)).to.deep.equal([
      { name: 'a', version: '1' },
      { name: 'b', version: '2' },
    ]);
  });

  it('names the service if there is no program name', () => {
    const plain = recordSpans((tracer) => tracer.startSpan('root').end());
    const { trace_metadata: metadata } = recordOf(plain, { sourceName: undefined });
    expect(metadata).to.deep.include({ 'mlflow.source.name': 'exporter-test' });
  });

  it('fits the columns of the server, whatever the application wrote', () => {
    const long = 'x'.repeat(10_000);
    const info = rootWith({
      'mlflow.traceRequestPreview': `${'x'.repeat(996)}😀😀😀`,
      'mlflow.traceResponsePreview': `nul \0 and half \ud83d`,
      'mlflow.clientRequestId': long,
      'mlflow.traceTag.mlflow.traceName': long,
      'mlflow.traceTag.t': long,
      [`mlflow.traceMetadata.${long}`]: long,
      'session.id': long,
    });
    expect(info.request_preview).to.equal(`${'x'.repeat(996)}...`);
    expect(info.response_preview).to.equal('nul \ufffd and half \ufffd');
    expect(info.client_request_id).to.have.length(50);
    expect(info.tags?.['mlflow.traceName']).to.have.length(4096);
    expect(info.tags?.['t']).to.have.length(8000);
    expect(info.trace_metadata?.['mlflow.trace.session']).to.have.length(250);
    const [key = '', value = ''] =
      Object.entries(info.trace_metadata ?? {}).find(([name]) => name.startsWith('xxx')) ?? [];
    expect([key.length, value.length]).to.deep.equal([250, 8000]);
  });
});

describe('totals of a trace', () => {
  const usage = (inputTokens: number): { inputTokens: number; outputTokens: number; totalTokens: number } => ({
    inputTokens,
    outputTokens: 1,
    totalTokens: inputTokens + 1,
  });

  it('are the sum of the spans', () => {
    const spans = [
      { spanId: 'root' },
      { spanId: 'a', parentSpanId: 'root', tokenUsage: { ...usage(10), cacheReadInputTokens: 4 } },
      { spanId: 'b', parentSpanId: 'root', tokenUsage: usage(5), cost: { inputCost: 1, outputCost: 2, totalCost: 3 } },
    ];
    expect(sumUp(spans)).to.deep.equal({
      tokenUsage: { inputTokens: 15, outputTokens: 2, totalTokens: 17, cacheReadInputTokens: 4 },
      cost: { inputCost: 1, outputCost: 2, totalCost: 3 },
    });
  });

  it('count a parent instead of what is below it, however deep and in any order', () => {
    const spans = [
      { spanId: 'deep', parentSpanId: 'between', tokenUsage: usage(7) },
      { spanId: 'between', parentSpanId: 'agent' },
      { spanId: 'agent', parentSpanId: 'missing', tokenUsage: usage(100) },
      { spanId: 'beside', parentSpanId: 'missing', tokenUsage: usage(1) },
    ];
    expect(sumUp(spans).tokenUsage?.inputTokens).to.equal(101);
  });

  it('are absent, not zero, if no span has figures', () => {
    expect(sumUp([{ spanId: 'a' }])).to.deep.equal({});
    expect(sumUp([])).to.deep.equal({});
  });

  it('take a trace thousands of spans deep', () => {
    const spans = Array.from({ length: 20_000 }, (_, n) => ({ spanId: `${n}`, parentSpanId: `${n - 1}` }));
    const deepest = { spanId: 'end', parentSpanId: '19999', tokenUsage: usage(3) };
    expect(sumUp([...spans, deepest]).tokenUsage?.inputTokens).to.equal(3);
  });
});
