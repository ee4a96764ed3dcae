/** What waits for MLflow, and what becomes of it: made = delivered + lost. */

import type { Tracer } from '@opentelemetry/api';
import { BatchSpanProcessor, InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { LEFT_OUT } from '../src/export/span/content.js';
import {
  type ExportResult,
  MlflowError,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
  MlflowSpanProcessor,
  type SpanExporter,
} from '../src/index.js';
import { type CountingServer, type State, startCountingServer } from './support/counting-server.js';
import { eachTest } from './support/each-test.js';
import { startMetrics } from './support/metrics.js';
import { chatAttributes, exportSpans, recordSpans } from './support/tracing.js';

const MEGABYTE = 1024 * 1024;

describe('MlflowSpanProcessor', () => {
  const { log, closing } = eachTest();

  interface SetUp {
    server: CountingServer;
    tracer: Tracer;
    processor: MlflowSpanProcessor;
    shutdown(): Promise<void>;
    /** The counts of `otel.sdk.exporter.span.exported` by error, and of dropped content. */
    counts(): Promise<Record<string, number>>;
  }

  async function setUp(
    config: MlflowSpanExporterConfig = {},
    {
      otherExporters = [],
      maxQueueSize,
      batchSize = 8,
    }: { otherExporters?: SpanExporter[]; maxQueueSize?: number; batchSize?: number } = {},
  ): Promise<SetUp> {
    const server = await startCountingServer();
    closing.push(server.close);
    const metrics = startMetrics();
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      experimentId: '7',
      traceInfo: 'otlp-only',
      timeoutMillis: 150,
      retry: { initialBackoffMillis: 5, maxBackoffMillis: 20 },
      meterProvider: metrics.provider,
      ...config,
    });
    const processor = new MlflowSpanProcessor({
      exporter,
      otherExporters,
      ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
      batch: (one, options) =>
        new BatchSpanProcessor(one, { ...options, maxExportBatchSize: batchSize, scheduledDelayMillis: 20 }),
    });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    const shutdown = (): Promise<void> => provider.shutdown().catch(() => {});
    closing.push(shutdown);
    return {
      server,
      tracer: provider.getTracer('test'),
      processor,
      shutdown,
      async counts() {
        const read = await metrics.read();
        const exported = read['otel.sdk.exporter.span.exported {span}'] ?? [];
        const content = read['mlflow.exporter.span_content.dropped {span}']?.[0]?.value;
        return {
          ...Object.fromEntries(
            exported.map(({ attributes, value }) => [attributes['error.type'] ?? 'delivered', Number(value)]),
          ),
          ...(content === undefined ? {} : { content: Number(content) }),
        };
      },
    };
  }

  const makeSpans = (tracer: Tracer, count: number, text = 'Hi'): void => {
    for (let n = 0; n < count; n++) tracer.startSpan(`call ${n}`, { attributes: chatAttributes(text, text) }).end();
  };
  const drain = async (processor: MlflowSpanProcessor): Promise<void> => {
    while (processor.waitingSpans > 0) await processor.forceFlush().catch(() => {});
  };
  /** How many spans the log says were not delivered. */
  const lostInLog = (): number => {
    const inAll = log.lines.flatMap(
      (line) => /(\d+) spans? (?:was|were) not delivered in all/.exec(line)?.slice(1) ?? [],
    );
    if (inAll.length > 0) return Number(inAll.at(-1));
    const lost = (line: string): number =>
      line.endsWith('it was dropped.') ? 1 : Number(/(\d+) spans? (?:was|were) not delivered\./.exec(line)?.[1] ?? 0);
    return log.lines.filter((line) => !line.includes('takes spans again')).reduce((sum, line) => sum + lost(line), 0);
  };

  for (const state of ['away', 'hanging', 503] as const satisfies State[]) {
    it(`keeps spans through an outage that is longer than an export (${state})`, async () => {
      const { server, tracer, processor, shutdown, counts } = await setUp();
      server.state = state;
      makeSpans(tracer, 20);
      // Two flushes fail, each after all of its exports have.
      for (let n = 0; n < 2; n++) await processor.forceFlush().catch(() => {});
      expect(processor.waitingSpans).to.equal(20);
      server.state = 'up';
      makeSpans(tracer, 1);
      await drain(processor);
      await shutdown();
      expect(await counts()).to.deep.equal({ delivered: 21 });
      expect(lostInLog()).to.equal(0);
      expect(
        log.lines.filter((line) => /spans? waits?\.$/.test(line)),
        log.lines.join('\n'),
      ).not.to.be.empty;
    });

    it(`reports what an outage until the end has cost (${state})`, async () => {
      // The first flush must also succeed on a busy machine.
      const { server, tracer, shutdown, processor, counts } = await setUp({ timeoutMillis: 1_000 });
      makeSpans(tracer, 3);
      await processor.forceFlush();
      server.state = state;
      makeSpans(tracer, 20);
      const begin = performance.now();
      await shutdown();
      expect(performance.now() - begin).to.be.below(3_000);
      expect(server.taken.size).to.equal(3);
      const { delivered, ...lost } = await counts();
      expect([delivered, Object.values(lost)]).to.deep.equal([3, [20]]);
      expect(lostInLog(), log.lines.join('\n')).to.equal(20);
      expect(processor.waitingSpans).to.equal(0);
    });
  }

  it('refuses the exporter of another package', () => {
    const batch = (one: SpanExporter): BatchSpanProcessor => new BatchSpanProcessor(one);
    const exporter = new InMemorySpanExporter() as unknown as MlflowSpanExporter;
    expect(() => new MlflowSpanProcessor({ exporter, batch })).to.throw(
      MlflowError,
      'MlflowSpanProcessor: exporter must be a MlflowSpanExporter of the same package and module format. Import both alike.',
    );
  });

  it('counts what an exporter that could not start has cost', async () => {
    const { tracer, shutdown, counts } = await setUp({ trackingUri: 'sqlite:///mlflow.db' });
    makeSpans(tracer, 20);
    await shutdown();
    const { delivered, ...lost } = await counts();
    expect([delivered, Object.values(lost)]).to.deep.equal([undefined, [20]]);
    expect(log.lines[0]).to.match(/^error: MLflow tracking URI "sqlite:…" is not supported/);
  });

  it('sends content in parts of limited size', async () => {
    const { server, tracer, shutdown } = await setUp(
      { timeoutMillis: 20_000, maxWaitingBytes: 400 * MEGABYTE },
      { batchSize: 64 },
    );
    makeSpans(tracer, 12, 'x'.repeat(2 * MEGABYTE));
    await shutdown();
    expect(server.taken.size).to.equal(12);
    const largest = Math.max(...server.requests.map(({ headers }) => Number(headers['content-length'] ?? 0)));
    expect(largest).to.be.below(MEGABYTE);
    expect(log.lines).to.deep.equal([]);
  });

  it('drops the content of the oldest spans first, and keeps their figures', async () => {
    const { server, tracer, processor, shutdown, counts } = await setUp({ maxWaitingBytes: 5 * MEGABYTE });
    server.state = 'hanging';
    const made: ReadableSpan[] = [];
    for (let n = 0; n < 10; n++) {
      const span = tracer.startSpan(`call ${n}`, { attributes: chatAttributes('x'.repeat(MEGABYTE / 2), 'Paris') });
      span.addEvent('gen_ai.chunk', { json: 'y'.repeat(MEGABYTE / 2) });
      span.end();
      made.push(span as unknown as ReadableSpan);
    }
    // The SDK's spans stay as they are.
    for (const { attributes } of made)
      expect(String(attributes['gen_ai.input.messages']).length).to.be.above(MEGABYTE / 2);
    expect(processor.waitingSpans).to.equal(10);
    server.state = 'up';
    await drain(processor);
    await shutdown();
    const byName = new Map([...server.taken.values()].map((span) => [span.name, span]));
    const complete = made.filter(({ name }) => byName.get(name)?.attributes['gen_ai.input.messages'] !== undefined);
    expect(complete.map(({ name }) => name))
      .to.include('call 9')
      .and.not.to.include('call 0');
    expect(complete.length).to.be.within(3, 5);
    for (const { name } of made) {
      const { attributes, events } = byName.get(name)!;
      expect(attributes).to.include({ 'gen_ai.request.model': 'anthropic.claude-3-5-sonnet-20241022-v2:0' });
      expect(JSON.parse(String(attributes['mlflow.chat.tokenUsage']))).to.include({ total_tokens: 15 });
      if (complete.some((span) => span.name === name)) continue;
      expect(attributes).not.to.have.any.keys('gen_ai.input.messages', 'gen_ai.output.messages');
      expect(events).to.deep.equal([]);
      expect(attributes[LEFT_OUT]).to.equal(
        '2 attributes and 1 event were left out, because spans of more than 5 MB waited for MLflow.',
      );
    }
    expect(await counts()).to.deep.equal({ delivered: 10, content: 10 - complete.length });
    expect(log.lines.filter((line) => line.includes('lose their content'))).to.deep.equal([
      'warn: Spans of more than 5 MB wait for MLflow, which is slow or down. The oldest lose their content and keep their figures: check the server, or raise maxWaitingBytes or MLFLOW_TRACE_MAX_WAITING_BYTES.',
    ]);
  });

  it('drops and counts spans once there is no room for figures, or too many wait', async () => {
    for (const limits of [{ maxWaitingBytes: 40_000 }, { maxQueueSize: 15 }]) {
      const { maxQueueSize, ...config } = { maxQueueSize: undefined, ...limits };
      const { server, tracer, processor, shutdown, counts } = await setUp(
        config,
        maxQueueSize === undefined ? {} : { maxQueueSize },
      );
      server.state = 'away';
      makeSpans(tracer, 100);
      const kept = processor.waitingSpans;
      expect(kept).to.be.within(10, 40);
      server.state = 'up';
      await drain(processor);
      await shutdown();
      const { delivered, queue_full: dropped } = await counts();
      expect([delivered, dropped]).to.deep.equal([kept, 100 - kept]);
      expect(lostInLog()).to.equal(100 - kept);
      log.lines.splice(0);
    }
  });

  it('keeps spans while the host name of MLflow is unknown', async () => {
    const { tracer, processor } = await setUp({ trackingUri: 'http://mlflow.invalid' });
    makeSpans(tracer, 3);
    await processor.forceFlush().catch(() => {});
    expect(processor.waitingSpans).to.equal(3);
  });

  it('loses at once what the server refuses for its credentials, and nothing once they are right', async () => {
    const { server, tracer, processor, shutdown, counts } = await setUp();
    server.state = 401;
    makeSpans(tracer, 3);
    await processor.forceFlush().catch(() => {});
    expect(processor.waitingSpans).to.equal(0);
    server.state = 'up';
    makeSpans(tracer, 2);
    await shutdown();
    expect(await counts()).to.deep.equal({ delivered: 2, 401: 3 });
  });

  it('holds each span once for several backends, until all have called back', async () => {
    const callbacks: ((result: ExportResult) => void)[] = [];
    const exported: ReadableSpan[] = [];
    const other: SpanExporter = {
      export: (spans, callBack) => {
        exported.push(...(spans as ReadableSpan[]));
        callbacks.push(callBack);
      },
      shutdown: async () => {},
    };
    const { server, tracer, processor, shutdown } = await setUp({}, { otherExporters: [other] });
    makeSpans(tracer, 8);
    await server.took(8);
    expect(processor.waitingSpans).to.equal(8);
    for (const callBack of callbacks) callBack({ code: 0 });
    await shutdown();
    expect(processor.waitingSpans).to.equal(0);
    expect(exported).to.have.length(8);
  });

  it('sends content to MLflow while another backend takes nothing, and the other way round', async () => {
    for (const isMlflowUp of [true, false]) {
      const got: Pick<ReadableSpan, 'attributes'>[] = [];
      let gotAll = (): void => {};
      const arrival = new Promise<void>((resolve) => {
        gotAll = resolve;
      });
      const unanswered: (() => void)[] = [];
      const other: SpanExporter = {
        export: (spans, callBack) => {
          if (isMlflowUp) {
            unanswered.push(() => callBack({ code: 1 }));
            return;
          }
          // Held spans can lose their content later.
          got.push(...spans.map(({ attributes }) => ({ attributes })));
          if (got.length === 1920) gotAll();
          callBack({ code: 0 });
        },
        shutdown: async () => {},
      };
      const { server, tracer, processor, shutdown } = await setUp(
        { maxWaitingBytes: 2 * MEGABYTE },
        { otherExporters: [other], batchSize: 16 },
      );
      if (!isMlflowUp) server.state = 'away';
      let held = 0;
      for (let n = 0; n < 120; n++) {
        makeSpans(tracer, 16, 'x'.repeat(5_000));
        if (isMlflowUp) await server.took((n + 1) * 16);
        await new Promise(setImmediate);
        held = Math.max(held, processor.waitingSpans);
      }
      // On a busy machine, a timer of the batch processor sends the last ones.
      if (!isMlflowUp) await arrival;
      const taken = isMlflowUp ? [...server.taken.values()] : got;
      expect(taken).to.have.length(1920);
      const withContent = taken.filter(({ attributes }) => attributes['gen_ai.input.messages'] !== undefined);
      expect(withContent).to.have.length(1920);
      expect(held).to.be.below(1_000);
      if (isMlflowUp) expect(log.lines.filter((line) => line.includes('another backend'))).to.have.length(1);
      const ended = shutdown();
      while (unanswered.length > 0) {
        for (const answer of unanswered.splice(0)) answer();
        await new Promise(setImmediate);
      }
      await ended;
      log.lines.splice(0);
    }
  });

  for (const answer of [503, 'nothing'] as const) {
    it(`finds the spans that fail again and again, and sends all others of their batch (${answer})`, async () => {
      const { server, tracer, processor, shutdown, counts } = await setUp({ timeoutMillis: 60 });
      server.poison = { text: 'poison', state: answer === 503 ? 503 : 'hanging' };
      makeSpans(tracer, 3);
      makeSpans(tracer, 2, 'poison');
      makeSpans(tracer, 3);
      let made = 8;
      for (; processor.waitingSpans > (answer === 503 ? 0 : 2) && made < 60; made++) {
        makeSpans(tracer, 1);
        await processor.forceFlush().catch(() => {});
      }
      expect([server.taken.size, processor.waitingSpans]).to.deep.equal([made - 2, answer === 503 ? 0 : 2]);
      await shutdown();
      const { delivered, ...lost } = await counts();
      expect([delivered, Object.values(lost)]).to.deep.equal([made - 2, [2]]);
      expect(lostInLog()).to.equal(2);
    });
  }

  it('gives up nothing while a server mostly fails', async () => {
    const { server, tracer, processor, shutdown, counts } = await setUp();
    let made = 0;
    for (let round = 0; round < 25; round++, made += 12) {
      server.state = round % 3 === 0 ? 'up' : 503;
      makeSpans(tracer, 12);
      await server.asked();
      if (round % 5 === 0) await processor.forceFlush().catch(() => {});
    }
    expect(lostInLog()).to.equal(0);
    server.state = 'up';
    await drain(processor);
    await shutdown();
    expect(await counts()).to.deep.equal({ delivered: made });
  });

  it('lets spans wait for a server that is too slow for a flush', async () => {
    const { server, tracer, processor, shutdown, counts } = await setUp({ concurrencyLimit: 1 }, { batchSize: 4 });
    server.state = 'slow';
    makeSpans(tracer, 40);
    await processor.forceFlush().catch(() => {});
    expect(processor.waitingSpans).to.be.above(0);
    await drain(processor);
    await shutdown();
    // What the server took although its answer came too late is sent again.
    expect(await counts()).to.deep.equal({ delivered: 40 });
    expect(lostInLog(), log.lines.join('\n')).to.equal(0);
  });

  it('ignores spans that are not sampled, and survives spans that cannot be read', async () => {
    const { server, processor, shutdown } = await setUp();
    const [span] = recordSpans((tracer) => tracer.startSpan('one').end());
    const notSampled = Object.create(span!, {
      spanContext: { value: () => ({ ...span!.spanContext(), traceFlags: 0 }) },
    });
    const broken = Object.create(span!, {
      attributes: {
        get: () => {
          throw new Error('broken');
        },
      },
    });
    const hopeless = Object.create(span!, {
      spanContext: {
        value: () => {
          throw new Error('hopeless');
        },
      },
    });
    for (const one of [notSampled, broken, hopeless, span!]) processor.onEnd(one);
    await shutdown();
    expect(server.taken.size).to.equal(1);
    expect(lostInLog(), log.lines.join('\n')).to.equal(2);
  });

  it('drops the content of spans with names that are no text', async () => {
    const { server, processor, shutdown } = await setUp({ maxWaitingBytes: 2 * MEGABYTE });
    server.state = 'away';
    const large = recordSpans((tracer) => {
      for (let n = 0; n < 4; n++)
        tracer.startSpan('call', { attributes: chatAttributes('x'.repeat(MEGABYTE), 'Paris') }).end();
    });
    for (const span of large) processor.onEnd(Object.create(span, { name: { value: 7 } }));
    expect(processor.waitingSpans).to.equal(4);
    server.state = 'up';
    await drain(processor);
    await shutdown();
    expect(server.taken.size + lostInLog()).to.equal(4);
    expect(server.taken.size).to.be.at.least(3);
  });

  it('is not needed to limit what waits in several exports', async () => {
    const server = await startCountingServer();
    closing.push(server.close);
    server.state = 'hanging';
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      experimentId: '7',
      traceInfo: 'otlp-only',
      maxWaitingBytes: 5 * MEGABYTE,
    });
    const large = (): ReadableSpan[] =>
      recordSpans((tracer) =>
        tracer.startSpan('call', { attributes: chatAttributes('x'.repeat(2 * MEGABYTE), 'Paris') }).end(),
      );
    const results = Array.from({ length: 5 }, () => exportSpans(exporter, large()));
    server.state = 'up';
    expect((await Promise.all(results)).map(({ code }) => code)).to.deep.equal([0, 0, 0, 0, 0]);
    await exporter.shutdown();
    const withContent = [...server.taken.values()].filter(
      ({ attributes }) => attributes['gen_ai.input.messages'] !== undefined,
    );
    expect([withContent.length, server.taken.size]).to.deep.equal([2, 5]);
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.include('lose their content');
  });
});
