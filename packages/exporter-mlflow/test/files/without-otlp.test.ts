/** A real MLflow server behind a proxy that takes the OTLP route away and gives it back. */

import { context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { runningTime } from '../../src/common/running-time.js';
import { say } from '../../src/common/shown-text.js';
import { OtlpAvailability } from '../../src/export/ways/otlp-availability.js';
import { createHttpClient } from '../../src/http/client.js';
import { resolveConnection } from '../../src/http/connection.js';
import { MlflowClient, MlflowSpanExporter, type MlflowTrace } from '../../src/index.js';
import { MLFLOW_OTLP } from '../../src/mlflow/otlp.js';
import { Rest } from '../../src/mlflow/rest.js';
import { eachTest } from '../support/each-test.js';
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

describe('a server whose OTLP route is missing', () => {
  const { log, closing, startServer } = eachTest();
  const experimentName = uniqueName('without-otlp');
  let server: string;
  let client: MlflowClient;
  before(async function () {
    this.timeout(300_000);
    server = (await testServer()).url;
    client = new MlflowClient({ trackingUri: server });
  });
  after(() => client.close());

  async function startProxy(): Promise<FaultProxy> {
    const proxy = await startFaultProxy(server);
    closing.push(proxy.close);
    return proxy;
  }
  const block = (proxy: FaultProxy): void => {
    proxy.heal();
    proxy.add({ route: UPLOAD, times: 1000, fault: { kind: 'answer', status: 403, body: '{"message":"Forbidden"}' } });
  };
  function newExporter(trackingUri: string): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({
      trackingUri,
      experimentName,
      timeoutMillis: 3000,
      retry: { initialBackoffMillis: 5, maxRetries: 1 },
    });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  async function send(exporter: MlflowSpanExporter, ...spans: ReadableSpan[]): Promise<void> {
    const { code, error } = await exportSpans(exporter, spans);
    expect(code, error?.message).to.equal(SUCCESS);
  }
  const read = (spans: readonly ReadableSpan[]): Promise<MlflowTrace> =>
    client.getTrace(spans[0]!.spanContext().traceId);
  const names = ({ spans }: MlflowTrace): string[] => spans.map(({ name }) => name).sort();
  const isFile = ({ info }: MlflowTrace): boolean => info.tags['mlflow.trace.spansLocation'] === undefined;

  /** A root with a call, and a call that ends after it. */
  const rootAndLate = (): ReadableSpan[] =>
    recordSpans((tracer) => {
      const root = tracer.startSpan('agent', {
        attributes: { 'mlflow.spanType': 'AGENT', 'session.id': 's', 'mlflow.clientRequestId': 'r' },
      });
      childSpan(tracer, root, 'early', chatAttributes('Hi', 'Hello', [10, 5]));
      root.end();
      childSpan(tracer, root, 'late', chatAttributes('More', 'Bye', [20, 7]));
    });

  it('gets records and files, whose totals follow late spans', async () => {
    const proxy = await startProxy();
    block(proxy);
    const exporter = newExporter(proxy.url);
    const spans = rootAndLate();
    await send(exporter, ...spans.slice(0, 2));
    await send(exporter, ...spans.slice(2));
    const stored = await read(spans);
    expect(names(stored)).to.deep.equal(['agent', 'early', 'late']);
    expect(isFile(stored)).to.equal(true);
    expect(stored.info).to.deep.include({
      name: 'agent',
      state: 'OK',
      clientRequestId: 'r',
      sessionId: 's',
      requestPreview: 'Hi',
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });
    const sizes = JSON.parse(stored.info.metadata['mlflow.trace.sizeStats'] ?? '');
    expect(sizes).to.include({
      num_spans: 3,
      total_size_bytes: Number(stored.info.metadata['mlflow.trace.sizeBytes']),
    });
    expect(sizes.p25).to.be.within(1, sizes.max);
    // The search for the route happens once: the spans, an upload without spans, and a request below /api.
    expect(proxy.requests.filter((route) => UPLOAD.test(route))).to.have.length(2);
    expect(log.lines).to.deep.equal([
      `warn: ${proxy.url} does not let /v1/traces through (403: Forbidden), although MLflow answers below /api: let the gateway or proxy before MLflow pass POST requests to /v1/traces. Until then, traces are stored as artifacts, without cost and search by span.`,
    ]);
  });

  it('gets new traces by OTLP once the route is there, and completes files as files', async () => {
    const proxy = await startProxy();
    block(proxy);
    const exporter = newExporter(proxy.url);
    const [begun, next] = [rootAndLate(), rootAndLate()];
    const waiting = rootAndLate();
    await send(exporter, ...begun.slice(0, 2), waiting[0]!);
    proxy.heal();
    // It does not look yet.
    await send(exporter, ...next);
    expect(isFile(await read(next))).to.equal(true);
    proxy.add({ times: 1000, fault: { kind: 'answer', status: 503 } });
    const late = rootAndLate();
    expect((await exportSpans(exporter, late)).code).to.equal(FAILED);
    proxy.heal();
    await send(exporter, ...late, begun[2]!, ...waiting.slice(1));
    expect(isFile(await read(late))).to.equal(false);
    for (const file of [begun, waiting]) {
      const stored = await read(file);
      expect([isFile(stored), names(stored)]).to.deep.equal([true, ['agent', 'early', 'late']]);
      expect(stored.info.tokenUsage).to.deep.equal({ inputTokens: 30, outputTokens: 12, totalTokens: 42 });
    }
    expect(log.lines).to.include(
      'warn: MLflow takes spans at /v1/traces now, so new traces are not stored as artifacts any more.',
    );
  });

  it('gets files for new traces when it loses the route, and no file for a trace in its database', async () => {
    const proxy = await startProxy();
    const exporter = newExporter(proxy.url);
    const [begun, next] = [rootAndLate(), rootAndLate()];
    await send(exporter, ...begun.slice(0, 2));
    block(proxy);
    const { error } = await exportSpans(exporter, [begun[2]!, ...next]);
    const reason = `MLflow at ${proxy.url} got the first spans of trace tr-${begun[0]!.spanContext().traceId} by OTLP and takes no more of them, and would not show a file with the others.`;
    expect(error?.message).to.equal(reason);
    expect(log.lines.slice(1)).to.deep.equal([`error: ${reason} 1 span was not delivered.`]);
    const [inDatabase, inFile] = [await read(begun), await read(next)];
    expect([isFile(inDatabase), names(inDatabase)]).to.deep.equal([false, ['agent', 'early']]);
    expect([isFile(inFile), names(inFile)]).to.deep.equal([true, ['agent', 'early', 'late']]);
    expect(inFile.info.tokenUsage).to.deep.equal({ inputTokens: 30, outputTokens: 12, totalTokens: 42 });
  });

  it('says how to restore an experiment that was deleted meanwhile', async () => {
    const proxy = await startProxy();
    block(proxy);
    const name = uniqueName('deleted-meanwhile');
    const exporter = new MlflowSpanExporter({ trackingUri: proxy.url, experimentName: name });
    closing.push(() => exporter.shutdown());
    await send(exporter, ...rootAndLate());
    await client.deleteExperiment((await client.getOrCreateExperiment(name)).experimentId);
    const { code, error } = await exportSpans(exporter, rootAndLate());
    expect([code, error?.message.replace(/\d+/g, 'N')]).to.deep.equal([
      FAILED,
      `MLflow experiment "${name}" (id N) is deleted: restore it with "mlflow experiments restore --experiment-id N", or choose another with experimentName or MLFLOW_EXPERIMENT_NAME.`.replace(
        /\d+/g,
        'N',
      ),
    ]);
  });

  it('does not get a file for a trace that another process sent by OTLP', async () => {
    const proxy = await startProxy();
    const spans = rootAndLate();
    await send(newExporter(server), ...spans.slice(0, 2));
    block(proxy);
    const { error } = await exportSpans(newExporter(proxy.url), [spans[2]!]);
    expect(error).to.equal(undefined);
    expect(proxy.requests.filter((route) => RECORD.test(route))).to.deep.equal([]);
  });

  it('keeps what the file holds when an exporter that does not know the trace has a late span of it', async () => {
    const proxy = await startProxy();
    block(proxy);
    const spans = rootAndLate();
    await send(newExporter(proxy.url), ...spans.slice(0, 2));
    const before = (await read(spans)).info;
    const next = newExporter(proxy.url);
    await send(next, ...spans.slice(2));
    await next.forceFlush();
    const stored = await read(spans);
    expect(names(stored)).to.deep.equal(['agent', 'early', 'late']);
    const { requestTime, durationMillis } = before;
    expect(stored.info).to.deep.include({
      ...{ name: 'agent', state: 'OK', clientRequestId: 'r', requestPreview: 'Hi', requestTime, durationMillis },
      tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
    });
  });

  describe('and two services in one trace', () => {
    const remote = (tracer: Tracer, parent: Span, name: string, tokens: [number, number]): void => {
      const above = { ...parent.spanContext(), isRemote: true };
      const span = tracer.startSpan(
        name,
        { attributes: { 'mlflow.traceTag.service': name } },
        trace.setSpanContext(context.active(), above),
      );
      childSpan(tracer, span, `call of ${name}`, chatAttributes('Q', 'A', tokens));
      span.end();
    };
    const twoServices = (): { own: ReadableSpan[]; other: ReadableSpan[] } => {
      const other: ReadableSpan[] = [];
      const own = recordSpans((tracer) => {
        const root = tracer.startSpan('agent');
        childSpan(tracer, root, 'call of agent', chatAttributes('Hi', 'Hello', [10, 5]));
        other.push(...recordSpans((others) => remote(others, root, 'tool', [20, 7])));
        root.setStatus({ code: SpanStatusCode.ERROR });
        root.end();
      });
      return { own, other };
    };
    for (const order of ['the service of the root first', 'the other service first', 'both at the same time']) {
      it(`has the spans, tokens and tags of both, and the record of the root: ${order}`, async () => {
        const proxy = await startProxy();
        block(proxy);
        const exporters = [newExporter(proxy.url), newExporter(proxy.url)] as const;
        const { own, other } = twoServices();
        const sends = [
          (): Promise<void> => send(exporters[0], ...own),
          (): Promise<void> => send(exporters[1], ...other),
        ];
        if (order.startsWith('the other')) sends.reverse();
        if (order.startsWith('both')) await Promise.all(sends.map((each) => each()));
        else for (const each of sends) await each();
        const stored = await read(own);
        expect(names(stored)).to.deep.equal(['agent', 'call of agent', 'call of tool', 'tool']);
        expect(stored.info).to.deep.include({
          name: 'agent',
          state: 'ERROR',
          requestPreview: 'Hi',
          tokenUsage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
        });
        expect(stored.info.tags).to.include({ service: 'tool' });
      });
    }

    it('looks for the file again if reading is forbidden, as S3 answers for an absent file', async () => {
      const proxy = await startProxy();
      block(proxy);
      const { own, other } = twoServices();
      await send(newExporter(proxy.url), ...own);
      const download = /^GET \/api\/2\.0\/mlflow-artifacts\/artifacts\//;
      proxy.add({ route: download, times: 2, fault: { kind: 'answer', status: 403, body: '{}' } });
      await send(newExporter(proxy.url), ...other);
      expect(proxy.requests.filter((route) => download.test(route)).length).to.be.at.least(3);
      expect(names(await read(own))).to.deep.equal(['agent', 'call of agent', 'call of tool', 'tool']);
    });
  });

  it('is looked at again after ten minutes, by one request for all exports', async () => {
    let isThere = false;
    const local = await startServer(({ path }) => (path === '/v1/traces' && !isThere ? { status: 404 } : undefined));
    const http = createHttpClient(resolveConnection({ trackingUri: local.url }, {}));
    closing.push(() => http.close());
    const rest = new Rest(http, { deadline: runningTime() + 5000 });
    const reports: string[] = [];
    let now = 0;
    const route = new OtlpAvailability({
      endpoint: MLFLOW_OTLP,
      report: (message) => void reports.push(message),
      now: () => now,
    });
    const look = (): Promise<boolean[]> => Promise.all([route.mayTake('7', rest), route.mayTake('7', rest)]);
    expect(await look()).to.deep.equal([true, true]);
    const missing = { kind: 'unsupported', reason: say`It is missing` } as const;
    route.foundMissing(missing);
    now = 10 * 60_000 - 1;
    expect([await look(), local.requests.length]).to.deep.equal([[false, false], 0]);
    now += 1;
    expect([await look(), local.requests.length]).to.deep.equal([[false, false], 1]);
    isThere = true;
    expect([await look(), local.requests.length]).to.deep.equal([[false, false], 1]);
    now += 10 * 60_000;
    expect([await look(), local.requests.length]).to.deep.equal([[true, true], 2]);
    // A file store has the route, but takes no spans there.
    route.foundMissing(missing);
    expect([await look(), local.requests.length]).to.deep.equal([[false, false], 2]);
    expect(reports).to.deep.equal(['It is missing']);
    expect(local.requests.map(({ body }) => body.toString('hex'))).to.deep.equal(['0a00', '0a00']);
  });

  it('gets spans of which a firewall refuses the content without that, and the others by OTLP', async () => {
    const local = await startServer(({ path, body }) =>
      path === '/v1/traces' && body.includes('DROP TABLE')
        ? { status: 403, body: '{"message":"Forbidden"}' }
        : undefined,
    );
    const exporter = new MlflowSpanExporter({ trackingUri: local.url, compression: 'none' });
    closing.push(() => exporter.shutdown());
    const spans = recordSpans((tracer) => {
      tracer.startSpan('good', { attributes: { 'mlflow.spanInputs': 'Hi' } }).end();
      tracer.startSpan('bad', { attributes: { 'mlflow.spanInputs': 'DROP TABLE users' } }).end();
    });
    await send(exporter, ...spans);
    const uploads = local.requests.filter(({ path }) => path === '/v1/traces').map(({ body }) => body.toString());
    expect(uploads.some((body) => body.includes('bad') && body.includes('mlflow.exporter.leftOut'))).to.equal(true);
    expect(local.requests.filter(({ method }) => method === 'PUT')).to.deep.equal([]);
    expect(log.lines).to.deep.equal([
      'warn: MLflow refuses span "bad" (a gateway or firewall before MLflow refuses its content (403: Forbidden)), it was sent without its content.',
    ]);
  });
});
