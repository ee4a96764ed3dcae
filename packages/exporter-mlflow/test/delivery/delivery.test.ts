import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { type Answer, type LocalServer, unusedAddress } from '../support/local-server.js';
import { chatAttributes, exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

describe('delivery of spans', () => {
  const { log, closing, startServer } = eachTest();

  function newExporter(trackingUri: string, config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    // No pause between attempts, so that the tests do not wait.
    const exporter = new MlflowSpanExporter({ trackingUri, retry: { initialBackoffMillis: 0 }, ...config });
    closing.push(() => exporter.shutdown());
    return exporter;
  }

  const oneSpan = (): ReadableSpan[] =>
    recordSpans((tracer) => tracer.startSpan('chat', { attributes: chatAttributes('Hi', 'Hello') }).end());
  const steps = ({ requests }: LocalServer): string[] =>
    requests.map(({ method, path }) => `${method} ${path.replace(/\?.*|tr-[0-9a-f]+/g, '')}`);

  it('sends gzip protobuf first, then the record', async () => {
    const server = await startServer();
    const [span] = oneSpan();
    const result = await exportSpans(newExporter(server.url), [span!]);
    expect(result.code).to.equal(SUCCESS);
    expect(steps(server)).to.deep.equal([
      'GET /api/2.0/mlflow/experiments/get-by-name',
      'POST /v1/traces',
      'POST /api/3.0/mlflow/traces',
    ]);
    const [, upload, record] = server.requests;
    expect(upload?.headers).to.deep.include({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'x-mlflow-experiment-id': '7',
    });
    expect(gunzipSync(upload!.body).includes(Buffer.from(span!.spanContext().traceId, 'hex'))).to.equal(true);
    expect(JSON.parse(record!.body.toString()).trace.trace_info).to.deep.include({
      state: 'OK',
      request_preview: 'Hi',
    });
  });

  it('looks for the experiment once', async () => {
    const server = await startServer();
    const exporter = newExporter(server.url, { compression: 'none' });
    await Promise.all([exportSpans(exporter, oneSpan()), exportSpans(exporter, oneSpan())]);
    await exportSpans(exporter, oneSpan());
    expect(steps(server).filter((step) => step.includes('experiments'))).to.have.length(1);
    expect(server.requests.find(({ path }) => path === '/v1/traces')?.headers).not.to.have.property('content-encoding');
  });

  it('sends nothing but spans with traceInfo otlp-only', async () => {
    const server = await startServer();
    await exportSpans(newExporter(server.url, { experimentId: '7', traceInfo: 'otlp-only' }), oneSpan());
    expect(steps(server)).to.deep.equal(['GET /api/2.0/mlflow/experiments/get', 'POST /v1/traces']);
  });

  describe('to an OpenTelemetry Collector, which knows no experiments', () => {
    const collector = (): Promise<LocalServer> =>
      startServer(({ path }) => (path === '/v1/traces' ? undefined : { status: 404, body: '404 page not found' }));

    it('sends spans that name the experiment by its id', async () => {
      const server = await collector();
      const exporter = newExporter(server.url, { experimentId: '7', traceInfo: 'otlp-only' });
      expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
      expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
      expect(steps(server)).to.deep.equal([
        'GET /api/2.0/mlflow/experiments/get',
        'POST /v1/traces',
        'POST /v1/traces',
      ]);
      expect(log.lines).to.deep.equal([]);
    });

    for (const config of [{ experimentId: '7' }, { traceInfo: 'otlp-only' }] as const) {
      it(`reports that the server is not MLflow with nothing but ${Object.keys(config)}`, async () => {
        const server = await collector();
        const result = await exportSpans(newExporter(server.url, config), oneSpan());
        expect(result.error?.message).to.equal(
          `${server.url} lacks a route that MLflow servers have (404): check trackingUri or MLFLOW_TRACKING_URI.`,
        );
        expect(steps(server)).not.to.include('POST /v1/traces');
      });
    }
  });

  it('retries while the server is unavailable', async () => {
    const answers: Answer[] = [
      { status: 503 },
      (response) => response.destroy(),
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' },
    ];
    const server = await startServer(({ path }) => (path === '/v1/traces' ? answers.shift() : undefined));
    const result = await exportSpans(newExporter(server.url), oneSpan());
    expect(result.code).to.equal(SUCCESS);
    expect(steps(server).filter((step) => step === 'POST /v1/traces')).to.have.length(5);
    expect(log.lines).to.deep.equal([]);
  });

  it('waits as long as Retry-After demands', async () => {
    const times: number[] = [];
    const server = await startServer(({ path }) => {
      if (path !== '/v1/traces') return undefined;
      times.push(performance.now());
      return times.length === 1 ? { status: 429, headers: { 'retry-after': '0.2' } } : undefined;
    });
    await exportSpans(newExporter(server.url), oneSpan());
    expect(times[1]! - times[0]!).to.be.at.least(199);
  });

  it('gives up at the deadline, calls back once with the reason, and logs it once', async () => {
    const url = await unusedAddress();
    const exporter = newExporter(url, {
      timeoutMillis: 300,
      retry: { initialBackoffMillis: 20, maxBackoffMillis: 20, maxRetries: 1000 },
    });
    const first = await exportSpans(exporter, oneSpan());
    const second = await exportSpans(exporter, oneSpan());
    expect([first.code, first.calls(), second.code, second.calls()]).to.deep.equal([FAILED, 1, FAILED, 1]);
    const port = new URL(url).port;
    const reason = `MLflow at ${url} cannot be reached (connect ECONNREFUSED 127.0.0.1:${port})`;
    expect(first.error?.message).to.equal(reason);
    expect(log.lines).to.deep.equal([`error: ${reason}. 1 span was not delivered.`]);

    await exporter.shutdown();
    expect(log.lines[1]).to.equal('warn: MLflow exporter: 2 spans were not delivered in all.');
  });

  it('ends a request that gets no answer', async () => {
    const server = await startServer(() => () => {});
    const result = await exportSpans(newExporter(server.url, { timeoutMillis: 100 }), oneSpan());
    expect(result.error?.message).to.equal(`MLflow at ${server.url} cannot be reached (no answer in time)`);
  });

  it('drops only the span that is refused, and names it', async () => {
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 20; n++) tracer.startSpan(n === 13 ? 'poison' : `fine ${n}`).end();
    });
    const server = await startServer(({ path, body }) =>
      path === '/v1/traces' && gunzipSync(body).includes('poison')
        ? { status: 422, body: '{"detail":"Cannot convert OpenTelemetry span to MLflow span"}' }
        : undefined,
    );
    const result = await exportSpans(newExporter(server.url), spans);
    expect(result.code).to.equal(SUCCESS);
    expect(log.lines).to.deep.equal([
      'warn: MLflow refuses span "poison" (Cannot convert OpenTelemetry span to MLflow span), it was dropped.',
    ]);
    // Each of the 20 traces has a record, because most of them go ahead of the spans.
    expect(steps(server).filter((step) => step === 'POST /api/3.0/mlflow/traces')).to.have.length(20);
    const uploads = server.requests.filter(({ path }) => path === '/v1/traces').length;
    expect(uploads).to.be.at.most(13);
  });

  it('does not split forever when everything is refused', async () => {
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 512; n++) tracer.startSpan('span').end();
    });
    const server = await startServer(({ path }) => (path === '/v1/traces' ? { status: 400, body: 'no' } : undefined));
    const result = await exportSpans(newExporter(server.url), spans);
    expect(result.code).to.equal(FAILED);
    expect(steps(server).filter((step) => step === 'POST /v1/traces')).to.have.length(100);
    expect(log.lines).to.deep.equal([
      'warn: MLflow refuses span "span" (no), it was dropped.',
      `error: MLflow at ${server.url} refuses span after span (no). ${512 - 43} spans were not delivered.`,
    ]);
  });

  it('reports that the spans arrived but not the record', async () => {
    const server = await startServer(({ path }) =>
      path === '/api/3.0/mlflow/traces' ? { status: 400, body: '{"message":"bad record"}' } : undefined,
    );
    const result = await exportSpans(newExporter(server.url), oneSpan());
    expect([result.code, result.error?.message]).to.deep.equal([FAILED, 'bad record']);
    expect(log.lines).to.deep.equal(['error: The spans were delivered, but not the trace record: bad record.']);
  });

  it('reports once that records are refused with status 500, and does not repeat them as after an outage', async () => {
    const posted = new Map<string, number>();
    const server = await startServer(({ path, body }) => {
      if (path !== '/api/3.0/mlflow/traces') return undefined;
      const { trace_id: id } = JSON.parse(body.toString()).trace.trace_info;
      posted.set(id, (posted.get(id) ?? 0) + 1);
      const message = `Cannot update traces that are no longer DB-backed: '${id}'.`;
      return { status: 500, body: JSON.stringify({ error_code: 'INVALID_STATE', message }) };
    });
    const exporter = newExporter(server.url);
    for (let n = 0; n < 3; n++) {
      const { code, error } = await exportSpans(exporter, [...oneSpan(), ...oneSpan()]);
      expect(code).to.equal(FAILED);
      expect(error).to.include({ errorCode: 'INVALID_STATE' });
    }
    // A record may go ahead of its spans and follow them, too.
    expect([posted.size, Math.max(...posted.values()) <= 2]).to.deep.equal([6, true]);
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.match(/^error: The spans were delivered, but not the trace record: Cannot update traces/);
  });

  it('reports the whole loss at the end if earlier messages named less', async () => {
    // The message about the last loss names its own cause. Together the messages name two spans.
    const causes = ['one', 'one', 'another'];
    let message = '';
    const refusing = (refused: string): Promise<LocalServer> =>
      startServer(({ path }) => (path === refused ? { status: 403, body: JSON.stringify({ message }) } : undefined));
    for (const [path, summary] of [
      ['/v1/traces', '3 spans were not delivered in all.'],
      ['/api/3.0/mlflow/traces', '3 traces were left without their record in all.'],
    ] as const) {
      const exporter = newExporter((await refusing(path)).url);
      for (const cause of causes) {
        message = cause;
        await exportSpans(exporter, oneSpan());
      }
      await exporter.shutdown();
      expect(log.lines.splice(0)).to.have.length(3).and.include(`warn: MLflow exporter: ${summary}`);
    }
  });

  it('never has more requests under way than allowed', async () => {
    const held: (() => void)[] = [];
    let most = 0;
    const server = await startServer(({ path }) =>
      path === '/api/3.0/mlflow/traces'
        ? (response) => {
            held.push(() => response.writeHead(200).end('{}'));
            most = Math.max(most, held.length);
            // Answers after a moment in which a fourth request could arrive.
            if (held.length === 1) setTimeout(() => held.splice(0).forEach((release) => void release()), 10);
          }
        : undefined,
    );
    const spans = Array.from({ length: 12 }, oneSpan).flat();
    const result = await exportSpans(newExporter(server.url, { concurrencyLimit: 3 }), spans);
    expect(result.code).to.equal(SUCCESS);
    expect(most).to.equal(3);
  });

  it('waits in forceFlush and shutdown for what is under way, and sends nothing afterwards', async () => {
    let release = (): void => {};
    let arrived = (): void => {};
    const uploadArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = await startServer(({ path }) =>
      path === '/v1/traces'
        ? (response) => {
            release = () => void response.writeHead(200).end();
            arrived();
          }
        : undefined,
    );
    const exporter = newExporter(server.url);
    const order: string[] = [];
    const exported = exportSpans(exporter, oneSpan()).then(() => order.push('exported'));
    const flushed = exporter.forceFlush().then(() => order.push('flushed'));
    const stopped = exporter.shutdown().then(() => order.push('shut down'));
    await uploadArrived;
    expect(order).to.deep.equal([]);
    release();
    await Promise.all([exported, flushed, stopped]);
    expect(order).to.have.members(['exported', 'flushed', 'shut down']);
    expect(order.at(-1)).to.equal('shut down');

    const before = server.requests.length;
    const late = await exportSpans(exporter, oneSpan());
    expect(late.code).to.equal(FAILED);
    expect(late.error?.message).to.equal('The MLflow exporter was shut down already.');
    expect(server.requests).to.have.length(before);
  });

  it('refuses spans once too many wait', async () => {
    const server = await startServer(() => () => {});
    const exporter = newExporter(server.url, { timeoutMillis: 300 });
    const many = recordSpans((tracer) => {
      for (let n = 0; n < 10_000; n++) tracer.startSpan('span').end();
    });
    const waiting = exportSpans(exporter, many);
    const refused = await exportSpans(exporter, oneSpan());
    expect(refused.error?.message).to.equal(
      'Too many spans wait for MLflow, which is slow or down, so further ones are dropped.',
    );
    expect((await waiting).code).to.equal(FAILED);
  });

  it('lets the process end by itself', async () => {
    const server = await startServer();
    const program = fileURLToPath(new URL('../support/export-and-return.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, server.url], { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    expect(code).to.equal(0);
    expect(server.requests).to.have.length(3);
  });
});
