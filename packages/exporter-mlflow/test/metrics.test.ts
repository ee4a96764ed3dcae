import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../src/index.js';
import { collectDiag } from './support/diag.js';
import { startLocalServer } from './support/local-server.js';
import { startMetrics } from './support/metrics.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from './support/tracing.js';

describe('metrics of the exporter itself', () => {
  let log: ReturnType<typeof collectDiag>;
  beforeEach(() => {
    log = collectDiag();
  });
  afterEach(() => log.stop());

  it('count spans by outcome, spans under way, time, retries and lost records', async () => {
    let uploads = 0;
    const server = await startLocalServer(({ path, body }) => {
      if (path === '/api/3.0/mlflow/traces') return { status: 400, body: '{"message":"bad record"}' };
      if (path !== '/v1/traces') return undefined;
      if (++uploads === 1) return { status: 503 };
      return gunzipSync(body).includes('poison') ? { status: 422, body: 'no' } : undefined;
    });
    const { provider, read } = startMetrics();
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      meterProvider: provider,
      retry: { initialBackoffMillis: 0 },
    });
    const spans = recordSpans((tracer) => {
      for (const name of ['one', 'two', 'poison']) tracer.startSpan(name).end();
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(FAILED);
    await exporter.shutdown();
    await server.close();

    const metrics = await read();
    const [inflight] = metrics['otel.sdk.exporter.span.inflight {span}']!;
    const common = inflight!.attributes;
    expect(inflight?.value).to.equal(0);
    expect(common).to.deep.include({
      'otel.component.type': 'mlflow_span_exporter',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(server.url).port),
    });
    expect(common['otel.component.name']).to.match(/^mlflow_span_exporter\/\d+$/);
    const failed = (type: string): object => ({ ...common, 'error.type': type });
    expect(metrics['otel.sdk.exporter.span.exported {span}']).to.have.deep.members([
      { attributes: common, value: 2 },
      { attributes: failed('rejected'), value: 1 },
    ]);
    expect(metrics['mlflow.exporter.request.retries {request}']).to.deep.equal([
      { attributes: failed('503'), value: 1 },
    ]);
    expect(metrics['mlflow.exporter.trace_record.dropped {record}']).to.deep.equal([
      { attributes: failed('400'), value: 2 },
    ]);
    const [duration] = metrics['otel.sdk.exporter.operation.duration s']!;
    expect(duration?.attributes).to.deep.equal(failed('400'));
    const { count, sum } = duration!.value as { count: number; sum: number };
    expect(count).to.equal(1);
    expect(sum).to.be.within(0.0001, 30);
  });

  it('count spans that are lost in an outage or find no room', async () => {
    const server = await startLocalServer(() => () => {});
    const { provider, read } = startMetrics();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, meterProvider: provider, timeoutMillis: 200 });
    const many = recordSpans((tracer) => {
      for (let n = 0; n < 10_000; n++) tracer.startSpan('span').end();
    });
    const waiting = exportSpans(exporter, many);
    await exportSpans(exporter, many.slice(0, 7));
    await waiting;
    await exporter.shutdown();
    await server.close();
    const counts = (await read())['otel.sdk.exporter.span.exported {span}']!.map(({ attributes, value }) => [
      attributes['error.type'],
      value,
    ]);
    expect(counts).to.have.deep.members([
      ['no_answer', 10_000],
      ['queue_full', 7],
    ]);
  });

  it('count spans that are refused for a wrong setting, although no server is known', async () => {
    const { provider, read } = startMetrics();
    const exporter = new MlflowSpanExporter({ trackingUri: 'sqlite:///mlflow.db', meterProvider: provider });
    const spans = recordSpans((tracer) => tracer.startSpan('span').end());
    for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, spans)).code).to.equal(FAILED);
    await exporter.shutdown();
    const [point] = (await read())['otel.sdk.exporter.span.exported {span}'] ?? [];
    expect(point?.value).to.equal(2);
    expect(point?.attributes).to.include({
      'otel.component.type': 'mlflow_span_exporter',
      'error.type': 'configuration',
    });
    expect(point?.attributes).not.to.have.any.keys('server.address', 'server.port');
  });

  it('keep no span from being exported when the meter provider fails', async () => {
    const server = await startLocalServer();
    const meterProvider = {
      getMeter: () => {
        throw new Error('no meter');
      },
    };
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, meterProvider });
    const spans = recordSpans((tracer) => tracer.startSpan('span').end());
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    await exporter.shutdown();
    await server.close();
    expect(log.lines).to.deep.equal(['error: The meter provider given to the MLflow exporter threw']);
  });

  it('are not recorded without a meter provider', async () => {
    const server = await startLocalServer();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url });
    const spans = recordSpans((tracer) => tracer.startSpan('span').end());
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    await exporter.shutdown();
    await server.close();
  });
});
