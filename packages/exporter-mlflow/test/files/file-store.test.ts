import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig, MlflowSpanProcessor } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { type Answer, startLocalServer } from '../support/local-server.js';
import { startMetrics } from '../support/metrics.js';
import { chatAttributes, childSpan, exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

describe('spans of one trace on a server without OTLP', () => {
  const folder = 'mlflow-artifacts:/7/traces/x/artifacts';
  const record = JSON.stringify({
    trace: {
      trace_info: {
        trace_id: 'x',
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
        request_time: '2026-11-30T12:00:00Z',
        state: 'OK',
        tags: { 'mlflow.artifactLocation': folder },
      },
    },
  });
  const { log, closing } = eachTest();

  async function start(
    put: (spans: number, puts: number) => Answer | undefined,
    config: MlflowSpanExporterConfig = {},
  ): Promise<{ exporter: MlflowSpanExporter; stored: () => number }> {
    let stored = 0;
    let puts = 0;
    const server = await startLocalServer(({ method, path, body }) => {
      if (path === '/v1/traces') return { status: 501 };
      if (path.startsWith('/api/3.0/mlflow/traces')) return { status: 200, body: record };
      if (method !== 'PUT') return undefined;
      const { length } = JSON.parse(body.toString()).spans;
      const answer = put(length, ++puts);
      if (answer === undefined) stored = length;
      return answer;
    });
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      retry: { initialBackoffMillis: 0 },
      ...config,
    });
    closing.push(server.close, () => exporter.shutdown());
    return { exporter, stored: () => stored };
  }
  const rootAndLate = (): ReadableSpan[] =>
    recordSpans((tracer) => {
      const root = tracer.startSpan('root');
      childSpan(tracer, root, 'early');
      root.end();
      childSpan(tracer, root, 'late');
    });

  it('all stay in the file when an earlier write is repeated after a later one came', async () => {
    let late: Promise<{ code: number }> | undefined;
    const { exporter, stored } = await start((_spans, puts) => {
      if (puts > 1) return undefined;
      // The later export begins while the server receives the file of the earlier one, which it then refuses.
      return (response) => {
        late = exportSpans(exporter, spans.slice(2));
        setTimeout(() => response.writeHead(503, { 'retry-after': '0.2' }).end(), 50);
      };
    });
    const spans = rootAndLate();
    expect((await exportSpans(exporter, spans.slice(0, 2))).code).to.equal(SUCCESS);
    expect((await late)?.code).to.equal(SUCCESS);
    expect(stored()).to.equal(3);
  });

  it('are counted as lost once, and not those that the file holds already', async () => {
    let isBroken = false;
    const { exporter } = await start(() => (isBroken ? { status: 400 } : undefined));
    const [stored, storedRoot, notStored] = rootAndLate();
    expect((await exportSpans(exporter, [stored!, storedRoot!])).code).to.equal(SUCCESS);
    isBroken = true;
    expect((await exportSpans(exporter, [notStored!])).code).to.equal(FAILED);
    const [early, root, late] = rootAndLate();
    // This span waits for its root and fails together with it.
    expect((await exportSpans(exporter, [early!])).code).to.equal(SUCCESS);
    expect((await exportSpans(exporter, [root!])).code).to.equal(FAILED);
    expect((await exportSpans(exporter, [late!])).code).to.equal(FAILED);
    await exporter.shutdown();
    expect(log.lines.at(-1)).to.equal('warn: MLflow exporter: 4 spans were not delivered in all.');
  });

  it('are written beside those of other traces, four at a time', async () => {
    let open = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const { exporter } = await start(() => (response) => {
      most = Math.max(most, ++open);
      waiting.push(() => {
        open -= 1;
        response.end('{}');
      });
      // No write ends before four are under way.
      if (open === 4) for (const end of waiting.splice(0)) end();
    });
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 8; n++) tracer.startSpan('root').end();
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    expect(most).to.equal(4);
  });

  it('wait for their root only as long as they fit into the memory for that', async () => {
    const stored: number[] = [];
    const { exporter } = await start((spans) => void stored.push(spans), { maxWaitingBytes: 5 * 1024 * 1024 });
    for (let n = 0; n < 6; n++) {
      const [child] = recordSpans((tracer) => {
        const root = tracer.startSpan('root');
        childSpan(tracer, root, 'call', chatAttributes('x'.repeat(1024 * 1024), 'Paris'));
      });
      expect((await exportSpans(exporter, [child!])).code).to.equal(SUCCESS);
    }
    expect(stored).to.deep.equal([1, 1, 1, 1]);
    await exporter.shutdown();
    expect(stored).to.have.length(6);
  });

  it('all stay in the file when a late one comes during a slow write of a trace that left the memory', async () => {
    const files = new Map<string, string>();
    const writes = new EventEmitter<{ slow: [finish: () => void] }>();
    const slowWrite = once(writes, 'slow') as Promise<[() => void]>;
    let isFirst = true;
    const server = await startLocalServer(({ method, path, body }) => {
      if (path === '/v1/traces') return { status: 501 };
      const [id] = /tr-[0-9a-f]{32}/.exec(`${path} ${method === 'POST' ? body : ''}`) ?? [];
      if (path.startsWith('/api/3.0/mlflow/traces'))
        return { status: 200, body: record.replace('/x/', `/${id}/`).replace('"x"', `"${id}"`) };
      if (!path.includes('mlflow-artifacts')) return undefined;
      if (method === 'GET') return { status: files.has(path) ? 200 : 404, body: files.get(path) ?? '{}' };
      const store = (response: ServerResponse): void => {
        files.set(path, String(body));
        response.end('{}');
      };
      if (!isFirst) return store;
      isFirst = false;
      return (response) => void writes.emit('slow', () => store(response));
    });
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, maxWaitingBytes: 5 * 1024 * 1024 });
    closing.push(server.close, () => exporter.shutdown());
    const [early, root, late] = rootAndLate();
    const slow = exportSpans(exporter, [early!, root!]);
    const [finish] = await slowWrite;
    for (let n = 0; n < 4; n++) {
      const other = recordSpans((tracer) => {
        tracer.startSpan('other', { attributes: chatAttributes('x'.repeat(1024 * 1024), 'Paris') }).end();
      });
      expect((await exportSpans(exporter, other)).code).to.equal(SUCCESS);
    }
    const last = exportSpans(exporter, [late!]);
    // Without a turn of its own, this write would look for the file for 0.75 s and then go without it.
    await delay(900);
    finish();
    expect([(await slow).code, (await last).code]).to.deep.equal([SUCCESS, SUCCESS]);
    const [path] = [...files.keys()].filter((name) => name.includes(root!.spanContext().traceId));
    const { spans } = JSON.parse(files.get(path ?? '') ?? '') as { spans: { name: string }[] };
    expect(spans.map(({ name }) => name)).to.have.members(['root', 'early', 'late']);
  });

  it('wait through an outage behind the processor, and are counted once', async () => {
    const metrics = startMetrics();
    let isAway = false;
    const stored = new Set<string>();
    const server = await startLocalServer(({ method, path, body }) => {
      if (isAway) return { status: 503 };
      if (path === '/v1/traces') return { status: 501 };
      if (path.startsWith('/api/3.0/mlflow/traces')) return { status: 200, body: record };
      if (method === 'PUT') for (const { span_id } of JSON.parse(body.toString()).spans) stored.add(span_id);
      return undefined;
    });
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      timeoutMillis: 10_000,
      retry: { maxRetries: 5, initialBackoffMillis: 5, maxBackoffMillis: 20 },
      meterProvider: metrics.provider,
    });
    const processor = new MlflowSpanProcessor({
      exporter,
      batch: (one, options) => new BatchSpanProcessor(one, { ...options, maxExportBatchSize: 4 }),
    });
    closing.push(server.close, () => processor.shutdown().catch(() => {}));
    const make = (): void => {
      for (const span of rootAndLate()) processor.onEnd(span);
    };
    make();
    await processor.forceFlush();
    expect(stored.size).to.equal(3);
    isAway = true;
    for (let n = 0; n < 5; n++) make();
    for (let n = 0; n < 3; n++) await processor.forceFlush().catch(() => {});
    expect(stored.size).to.equal(3);
    isAway = false;
    while (processor.waitingSpans > 0) await processor.forceFlush().catch(() => {});
    expect(stored.size).to.equal(18);
    isAway = true;
    make();
    await processor.shutdown().catch(() => {});
    const exported = (await metrics.read())['otel.sdk.exporter.span.exported {span}'] ?? [];
    expect(exported.map(({ attributes, value }) => [attributes['error.type'], value])).to.deep.equal([
      [undefined, 18],
      ['503', 3],
    ]);
    expect(log.lines.join('\n')).to.match(/ 3 spans were not delivered\./);
  });

  it('do not make an export wait beyond its time for the write of another', async () => {
    let second: Promise<{ code: number }> | undefined;
    let begin = 0;
    const { exporter } = await start(
      () => (_response) => {
        if (second !== undefined) return;
        begin = performance.now();
        second = exportSpans(exporter, spans.slice(2));
      },
      { timeoutMillis: 300 },
    );
    const spans = rootAndLate();
    expect((await exportSpans(exporter, spans.slice(0, 2))).code).to.equal(FAILED);
    expect((await second)?.code).to.equal(FAILED);
    expect(performance.now() - begin).to.be.lessThan(600);
  });
});
