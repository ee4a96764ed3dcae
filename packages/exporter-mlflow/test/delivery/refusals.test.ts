import type { ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { type Attributes, context, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { LEFT_OUT } from '../../src/export/span/content.js';
import { copySpan } from '../../src/export/span/span.js';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig, type ReadableSpan } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { type LocalServer, type ReceivedRequest, startLocalServer } from '../support/local-server.js';
import {
  chatAttributes,
  childSpan,
  exportSpans,
  FAILED,
  recordSpans,
  SUCCESS,
  uniqueName,
} from '../support/tracing.js';

describe('spans that are refused', () => {
  let log: ReturnType<typeof collectDiag>;
  beforeEach(() => {
    log = collectDiag();
  });
  afterEach(() => log.stop());

  const REFUSAL = { status: 422, body: '{"detail":"bad span"}' };
  async function exportTo(
    answer: (text: string, request: ReceivedRequest) => typeof REFUSAL | { status: number; body: string } | undefined,
    spans: ReadableSpan[],
    config: MlflowSpanExporterConfig = {},
  ): Promise<{ code: number; uploads: LocalServer['requests'] }> {
    const server = await startLocalServer((request) =>
      request.path === '/v1/traces' ? answer(gunzipSync(request.body).toString('latin1'), request) : undefined,
    );
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, retry: { maxRetries: 0 }, ...config });
    const { code } = await exportSpans(exporter, spans);
    await exporter.shutdown();
    await server.close();
    return { code, uploads: server.requests.filter(({ path }) => path === '/v1/traces') };
  }

  it('keep their place, their tokens and their conversation at a real server, beside the good ones', async () => {
    const { url: trackingUri } = await testServer();
    const experimentName = uniqueName('refused');
    // No content is known that MLflow refuses, so a gateway before it does that.
    const gateway = await startLocalServer((request) => {
      const isBad = request.path === '/v1/traces' && gunzipSync(request.body).includes('odd');
      return isBad ? REFUSAL : (response) => void forward(request, trackingUri, response);
    });
    const exporter = new MlflowSpanExporter({ trackingUri: gateway.url, experimentName });
    const bad: Attributes[] = [{ 'mlflow.spanInputs': 'odd' }, { 'mlflow.spanOutputs': 'odd' }];
    const spans = recordSpans((tracer) => {
      for (const attributes of bad) {
        const root = tracer.startSpan('root', { attributes: { 'session.id': 'talk' } });
        const ask = { attributes: { ...chatAttributes('Hi', 'Hello'), ...attributes } };
        const call = tracer.startSpan('call', ask, trace.setSpan(context.active(), root));
        call.addEvent('note');
        childSpan(tracer, call, 'below');
        call.end();
        root.end();
      }
    });
    const { code } = await exportSpans(exporter, spans);
    await exporter.shutdown();
    await gateway.close();
    expect(code).to.equal(SUCCESS);
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.match(/^warn: MLflow refuses span "call" \(.+\), it was sent without its content\.$/);
    const client = new MlflowClient({ trackingUri });
    for (const traceId of new Set(spans.map((span) => span.spanContext().traceId))) {
      const { info, spans: stored } = await client.getTrace(traceId);
      expect(stored.map(({ name }) => name)).to.have.members(['root', 'call', 'below']);
      const [root, call, below] = ['root', 'call', 'below'].map((name) => stored.find((span) => span.name === name));
      expect([call?.parentSpanId, below?.parentSpanId]).to.deep.equal([root?.spanId, call?.spanId]);
      expect(info.tokenUsage).to.deep.include({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
      expect(info.cost?.totalCost).to.be.greaterThan(0);
      expect([info.requestPreview, info.responsePreview]).to.deep.equal(['Hi', 'Hello']);
      expect(call?.attributes[LEFT_OUT]).to.match(
        /^MLflow refused this span with 3 attributes, 1 event and 0 links, which were left out: /,
      );
    }
  });

  it('are sent as a bare place in the tree when even their figures are refused', async () => {
    const spans = recordSpans((tracer) => {
      const fine = tracer.startSpan('fine');
      childSpan(tracer, fine, 'call', { 'gen_ai.request.model': 'odd', text: 'odd' });
      fine.end();
    });
    const { code, uploads } = await exportTo((text) => (text.includes('odd') ? REFUSAL : undefined), spans);
    expect(code).to.equal(SUCCESS);
    // Five requests: both spans, the good one, the bad one, the bad one without content, the bare bad one.
    expect(uploads).to.have.length(5);
    expect(log.lines).to.deep.equal(['warn: MLflow refuses span "call" (bad span), it was sent without its content.']);
  });

  it('are sent without their content if they are too large for a proxy, and the others in halves of the batch', async () => {
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 8; n++) tracer.startSpan(`span ${n}`, { attributes: { text: 'x'.repeat(100) } }).end();
      tracer.startSpan('giant', { attributes: { text: 'y'.repeat(10_000) } }).end();
    });
    const taken: number[] = [];
    const { code } = await exportTo((text) => {
      if (text.length > 800) return { status: 413, body: '<h1>413 Request Entity Too Large</h1>' };
      taken.push(text.match(/span \d|giant/g)?.length ?? 0);
      return undefined;
    }, spans);
    expect(code).to.equal(SUCCESS);
    expect(taken.reduce((sum, count) => sum + count, 0)).to.equal(9);
    expect(log.lines).to.deep.equal([
      'warn: MLflow refuses span "giant" (<h1>413 Request Entity Too Large</h1>), it was sent without its content.',
    ]);
  });

  it('are not searched for if the request itself is at fault', async () => {
    const spans = recordSpans((tracer) => {
      for (let n = 0; n < 50; n++) tracer.startSpan('span').end();
    });
    const missing = { status: 404, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No Experiment 7"}' };
    const { code, uploads } = await exportTo(() => missing, spans);
    expect(code).to.equal(FAILED);
    expect(uploads).to.have.length(1);
  });

  describe('with an internal error of the server', () => {
    const FAILURE = { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"int too large"}' };
    const RETRY = { retry: { initialBackoffMillis: 0 } };
    const spansWith = (poison: Attributes): ReadableSpan[] =>
      recordSpans((tracer) => {
        for (let n = 0; n < 64; n++) tracer.startSpan(`<${n}>`, n === 40 ? { attributes: poison } : {}).end();
      });
    const arrivals = (): { names: Set<string>; note: (text: string) => undefined } => {
      const names = new Set<string>();
      const note = (text: string): undefined => {
        for (const name of text.match(/<\d+>/g) ?? []) names.add(name);
      };
      return { names, note };
    };

    it('cost the others nothing', async () => {
      const { names, note } = arrivals();
      const { code, uploads } = await exportTo(
        (text) => (text.includes('poison') ? FAILURE : note(text)),
        spansWith({ key: 'poison' }),
        RETRY,
      );
      expect([code, names.size]).to.deep.equal([SUCCESS, 64]);
      expect(uploads.length).to.be.below(30);
      expect(log.lines).to.have.length(1);
      expect(log.lines[0]).to.match(
        /^warn: MLflow refuses span "<40>" \(MLflow at \S+ answered 500 \(int too large\)\), it was sent without its content\.$/,
      );
    });

    it('are not told from the others while the server fails on all of them', async () => {
      for (const uploadsBefore of [0, 1]) {
        const { names, note } = arrivals();
        let uploads = 0;
        const answer = (text: string): typeof FAILURE | undefined => {
          uploads += 1;
          return uploads > uploadsBefore && uploads < 8 ? FAILURE : note(text);
        };
        expect((await exportTo(answer, spansWith({}), RETRY)).code).to.equal(SUCCESS);
        expect([names.size, ...log.lines]).to.deep.equal([64]);
      }
    });

    it('are lost with the others if that lasts', async () => {
      const { code, uploads } = await exportTo(() => FAILURE, spansWith({}), {
        retry: { maxRetries: 3, initialBackoffMillis: 0 },
      });
      expect(code).to.equal(FAILED);
      // Eight requests are sent twice each, and the ninth as often as any other.
      expect(uploads).to.have.length(8 * 2 + 4);
      expect(log.lines).to.have.length(1);
      expect(log.lines[0]).to.match(
        /^error: MLflow at \S+ answered 500 \(int too large\)\. 64 spans were not delivered\.$/,
      );
    });
  });

  it('are dropped and named when they cannot even be serialized', async () => {
    const [fine, broken] = recordSpans((tracer) => {
      tracer.startSpan('fine').end();
      tracer.startSpan('broken').end();
    });
    const odd = copySpan(broken!, { links: [{} as never], events: [{ name: 5 } as never] });
    const context = copySpan(broken!, { spanContext: () => ({}) as never });
    const { code } = await exportTo(() => undefined, [fine!, odd]);
    expect(code).to.equal(SUCCESS);
    expect(log.lines).to.deep.equal([
      'warn: MLflow refuses span "broken" (it cannot be serialized), it was sent without its content.',
    ]);
    expect((await exportTo(() => undefined, [context])).code).to.equal(SUCCESS);
    expect(log.lines.slice(1)).to.deep.equal([
      'warn: MLflow refuses span "broken" (it cannot be serialized), it was dropped.',
    ]);
  });
});

describe('batches', () => {
  const uploadsOf = async (
    spans: ReturnType<typeof recordSpans>,
    config: MlflowSpanExporterConfig,
  ): Promise<Buffer[]> => {
    const server = await startLocalServer();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, traceInfo: 'otlp-only', ...config });
    const { code } = await exportSpans(exporter, spans);
    await exporter.shutdown();
    await server.close();
    expect(code).to.equal(SUCCESS);
    return server.requests
      .filter(({ path }) => path === '/v1/traces')
      .map(({ body, headers }) => (headers['content-encoding'] ? gunzipSync(body) : body));
  };
  const namesIn = (uploads: Buffer[]): string[] =>
    // The name of a root occurs twice, because it is also the name of its trace.
    uploads.flatMap((body) => [...new Set(body.toString('latin1').match(/span-\d+-/g))]);
  const spansOf = (sizes: number[], letter = 'x'): ReturnType<typeof recordSpans> =>
    recordSpans((tracer) =>
      sizes.forEach((size, n) => {
        tracer.startSpan(`span-${n}-`, { attributes: { text: letter.repeat(size) } }).end();
      }),
    );

  it('hold no more than 512 spans, each span once', async () => {
    const uploads = await uploadsOf(spansOf(Array(1100).fill(1)), {});
    expect(uploads.map((body) => namesIn([body]).length)).to.deep.equal([512, 512, 76]);
    expect(new Set(namesIn(uploads)).size).to.equal(1100);
  });

  it('hold no more bytes than maxRequestBytes, except for a larger span, which goes alone', async () => {
    const uploads = await uploadsOf(spansOf([4000, 4000, 4000, 20_000, 4000, 100]), {
      maxRequestBytes: 10_000,
      compression: 'none',
    });
    expect(uploads.map((body) => namesIn([body]))).to.deep.equal([
      ['span-0-', 'span-1-'],
      ['span-2-'],
      ['span-3-'],
      ['span-4-', 'span-5-'],
    ]);
    for (const body of uploads) expect(namesIn([body]).length === 1 || body.byteLength <= 10_000).to.equal(true);
  });

  it('keep to maxRequestBytes in any script', async () => {
    const uploads = await uploadsOf(spansOf(Array(12).fill(1000), '漢'), { maxRequestBytes: 10_000 });
    expect(new Set(namesIn(uploads)).size).to.equal(12);
    for (const body of uploads) expect(body.byteLength).to.be.at.most(10_000);
  });

  it('of many megabytes arrive at a real server, and so does a span of 20 MB', async () => {
    const { url: trackingUri } = await testServer();
    const exporter = new MlflowSpanExporter({ trackingUri, experimentName: uniqueName('large') });
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('root');
      for (let n = 0; n < 6; n++) childSpan(tracer, root, 'large', { text: 'x'.repeat(2_000_000) });
      childSpan(tracer, root, 'giant', { text: 'y'.repeat(20_000_000) });
      root.end();
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    await exporter.shutdown();
    const client = new MlflowClient({ trackingUri });
    const { spans: stored } = await client.getTrace(spans[0]!.spanContext().traceId);
    expect(stored).to.have.length(8);
    expect(String(stored.find(({ name }) => name === 'giant')?.attributes['text'])).to.have.length(20_000_000);
  });

  it('let the event loop turn between them', async () => {
    let turn = 0;
    const countImmediates = (): void => {
      turn += 1;
      immediate = setImmediate(countImmediates);
    };
    let immediate = setImmediate(countImmediates);
    const turns = new Set<number>();
    const spans = spansOf(Array(12).fill(2_000_000));
    for (const span of spans) {
      const context = span.spanContext();
      // The exporter asks for the ids of a span when it encodes the span.
      Object.assign(span, {
        spanContext: () => {
          turns.add(turn);
          return context;
        },
      });
    }
    const uploads = await uploadsOf(spans, {});
    clearImmediate(immediate);
    expect(uploads.length).to.be.above(3);
    expect(turns.size).to.be.at.least(uploads.length);
  });

  it('need a valid maxRequestBytes', () => {
    const { lines, stop } = collectDiag();
    new MlflowSpanExporter({ maxRequestBytes: 0 });
    stop();
    expect(lines).to.deep.equal(['error: MLflow exporter: maxRequestBytes is 0, it must be a number of bytes from 1.']);
  });
});

async function forward(
  { method, path, headers, body }: ReceivedRequest,
  url: string,
  response: ServerResponse,
): Promise<void> {
  const { host: _, connection: __, 'content-length': ___, ...others } = headers as Record<string, string>;
  const answer = await fetch(`${url}${path}`, { method, headers: others, ...(method === 'GET' ? {} : { body }) });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}
