import { type Attributes, context, DiagLogLevel, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { copySpan } from '../../src/export/span/span.js';
import { MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { chatAttributes, childSpan, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

describe('a trace whose spans arrive in several exports', () => {
  const mlflow = useMlflow();
  let exporters: MlflowSpanExporter[];
  beforeEach(() => {
    exporters = [];
  });
  afterEach(() => Promise.all(exporters.map((exporter) => exporter.shutdown())));

  function newExporter(options: { experimentName: string }): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, ...options });
    exporters.push(exporter);
    return exporter;
  }

  /** Returns one trace: a root of one second, a model call in it, and a span that ends half a second after the root. */
  function traceWithLateSpan(late: Attributes = chatAttributes('late question', 'late answer', [20, 7])): {
    early: ReadableSpan;
    root: ReadableSpan;
    late: ReadableSpan;
  } {
    const [first, second, third] = recordSpans((tracer) => {
      const root = tracer.startSpan('handle request', {
        startTime: [1_790_000_000, 0],
        attributes: { 'mlflow.clientRequestId': 'req-1' },
      });
      const below = trace.setSpan(context.active(), root);
      const child = (name: string, attributes: Attributes, start: number, end: number): void =>
        tracer
          .startSpan(name, { startTime: [1_790_000_000, start * 1e6], attributes }, below)
          .end([1_790_000_000, end * 1e6]);
      child('early', chatAttributes('early question', 'early answer'), 100, 300);
      root.end([1_790_000_001, 0]);
      child('late', late, 400, 1500);
    });
    return { early: first!, root: second!, late: third! };
  }

  it('keeps the root’s record when the children came first', async () => {
    const { early, root } = traceWithLateSpan();
    const exporter = newExporter({ experimentName: uniqueName('children-first') });
    await exportSpans(exporter, [early]);
    const before = await mlflow.client.getTraceInfo(root!.spanContext().traceId);
    expect(before).to.deep.include({ state: 'IN_PROGRESS', name: '' });

    await exportSpans(exporter, [root]);
    const { info } = await mlflow.client.getTrace(root!.spanContext().traceId);
    expect(info).to.deep.include({
      name: 'handle request',
      state: 'OK',
      requestPreview: 'early question',
      responsePreview: 'early answer',
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
  });

  it('counts a model call that arrives after the record, and changes nothing else', async () => {
    const { early, root, late } = traceWithLateSpan();
    const exporter = newExporter({ experimentName: uniqueName('late-call') });
    await exportSpans(exporter, [early, root]);
    await exportSpans(exporter, [late]);

    const { info, spans } = await mlflow.client.getTrace(root!.spanContext().traceId);
    expect(spans).to.have.length(3);
    expect(info).to.deep.include({
      name: 'handle request',
      state: 'OK',
      durationMillis: 1000,
      clientRequestId: 'req-1',
      requestPreview: 'early question',
      responsePreview: 'early answer',
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });
    expect(info.cost?.totalCost).to.be.closeTo((30 * 3 + 12 * 15) / 1e6, 1e-9);
  });

  it('adds up what caches keep for an hour when a model call arrives after the record', async () => {
    const cached = (hour: number): string =>
      `{"input_tokens":1000,"output_tokens":5,"total_tokens":1005,"cache_creation_input_tokens":900,"cache_creation_input_tokens_above_1hr":${hour}}`;
    const { early, root, late } = traceWithLateSpan({
      ...chatAttributes('late question', 'late answer'),
      'mlflow.chat.tokenUsage': cached(700),
    });
    const first = copySpan(early!, { attributes: { ...early!.attributes, 'mlflow.chat.tokenUsage': cached(600) } });
    const exporter = newExporter({ experimentName: uniqueName('one-hour') });
    await exportSpans(exporter, [first, root!]);
    const before = await mlflow.client.getTrace(root!.spanContext().traceId);
    await exportSpans(exporter, [late!]);
    const after = await mlflow.client.getTrace(root!.spanContext().traceId);
    expect(before.info?.tokenUsage?.cacheCreationInputTokensAbove1hr).to.equal(600);
    expect(after.info?.tokenUsage).to.deep.equal({
      inputTokens: 2000,
      outputTokens: 10,
      totalTokens: 2010,
      cacheCreationInputTokens: 1800,
      cacheCreationInputTokensAbove1hr: 1300,
    });
    const costs = after.spans.map(({ cost }) => cost?.totalCost ?? 0);
    expect(after.info?.cost?.totalCost).to.be.closeTo(costs[0]! + costs[1]! + costs[2]!, 1e-9);
    expect(after.spans.find(({ name }) => name === 'late')?.tokenUsage?.cacheCreationInputTokensAbove1hr).to.equal(700);
  });

  it('counts a model call that arrives when 1,000 other traces have passed, and shows no other root', async () => {
    const { early, root, late } = traceWithLateSpan();
    const ownContext = { ...root.spanContext(), spanId: 'f'.repeat(16) };
    const attributes = { 'mlflow.spanInputs': 'further question', 'mlflow.spanOutputs': 'further answer' };
    const further = copySpan(root, { name: 'further', attributes, spanContext: () => ownContext }) as ReadableSpan;
    const others = recordSpans((tracer) => {
      for (let n = 0; n < 1000; n++) tracer.startSpan('other', {}, trace.setSpan(context.active(), parent(n))).end();
    });
    const proxy = await startFaultProxy(mlflow.trackingUri);
    const exporter = new MlflowSpanExporter({
      trackingUri: proxy.url,
      experimentName: uniqueName('long-late'),
      retry: { maxRetries: 0 },
    });
    try {
      await exportSpans(exporter, [early, root]);
      // Children without their roots, as in unfinished traces, cost one upload.
      await exportSpans(exporter, others.slice(0, 500));
      await exportSpans(exporter, others.slice(500));
      expect((await exportSpans(exporter, [late])).code).to.equal(SUCCESS);
      expect((await exportSpans(exporter, [further])).code).to.equal(SUCCESS);
    } finally {
      // So that nothing is recorded for the others.
      await proxy.close();
      await exporter.shutdown();
    }
    const { info, spans } = await mlflow.client.getTrace(root.spanContext().traceId);
    expect(spans).to.have.length(4);
    expect(info).to.deep.include({
      name: 'handle request',
      state: 'OK',
      durationMillis: 1000,
      clientRequestId: 'req-1',
      requestPreview: 'early question',
      responsePreview: 'early answer',
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });

    function parent(n: number): Span {
      const traceId = (n + 1).toString(16).padStart(8, '0') + uniqueName('').replaceAll('-', '').slice(0, 24);
      return trace.wrapSpanContext({ traceId, spanId: '00000000000000ab', traceFlags: TraceFlags.SAMPLED });
    }
  });

  it('keeps the duration when a span without tokens ends after the root', async () => {
    const { early, root, late } = traceWithLateSpan({ 'code.function': 'cleanUp' });
    const exporter = newExporter({ experimentName: uniqueName('late-plain') });
    await exportSpans(exporter, [early, root]);
    await exportSpans(exporter, [late]);

    const { info, spans } = await mlflow.client.getTrace(root!.spanContext().traceId);
    expect(spans).to.have.length(3);
    expect(info).to.deep.include({ durationMillis: 1000, clientRequestId: 'req-1' });
  });

  it('is in progress until a flush without its root, and shutdown() hints how many traces have none', async () => {
    const { early } = traceWithLateSpan();
    const { early: other, root } = traceWithLateSpan();
    const exporter = newExporter({ experimentName: uniqueName('no-root') });
    const log = collectDiag(DiagLogLevel.INFO);
    try {
      await exportSpans(exporter, [early, other]);
      await exportSpans(exporter, [root]);
      expect(await mlflow.client.getTraceInfo(early.spanContext().traceId)).to.deep.include({
        state: 'IN_PROGRESS',
        name: '',
      });
      await exporter.shutdown();
    } finally {
      log.stop();
    }
    expect(log.lines).to.deep.equal([
      'info: The root span of 1 trace did not reach the MLflow exporter: a filter kept it out, or it never ended. MLflow shows name and state of the topmost spans instead.',
    ]);
    const { info, spans } = await mlflow.client.getTrace(early.spanContext().traceId);
    expect(spans.map(({ name }) => name)).to.deep.equal(['early']);
    expect(info).to.deep.include({
      state: 'OK',
      name: 'early',
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
  });

  it('has the right totals when root and children are exported at the same time', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('fan out');
      for (let call = 0; call < 40; call++) childSpan(tracer, root, `chat ${call}`, chatAttributes('q', 'a'));
      root.end();
    });
    const exporter = newExporter({ experimentName: uniqueName('at-once') });
    const root = spans.at(-1)!;
    // The root's small batch arrives first, which can happen if a processor flushes several batches at once.
    const batches: ReadableSpan[][] = [[root], spans.slice(0, 20), spans.slice(20, 40)];
    const results = await Promise.all(batches.map((batch) => exportSpans(exporter, batch)));
    expect(results.map(({ code }) => code)).to.deep.equal([SUCCESS, SUCCESS, SUCCESS]);

    const { info } = await mlflow.client.getTrace(root.spanContext().traceId);
    expect(info.tokenUsage).to.deep.equal({ inputTokens: 400, outputTokens: 200, totalTokens: 600 });
    expect(info).to.deep.include({ name: 'fan out', state: 'OK' });
  });

  it('counts a parent’s tokens instead of those of its children, also after the record', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('crew');
      const agent = childSpan(tracer, root, 'agent', chatAttributes('q', 'a', [100, 50]));
      childSpan(tracer, agent, 'chat', chatAttributes('q', 'a', [60, 30]));
      childSpan(tracer, root, 'chat', chatAttributes('q', 'a', [1, 2]));
      root.end();
    });
    const exporter = newExporter({ experimentName: uniqueName('rollup') });
    const [agent, below, beside, root] = spans;
    await exportSpans(exporter, [beside!, root!]);
    await exportSpans(exporter, [below!, agent!]);
    const { info } = await mlflow.client.getTrace(root!.spanContext().traceId);
    expect(info.tokenUsage).to.deep.equal({ inputTokens: 101, outputTokens: 52, totalTokens: 153 });
  });

  it('stays one trace, with one count, when a batch is delivered twice', async () => {
    const { early, root, late } = traceWithLateSpan();
    const exporter = newExporter({ experimentName: uniqueName('twice') });
    await exportSpans(exporter, [early, late, root]);
    await exportSpans(exporter, [early, late, root]);
    const { info, spans } = await mlflow.client.getTrace(root!.spanContext().traceId);
    expect(spans).to.have.length(3);
    expect(info).to.deep.include({
      durationMillis: 1000,
      clientRequestId: 'req-1',
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });
  });

  describe('under a parent in another service', () => {
    /** Returns the service that owns the trace, and its call of another service, each with a model call. */
    function twoServices(): { owner: ReadableSpan[]; called: ReadableSpan[] } {
      let parent: Span | undefined;
      const owner = recordSpans((tracer) => {
        parent = tracer.startSpan('GET /answer');
        childSpan(tracer, parent, 'chat', chatAttributes('owner asks', 'owner hears'));
        parent.end();
      });
      const remote = { ...parent!.spanContext(), isRemote: true, traceFlags: TraceFlags.SAMPLED };
      const called = recordSpans((tracer) => {
        const options = { attributes: { 'mlflow.traceTag.index': 'docs' } };
        const entry = tracer.startSpan('POST /retrieve', options, trace.setSpanContext(context.active(), remote));
        childSpan(tracer, entry, 'chat', chatAttributes('called asks', 'called hears', [20, 7]));
        entry.end();
      });
      return { owner, called };
    }
    const bothTotals = { inputTokens: 30, outputTokens: 12, totalTokens: 42 };

    it('counts its tokens also when the owner’s record was there before', async () => {
      const { owner, called } = twoServices();
      const experimentName = uniqueName('remote-late');
      await exportSpans(newExporter({ experimentName }), owner);
      const { traceId } = called[0]!.spanContext();
      const { durationMillis } = await mlflow.client.getTraceInfo(traceId);
      // The model call comes before its parent, so the exporter learns late that the trace belongs to another service.
      const exporter = newExporter({ experimentName });
      await exportSpans(exporter, called.slice(0, 1));
      await exportSpans(exporter, called.slice(1));
      await exporter.forceFlush();

      const { info } = await mlflow.client.getTrace(traceId);
      expect(info).to.deep.include({
        name: 'GET /answer',
        state: 'OK',
        durationMillis,
        requestPreview: 'owner asks',
        tokenUsage: bothTotals,
      });
      expect(info.tags).to.deep.include({ index: 'docs' });
    });
  });
});
