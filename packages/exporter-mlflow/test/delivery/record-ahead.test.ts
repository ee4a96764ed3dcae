import { setImmediate } from 'node:timers/promises';
import { context, type Span, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig, type MlflowTraceInfo } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { type FaultProxy, RECORD, startFaultProxy, UPLOAD } from '../support/fault-proxy.js';
import {
  chatAttributes,
  childSpan,
  exportSpans,
  FAILED,
  recordSpans,
  SUCCESS,
  uniqueName,
} from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

const START = 1_790_000_000_000;

/** Batches of spans of one trace. `earlier` come from another service, before. */
interface Case {
  batches: ReadableSpan[][];
  earlier?: ReadableSpan[];
}

const chat = (): Case => ({
  batches: [
    recordSpans((tracer) => {
      const options = { startTime: START, attributes: chatAttributes('Hi', 'Hello') };
      tracer.startSpan('chat', options).end(START + 1500);
    }),
  ],
});

/** An agent with two calls, the second one of a tool that an agent of its own answers. */
function agentSpans(): ReadableSpan[] {
  return recordSpans((tracer) => {
    const root = tracer.startSpan('agent', {
      startTime: START,
      attributes: {
        'mlflow.traceTag.team': 'travel',
        'mlflow.traceMetadata.release': '1.2',
        'mlflow.clientRequestId': 'r-1',
        'user.id': 'ada',
      },
    });
    childSpan(tracer, root, 'chat', { ...chatAttributes('Weather?', 'Let me look.'), 'session.id': 's-1' });
    const inner = childSpan(tracer, root, 'inner agent', chatAttributes('q', 'a', [100, 50]));
    childSpan(tracer, inner, 'inner chat', chatAttributes('q', 'a', [60, 30]));
    childSpan(tracer, root, 'chat', chatAttributes('So?', 'Sunny.', [20, 7]));
    root.end(START + 4000);
  });
}

function twoServices(): Required<Case> {
  let parent: Span | undefined;
  const caller = recordSpans((tracer) => {
    parent = tracer.startSpan('GET /answer', { startTime: START });
    childSpan(tracer, parent, 'chat', chatAttributes('caller asks', 'caller hears'));
    parent.end(START + 4000);
  });
  const remote = { ...parent!.spanContext(), isRemote: true, traceFlags: TraceFlags.SAMPLED };
  const earlier = recordSpans((tracer) => {
    const entry = tracer.startSpan(
      'POST /rank',
      { startTime: START + 10 },
      trace.setSpanContext(context.active(), remote),
    );
    childSpan(tracer, entry, 'chat', chatAttributes('called asks', 'called hears', [20, 7]));
    entry.end(START + 20);
  });
  return { batches: [caller], earlier };
}

const CASES: Record<string, () => Case> = {
  'a single call': chat,
  'a failed call': () => ({
    batches: [
      recordSpans((tracer) => {
        const span = tracer.startSpan('chat', { startTime: START, attributes: chatAttributes('Hi', '') });
        span.setStatus({ code: SpanStatusCode.ERROR, message: 'throttled' }).end(START + 1500);
      }),
    ],
  }),
  'an agent in one batch': () => ({ batches: [agentSpans()] }),
  'an agent over several batches': () => {
    const spans = agentSpans();
    return { batches: [spans.slice(0, 2), spans.slice(2, 3), spans.slice(3)] };
  },
  'late children': () => {
    const spans = agentSpans();
    return { batches: [[...spans.slice(0, 2), spans.at(-1)!], spans.slice(2, -1)] };
  },
  'the caller of another service that reported before': twoServices,
};

describe('a record that goes ahead of its spans', () => {
  const mlflow = useMlflow();
  let experimentName: string;
  let proxy: FaultProxy;
  let exporters: MlflowSpanExporter[];
  beforeEach(async () => {
    experimentName = uniqueName('ahead');
    exporters = [];
    proxy = await startFaultProxy(mlflow.trackingUri);
  });
  afterEach(async () => {
    proxy.heal();
    await Promise.all(exporters.map((exporter) => exporter.shutdown()));
    await proxy.close();
  });

  function newExporter(config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({
      trackingUri: proxy.url,
      experimentName,
      retry: { initialBackoffMillis: 10 },
      ...config,
    });
    exporters.push(exporter);
    return exporter;
  }
  /** An exporter that knows that the server accepts spans. */
  async function knowingExporter(config: MlflowSpanExporterConfig = {}): Promise<MlflowSpanExporter> {
    const exporter = newExporter(config);
    for (const batch of chat().batches) await exportSpans(exporter, batch);
    proxy.requests.length = 0;
    return exporter;
  }
  async function send(exporter: MlflowSpanExporter, ...batches: ReadableSpan[][]): Promise<void> {
    for (const batch of batches) expect((await exportSpans(exporter, batch)).code).to.equal(SUCCESS);
  }
  const infoOf = ([span]: ReadableSpan[]): Promise<MlflowTraceInfo> =>
    mlflow.client.getTraceInfo(span!.spanContext().traceId);
  const tokensOf = async (spans: ReadableSpan[]): Promise<unknown> => (await infoOf(spans)).tokenUsage?.totalTokens;

  it('saves the server work where a trace is complete, after the first trace of a process', async () => {
    const exporter = newExporter();
    const [first, second, third] = [chat(), chat(), chat()].map(({ batches }) => batches.flat());
    await send(exporter, [...first!, ...second!], third!);
    const [upload, record] = ['POST /v1/traces', 'POST /api/3.0/mlflow/traces'];
    expect(proxy.requests.filter((route) => !route.includes('/experiments/'))).to.deep.equal([
      ...[upload, record, upload, record],
      ...[record, upload],
    ]);
  });

  for (const [name, makeCase] of Object.entries(CASES)) {
    it(`leads to the same trace as one that follows them: ${name}`, async () => {
      const stored = async (exporter: MlflowSpanExporter): Promise<unknown> => {
        const { batches, earlier } = makeCase();
        if (earlier !== undefined) {
          const other = newExporter();
          await send(other, earlier);
          await other.forceFlush();
        }
        await send(exporter, ...batches);
        await exporter.forceFlush();
        const { traceId, requestTime, tags, ...info } = await infoOf(batches.flat());
        expect(requestTime.getTime()).to.equal(START);
        const { 'mlflow.artifactLocation': _, ...comparable } = tags;
        return { ...info, tags: comparable };
      };
      const [after, ahead] = [await stored(newExporter()), await stored(await knowingExporter())];
      expect(ahead).to.deep.equal(after);
    });
  }

  it('counts the tokens of spans whose trace goes in several requests', async () => {
    const exporter = await knowingExporter({ compression: 'none', maxRequestBytes: 1500 });
    const spans = agentSpans();
    await send(exporter, spans);
    expect(proxy.requests.filter((route) => UPLOAD.test(route)).length).to.be.greaterThan(1);
    expect(await tokensOf(spans)).to.equal(192);
  });

  it('counts them also if the server divides the request', async () => {
    const exporter = await knowingExporter();
    const spans = agentSpans();
    proxy.add({ route: UPLOAD, fault: { kind: 'answer', status: 413 } });
    await send(exporter, spans);
    expect(proxy.requests[0]).to.match(RECORD);
    expect(await tokensOf(spans)).to.equal(192);
  });

  it('counts them if batches of its trace arrive at the same time', async () => {
    const exporter = await knowingExporter();
    const spans = agentSpans();
    const [root] = spans.slice(-1);
    await Promise.all([
      send(exporter, [spans[0]!, root!]),
      send(exporter, spans.slice(1, 3)),
      send(exporter, spans.slice(3, -1)),
    ]);
    expect(await infoOf(spans)).to.deep.include({ name: 'agent', state: 'OK', durationMillis: 4000 });
    expect(await tokensOf(spans)).to.equal(192);
  });

  it('counts them if another batch overtakes the upload that follows the record', async () => {
    const exporter = await knowingExporter();
    const spans = agentSpans();
    const isUploading = (): boolean => proxy.requests.some((route) => UPLOAD.test(route));
    proxy.add({ route: UPLOAD, fault: { kind: 'delay', millis: 500 } });
    const first = send(exporter, [spans[0]!, spans.at(-1)!]);
    while (!isUploading()) await setImmediate();
    await send(exporter, spans.slice(1, -1));
    await first;
    expect(await tokensOf(spans)).to.equal(192);
  });

  for (const fault of [
    { kind: 'answer', status: 400, body: '{"message":"odd"}' },
    { kind: 'answer', status: 503 },
    { kind: 'reset', when: 'before' },
    { kind: 'reset', when: 'after' },
  ] as const) {
    it(`follows them after all if that fails: ${Object.values(fault).slice(0, 2).join(' ')}`, async () => {
      const exporter = await knowingExporter();
      const [one, other] = [agentSpans(), agentSpans()];
      proxy.add({ route: RECORD, fault });
      await send(exporter, [...one, ...other]);
      for (const spans of [one, other]) {
        expect(await infoOf(spans)).to.deep.include({ name: 'agent', state: 'OK', durationMillis: 4000 });
        expect(await tokensOf(spans)).to.equal(192);
      }
    });
  }

  describe('of spans that are lost', () => {
    const LOST = { route: UPLOAD, fault: { kind: 'answer', status: 401 } } as const;
    let log: ReturnType<typeof collectDiag>;
    beforeEach(() => {
      log = collectDiag();
    });
    afterEach(() => log.stop());

    it('becomes an error that says so when the server answers again', async () => {
      const exporter = await knowingExporter();
      const spans = agentSpans();
      proxy.add(LOST);
      expect((await exportSpans(exporter, spans)).code).to.equal(FAILED);
      expect(await infoOf(spans)).to.deep.include({ name: 'agent', state: 'OK' });
      await exporter.forceFlush();
      const info = await infoOf(spans);
      expect(info).to.deep.include({
        name: 'agent',
        state: 'ERROR',
        clientRequestId: 'r-1',
        responsePreview: 'Sunny.',
      });
      expect(info.tags['mlflow.exporter.leftOut']).to.equal('The spans of this trace could not be delivered.');
      // Only the first trace after that shows whether the server accepts spans.
      proxy.requests.length = 0;
      await send(exporter, agentSpans());
      expect(proxy.requests[0]).to.match(UPLOAD);
    });

    it('stays as it is if only the answer to the upload was lost', async () => {
      const exporter = await knowingExporter({
        timeoutMillis: 2000,
        attemptTimeoutMillis: 500,
        retry: { maxRetries: 0 },
      });
      const spans = agentSpans();
      proxy.add({ route: UPLOAD, fault: { kind: 'reset', when: 'after' } });
      expect((await exportSpans(exporter, spans)).code).to.equal(FAILED);
      await exporter.forceFlush();
      expect(await infoOf(spans)).to.deep.include({ name: 'agent', state: 'OK' });
      expect(await tokensOf(spans)).to.equal(192);
    });

    it('is counted at the end if the server does not come back', async () => {
      const exporter = await knowingExporter({ retry: { maxRetries: 0 } });
      proxy.add({ ...LOST }, { fault: { kind: 'answer', status: 503 }, times: 100 });
      await exportSpans(exporter, [...agentSpans(), ...agentSpans()]);
      await exporter.shutdown();
      expect(log.lines.at(-1)).to.equal(
        'warn: MLflow shows 2 traces without any span: their records arrived before an outage, and their spans were lost.',
      );
    });
  });
});
