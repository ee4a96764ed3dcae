import { randomBytes } from 'node:crypto';
import {
  type Attributes,
  context,
  type Span,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig, type MlflowTraceInfo } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { RECORD, startFaultProxy } from '../support/fault-proxy.js';
import { chatAttributes, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

const START = 1_790_000_000_000;

/** Starts a span below a parent, `at` and `until` in milliseconds from the start of all traces here. */
function spanBelow(
  tracer: Tracer,
  parent: Span | undefined,
  name: string,
  { at = 0, until = at + 100, ...attributes }: Attributes & { at?: number; until?: number } = {},
): { span: Span; end: (failure?: string) => void } {
  const above = parent === undefined ? context.active() : trace.setSpan(context.active(), parent);
  const span = tracer.startSpan(name, { startTime: START + at, attributes }, above);
  return {
    span,
    end(failure) {
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end(START + until);
    },
  };
}

describe('a trace whose root does not reach the exporter', () => {
  const mlflow = useMlflow();
  let exporters: MlflowSpanExporter[];
  let experimentName: string;
  beforeEach(() => {
    exporters = [];
    experimentName = uniqueName('without-root');
  });
  afterEach(() => Promise.all(exporters.map((exporter) => exporter.shutdown())));

  function newExporter(config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, experimentName, ...config });
    exporters.push(exporter);
    return exporter;
  }
  async function send(exporter: MlflowSpanExporter, ...batches: ReadableSpan[][]): Promise<void> {
    for (const batch of batches) expect((await exportSpans(exporter, batch)).code).to.equal(SUCCESS);
    await exporter.forceFlush();
  }
  const infoOf = ([span]: ReadableSpan[]): Promise<MlflowTraceInfo> =>
    mlflow.client.getTraceInfo(span!.spanContext().traceId);
  const named = (spans: ReadableSpan[], ...names: string[]): ReadableSpan[] =>
    spans.filter(({ name }) => names.includes(name));
  const tokens = (inputTokens: number, outputTokens: number): object => ({
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
  });

  /** A request that runs an agent, whose model call has 10 and 5 tokens. */
  const agentRequest = (): ReadableSpan[] =>
    recordSpans((tracer) => {
      const request = spanBelow(tracer, undefined, 'POST /trip', { at: 0, until: 3000 });
      const agent = spanBelow(tracer, request.span, 'plan trip', {
        at: 500,
        until: 2500,
        'mlflow.traceTag.team': 'travel',
        'mlflow.clientRequestId': 'req-7',
        'session.id': 's-1',
        'user.id': 'ada',
      });
      spanBelow(tracer, agent.span, 'chat', { at: 1000, ...chatAttributes('Where to?', 'To Oslo.') }).end();
      agent.end();
      request.end();
    });

  it('has the record of its topmost span if a filter keeps the root out', async () => {
    const spans = named(agentRequest(), 'plan trip', 'chat');
    await send(newExporter(), spans);
    expect(await infoOf(spans)).to.deep.include({
      state: 'OK',
      name: 'plan trip',
      durationMillis: 2000,
      requestTime: new Date(START + 500),
      requestPreview: 'Where to?',
      responsePreview: 'To Oslo.',
      clientRequestId: 'req-7',
      sessionId: 's-1',
      userId: 'ada',
      tokenUsage: tokens(10, 5),
    });
    expect((await infoOf(spans)).tags).to.include({ team: 'travel' });
  });

  it('has it after shutdown(), and whatever the order of the batches', async () => {
    const [chat, agent] = named(agentRequest(), 'plan trip', 'chat');
    const exporter = newExporter();
    await exportSpans(exporter, [agent!]);
    await exportSpans(exporter, [chat!]);
    await exporter.shutdown();
    expect(await infoOf([chat!])).to.deep.include({ state: 'OK', name: 'plan trip', tokenUsage: tokens(10, 5) });
  });

  it('is named by the first of several topmost spans, lasts as long as all, and failed if one did', async () => {
    const several = (failure?: string): ReadableSpan[] =>
      recordSpans((tracer) => {
        const request = spanBelow(tracer, undefined, 'POST /both', { until: 9000 });
        const second = spanBelow(tracer, request.span, 'second', { at: 2000, until: 4000 });
        const first = spanBelow(tracer, request.span, 'first', { at: 1000, until: 1500 });
        // A failure below a topmost span was dealt with.
        spanBelow(tracer, first.span, 'attempt', { at: 1100 }).end('refused');
        second.end(failure);
        first.end();
        request.end();
      });
    const [fine, failed] = [several(), several('timeout')].map((spans) => named(spans, 'first', 'second', 'attempt'));
    await send(newExporter(), fine!, failed!);
    expect(await infoOf(fine!)).to.deep.include({ name: 'first', state: 'OK', durationMillis: 3000 });
    expect(await infoOf(failed!)).to.deep.include({ name: 'first', state: 'ERROR', durationMillis: 3000 });
  });

  it('did not fail if its topmost span outlasted a failed call, even with the span between them missing', async () => {
    const spans = recordSpans((tracer) => {
      const request = spanBelow(tracer, undefined, 'POST /trip', { until: 9000 });
      const agent = spanBelow(tracer, request.span, 'plan trip', { at: 1000, until: 5000 });
      const step = spanBelow(tracer, agent.span, 'step', { at: 1000, until: 4000 });
      spanBelow(tracer, step.span, 'attempt', { at: 1000 }).end('refused');
      spanBelow(tracer, step.span, 'next attempt', { at: 2000 }).end();
      agent.end();
      spanBelow(tracer, request.span, 'check', { at: 1500, until: 1600 }).end('refused');
    });
    const exporter = newExporter();
    await send(exporter, named(spans, 'plan trip', 'attempt'));
    expect(await infoOf(spans)).to.deep.include({ name: 'plan trip', state: 'OK' });
    await send(exporter, named(spans, 'next attempt'));
    expect(await infoOf(spans)).to.deep.include({ name: 'plan trip', state: 'OK' });
    await send(exporter, named(spans, 'check'));
    expect(await infoOf(spans)).to.deep.include({ name: 'plan trip', state: 'ERROR' });
  });

  it('is named by the first of several calls that began in the same millisecond', async () => {
    const spans = recordSpans((tracer) => {
      const request = spanBelow(tracer, undefined, 'POST /trip', { at: 0 });
      spanBelow(tracer, request.span, 'plan trip', { at: 1, until: 2 }).end();
      spanBelow(tracer, request.span, 'book trip', { at: 1, until: 3 }).end();
      request.end();
    });
    await send(newExporter(), named(spans, 'plan trip', 'book trip'));
    expect(await infoOf(spans)).to.deep.include({ name: 'plan trip' });
  });

  it('gets the record of its root when that arrives after a flush', async () => {
    const spans = agentRequest();
    const exporter = newExporter();
    await send(exporter, named(spans, 'chat'));
    expect(await infoOf(spans)).to.deep.include({ state: 'OK', name: 'chat', durationMillis: 100 });
    await send(exporter, named(spans, 'plan trip'));
    expect(await infoOf(spans)).to.deep.include({ state: 'OK', name: 'plan trip', durationMillis: 2000 });
    await send(exporter, named(spans, 'POST /trip'));
    expect(await infoOf(spans)).to.deep.include({
      state: 'OK',
      name: 'POST /trip',
      durationMillis: 3000,
      requestPreview: 'Where to?',
      sessionId: 's-1',
      tokenUsage: tokens(10, 5),
    });
  });

  it('counts the tokens of every batch of an agent that is flushed while it runs', async () => {
    const spans = recordSpans((tracer) => {
      const agent = spanBelow(tracer, undefined, 'agent', { until: 9000 });
      for (let step = 0; step < 4; step++) {
        spanBelow(tracer, agent.span, `step ${step}`, { at: 1000 * step, ...chatAttributes('q', 'a') }).end();
      }
      agent.end();
    });
    const exporter = newExporter();
    for (const step of [0, 1, 2, 3]) {
      await send(exporter, named(spans, `step ${step}`));
      expect(await infoOf(spans)).to.deep.include({
        name: 'step 0',
        durationMillis: 1000 * step + 100,
        tokenUsage: tokens(10 * (step + 1), 5 * (step + 1)),
      });
    }
    await send(exporter, named(spans, 'agent'));
    expect(await infoOf(spans)).to.deep.include({ name: 'agent', state: 'OK', durationMillis: 9000 });
    expect((await infoOf(spans)).tokenUsage).to.deep.equal(tokens(40, 20));
  });

  it('has no record if a user deletes it while it waits', async () => {
    const spans = named(agentRequest(), 'plan trip', 'chat');
    const exporter = newExporter();
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    const traceId = spans[0]!.spanContext().traceId;
    const { experimentId } = await mlflow.client.getTraceInfo(traceId);
    expect(await mlflow.client.deleteTraces(experimentId, [traceId])).to.equal(1);
    const diag = collectDiag();
    await exporter.forceFlush().finally(diag.stop);
    expect(diag.lines).to.deep.equal([]);
    expect(await infoOf(spans).catch(({ errorCode }) => errorCode)).to.equal('RESOURCE_DOES_NOT_EXIST');
  });

  it('costs no request but the upload while its root may still come', async () => {
    const proxy = await startFaultProxy(mlflow.trackingUri);
    try {
      const spans = agentRequest();
      const exporter = newExporter({ trackingUri: proxy.url });
      for (const span of spans) await exportSpans(exporter, [span]);
      await exporter.forceFlush();
      expect(proxy.requests.filter((route) => !route.includes('/experiments/'))).to.deep.equal([
        'POST /v1/traces',
        'POST /v1/traces',
        'POST /v1/traces',
        'POST /api/3.0/mlflow/traces',
      ]);
    } finally {
      await proxy.close();
    }
  });

  it('has a record if the server refuses the span of its root', async () => {
    const [chat, agent, request] = agentRequest();
    const exporter = newExporter();
    // The server refuses an id that is too short, with or without content.
    const broken = { ...request!, spanContext: () => ({ ...request!.spanContext(), spanId: '' }) };
    await send(exporter, [chat!, agent!, broken as ReadableSpan]);
    expect(await infoOf([chat!])).to.deep.include({ state: 'OK', name: 'plan trip', tokenUsage: tokens(10, 5) });
  });

  describe('because it is in another service', () => {
    interface Services {
      /** The service whose span is the root, with 10 and 5 tokens. */
      caller: ReadableSpan[];
      /** Each with 20 and 7 tokens. */
      called: ReadableSpan[];
      calledLater: ReadableSpan[];
    }
    function services(isRemote = true): Services {
      let parent: Span | undefined;
      const caller = recordSpans((tracer) => {
        const request = spanBelow(tracer, undefined, 'GET /answer', {
          until: 8000,
          'mlflow.traceTag.tier': 'front',
          'mlflow.clientRequestId': 'req-1',
        });
        parent = request.span;
        spanBelow(tracer, parent, 'chat', { at: 10, ...chatAttributes('caller asks', 'caller hears') }).end();
        request.end();
      });
      const remote = trace.wrapSpanContext({ ...parent!.spanContext(), isRemote });
      const call = (name: string, at: number): ReadableSpan[] =>
        recordSpans((tracer) => {
          const entry = spanBelow(tracer, remote, name, {
            at,
            until: at + 1000,
            'mlflow.traceTag.tier': 'back',
            'mlflow.traceTag.index': name,
          });
          const chat = { at: at + 100, ...chatAttributes(`${name} asks`, `${name} hears`, [20, 7]) };
          spanBelow(tracer, entry.span, 'chat', chat).end();
          entry.end();
        });
      return { caller, called: call('POST /retrieve', 1000), calledLater: call('POST /rank', 3000) };
    }
    const ofRoot = {
      name: 'GET /answer',
      state: 'OK',
      durationMillis: 8000,
      requestTime: new Date(START),
      requestPreview: 'caller asks',
      responsePreview: 'caller hears',
      clientRequestId: 'req-1',
    };

    it('is recorded by this one if the other never reports', async () => {
      const { called, calledLater } = services();
      const exporter = newExporter();
      await send(exporter, called);
      expect(await infoOf(called)).to.deep.include({
        name: 'POST /retrieve',
        state: 'OK',
        durationMillis: 1000,
        requestPreview: 'POST /retrieve asks',
        tokenUsage: tokens(20, 7),
      });
      await send(exporter, calledLater);
      expect(await infoOf(called)).to.deep.include({
        name: 'POST /retrieve',
        state: 'OK',
        durationMillis: 3000,
        requestPreview: 'POST /retrieve asks',
        tokenUsage: tokens(40, 14),
      });
    });

    it('is one trace of two services whose caller never reports', async () => {
      const { called, calledLater } = services();
      await send(newExporter(), calledLater);
      await send(newExporter(), called);
      const info = await infoOf(called);
      expect(info).to.deep.include({
        name: 'POST /retrieve',
        state: 'OK',
        requestTime: new Date(START + 1000),
        durationMillis: 3000,
        tokenUsage: tokens(40, 14),
      });
    });

    for (const [order, first] of [
      ['before', 'caller'],
      ['after', 'called'],
    ] as const) {
      it(`has the record of its root, tags of both and all tokens if the other reports ${order} this one`, async () => {
        const both = services();
        await send(newExporter(), both[first]);
        await send(newExporter(), both[first === 'caller' ? 'called' : 'caller']);
        const info = await infoOf(both.called);
        expect(info).to.deep.include({ ...ofRoot, tokenUsage: tokens(30, 12) });
        expect(info.tags).to.include({ tier: 'front', index: 'POST /retrieve' });
        expect(info.cost?.totalCost).to.be.closeTo((30 * 3 + 12 * 15) / 1e6, 1e-9);
      });
    }

    it('has the record of its root if all report at the same time', async () => {
      const rounds = Array.from({ length: 8 }, () => services());
      const [one, two, three] = [newExporter(), newExporter(), newExporter()];
      for (const [round, { caller, called, calledLater }] of rounds.entries()) {
        const third = round % 2 === 0 ? [] : calledLater;
        await Promise.all([send(one!, called), send(two!, caller), send(three!, third)]);
      }
      for (const [round, { called }] of rounds.entries()) {
        const { responsePreview, ...rest } = await infoOf(called);
        const { responsePreview: expected, ...root } = ofRoot;
        expect(rest).to.deep.include({ ...root, tokenUsage: round % 2 === 0 ? tokens(30, 12) : tokens(50, 19) });
        // If a record of the root was overwritten, the last answer can be that of the third service.
        if (round % 2 === 0) expect(responsePreview).to.equal(expected);
      }
    });

    /** What MLflow's Python client sends at the end of a trace, with the tokens of its own process. */
    async function reportFromPython(both: Services): Promise<void> {
      await recordFromPython(both);
      await send(newExporter({ traceInfo: 'otlp-only' }), both.caller);
    }
    async function recordFromPython({ caller }: Services): Promise<void> {
      const { experimentId } = await mlflow.client.getOrCreateExperiment(experimentName);
      const answer = await fetch(`${mlflow.trackingUri}/api/3.0/mlflow/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          trace: {
            trace_info: {
              trace_id: `tr-${caller[0]!.spanContext().traceId}`,
              trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } },
              request_time: new Date(START).toISOString(),
              execution_duration: '8s',
              state: 'ERROR',
              request_preview: 'python asks',
              trace_metadata: {
                'mlflow.trace_schema.version': '3',
                'mlflow.trace.tokenUsage': '{"input_tokens":10,"output_tokens":5,"total_tokens":15}',
              },
              tags: { 'mlflow.traceName': 'GET /answer' },
            },
          },
        }),
      });
      expect(answer.status).to.equal(200);
    }
    const ofPython = {
      name: 'GET /answer',
      state: 'ERROR',
      durationMillis: 8000,
      requestPreview: 'python asks',
      tokenUsage: tokens(30, 12),
    };

    it('takes the record of a root that Python’s client reported, and adds the tokens of this service', async () => {
      const both = services();
      await reportFromPython(both);
      await send(newExporter(), both.called);
      expect(await infoOf(both.called)).to.deep.include(ofPython);
    });

    it('has the record of its root if that overtakes the one of this service', async () => {
      const both = services();
      const fault = { kind: 'overtaken', by: () => send(newExporter(), both.caller) } as const;
      const proxy = await startFaultProxy(mlflow.trackingUri, [{ route: RECORD, fault }]);
      try {
        await send(newExporter({ trackingUri: proxy.url }), both.called);
        expect(proxy.unused()).to.deep.equal([]);
        const info = await infoOf(both.called);
        expect(info).to.deep.include({ ...ofRoot, tokenUsage: tokens(30, 12) });
        expect(info.metadata).to.include({ 'mlflow.exporter.provisional': 'false' });
        expect(info.tags).to.include({ tier: 'front', index: 'POST /retrieve' });
      } finally {
        await proxy.close();
      }
    });

    it('has all tokens if the record of its root overtakes the one of this service, and its span comes later', async () => {
      const both = services();
      const fault = { kind: 'overtaken', by: () => recordFromPython(both) } as const;
      const proxy = await startFaultProxy(mlflow.trackingUri, [{ route: RECORD, fault }]);
      try {
        const exporter = newExporter({ trackingUri: proxy.url });
        await send(exporter, both.called);
        expect(proxy.unused()).to.deep.equal([]);
        await send(newExporter({ traceInfo: 'otlp-only' }), both.caller);
        await exporter.forceFlush();
        const info = await infoOf(both.called);
        expect(info).to.deep.include({ name: 'GET /answer', durationMillis: 8000, tokenUsage: tokens(30, 12) });
        expect(info.metadata).to.include({ 'mlflow.exporter.provisional': 'false' });
      } finally {
        await proxy.close();
      }
    });

    it('looks once more whether a root has come whose process does not know of this one', async () => {
      const both = services();
      const proxy = await startFaultProxy(mlflow.trackingUri);
      try {
        const exporter = newExporter({ trackingUri: proxy.url });
        await send(exporter, both.called);
        await reportFromPython(both);
        await exporter.forceFlush();
        const info = await infoOf(both.called);
        expect(info).to.deep.include(ofPython);
        expect(info.metadata).to.include({ 'mlflow.exporter.provisional': 'false' });
        proxy.requests.length = 0;
        await exporter.shutdown();
        expect(proxy.requests).to.deep.equal([]);
      } finally {
        await proxy.close();
      }
    });

    it('looks once more if the record of its root is there, but not yet its span', async () => {
      const both = services();
      const proxy = await startFaultProxy(mlflow.trackingUri);
      try {
        await recordFromPython(both);
        const exporter = newExporter({ trackingUri: proxy.url });
        await send(exporter, both.called);
        await send(newExporter({ traceInfo: 'otlp-only' }), both.caller);
        await exporter.forceFlush();
        expect(await infoOf(both.called)).to.deep.include(ofPython);
        proxy.requests.length = 0;
        await exporter.shutdown();
        expect(proxy.requests).to.deep.equal([]);
      } finally {
        await proxy.close();
      }
    });

    it('has tags and totals if another process adds the same tag at the same moment', async () => {
      const both = services();
      await send(newExporter(), both.caller);
      const body = '{"error_code":"BAD_REQUEST","message":"(sqlite3.IntegrityError) UNIQUE constraint failed"}';
      const fault = { kind: 'answer', status: 400, body } as const;
      const proxy = await startFaultProxy(mlflow.trackingUri, [{ route: /^PATCH .*\/tags$/, fault }]);
      try {
        await send(newExporter({ trackingUri: proxy.url }), both.called);
        expect(proxy.unused()).to.deep.equal([]);
        const info = await infoOf(both.called);
        expect(info).to.deep.include({ ...ofRoot, tokenUsage: tokens(30, 12) });
        expect(info.tags).to.include({ tier: 'front', index: 'POST /retrieve' });
      } finally {
        await proxy.close();
      }
    });

    it('keeps the state of a root that comes without a record', async () => {
      const { caller, called } = services();
      await send(newExporter({ traceInfo: 'otlp-only' }), caller);
      await send(newExporter(), called);
      expect(await infoOf(called)).to.deep.include({
        name: 'GET /answer',
        state: 'OK',
        durationMillis: 8000,
        tokenUsage: tokens(30, 12),
      });
    });

    it('keeps a record of its own for every trace of a gateway', async () => {
      const traces = Array.from({ length: 30 }, () =>
        recordSpans((tracer) => {
          const gateway = trace.wrapSpanContext({
            traceId: randomBytes(16).toString('hex'),
            spanId: randomBytes(8).toString('hex'),
            traceFlags: TraceFlags.SAMPLED,
            isRemote: true,
          });
          spanBelow(tracer, gateway, 'POST /chat', chatAttributes('q', 'a')).end();
        }),
      );
      await send(newExporter(), traces.flat());
      for (const spans of traces) {
        expect(await infoOf(spans)).to.deep.include({ name: 'POST /chat', state: 'OK', tokenUsage: tokens(10, 5) });
      }
    });
  });
});
