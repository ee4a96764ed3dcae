/** `mask`: what MLflow gets in place of recorded values. */

import { type Link, type Span, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import {
  MlflowClient,
  type MlflowMask,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
  type ReadableSpan,
} from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { chatAttributes, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const SECRET = 'tulip-4711';
const hide: MlflowMask = (_key, value) => (typeof value === 'string' ? value.replaceAll(SECRET, '[hidden]') : value);

/** One span with the secret in every place that takes a value of the application. */
function leakySpan(): ReadableSpan {
  const memory = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'desk', 'process.command_args': `--key=${SECRET}` }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  });
  const link: Link = {
    context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED },
    attributes: { note: SECRET },
  };
  const span = provider.getTracer('test').startSpan('chat', {
    attributes: {
      ...chatAttributes(`My key is ${SECRET}.`, `I keep ${SECRET}.`),
      'mlflow.spanInputs': JSON.stringify({ messages: [{ role: 'user', content: SECRET }] }),
      'session.id': SECRET,
      'user.id': SECRET,
      'mlflow.clientRequestId': SECRET,
      'mlflow.traceTag.key': SECRET,
      'mlflow.traceMetadata.key': SECRET,
      'mlflow.traceRequestPreview': SECRET,
      'mlflow.traceResponsePreview': SECRET,
    },
    links: [link],
  });
  fail(span);
  return memory.getFinishedSpans()[0]!;
}

function fail(span: Span): void {
  span.addEvent('gen_ai.choice', { content: SECRET });
  span.recordException(new Error(`bad key ${SECRET}`));
  span.setStatus({ code: SpanStatusCode.ERROR, message: `bad key ${SECRET}` });
  span.end();
}

describe('mask', () => {
  const { log, closing, startServer } = eachTest();

  function newExporter(config: MlflowSpanExporterConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ compression: 'none', ...config });
    closing.push(() => exporter.shutdown());
    return exporter;
  }

  for (const traceInfo of ['full', 'otlp-only'] as const) {
    it(`hides a secret in every part of a span, and in what is made of it: ${traceInfo}`, async () => {
      const server = await startServer();
      const exporter = newExporter({ trackingUri: server.url, mask: hide, traceInfo });
      expect((await exportSpans(exporter, [leakySpan()])).code).to.equal(SUCCESS);
      const bodies = server.requests.map(({ body }) => body.toString('latin1'));
      expect(bodies.filter((body) => body.includes('[hidden]'))).to.have.length(traceInfo === 'full' ? 2 : 1);
      expect(bodies.filter((body) => body.includes(SECRET))).to.deep.equal([]);
    });
  }

  it('hides it also from servers that keep traces as files', async () => {
    const record = JSON.stringify({
      trace: { trace_info: { trace_id: 'x', tags: { 'mlflow.artifactLocation': 'mlflow-artifacts:/7/x' } } },
    });
    const server = await startServer(({ path }) => {
      if (path === '/v1/traces') return { status: 501 };
      return path.startsWith('/api/3.0/mlflow/traces') ? { status: 200, body: record } : undefined;
    });
    expect((await exportSpans(newExporter({ trackingUri: server.url, mask: hide }), [leakySpan()])).code).to.equal(
      SUCCESS,
    );
    const bodies = server.requests.map(({ body }) => body.toString('latin1'));
    expect(bodies.some((body) => body.includes('[hidden]'))).to.equal(true);
    expect(bodies.filter((body) => body.includes(SECRET))).to.deep.equal([]);
  });

  it('shows the rest of the trace as it was, and does not change the application’s span', async () => {
    const { url } = await testServer();
    const client = new MlflowClient({ trackingUri: url });
    closing.push(() => client.close());
    const span = leakySpan();
    const { attributes, events, links, status, resource } = span;
    const before = structuredClone([attributes, events, links, status, resource.attributes]);
    const exporter = newExporter({ trackingUri: url, experimentName: uniqueName('mask'), mask: hide });
    expect((await exportSpans(exporter, [span])).code).to.equal(SUCCESS);
    expect([span.attributes, span.events, span.links, span.status, span.resource.attributes]).to.deep.equal(before);

    const { info, spans } = await client.getTrace(span.spanContext().traceId);
    expect(info).to.deep.include({
      name: 'chat',
      state: 'ERROR',
      sessionId: '[hidden]',
      userId: '[hidden]',
      clientRequestId: '[hidden]',
      requestPreview: '[hidden]',
      responsePreview: '[hidden]',
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
    expect(info?.tags).to.include({
      key: '[hidden]',
      'service.name': 'desk',
      'process.command_args': '--key=[hidden]',
    });
    expect(spans[0]?.type).to.equal('CHAT_MODEL');
    expect(spans[0]?.statusMessage).to.equal('bad key [hidden]');
    expect(spans[0]?.events.map(({ name }) => name)).to.deep.equal(['gen_ai.choice', 'exception']);
    expect(log.lines).to.deep.equal([]);
  });

  it('is called with each value and its span, and leaves out those for which it returns undefined', async () => {
    const server = await startServer();
    const span = leakySpan();
    const seen: string[] = [];
    const mask: MlflowMask = (key, _value, of) => {
      expect(of).to.equal(span);
      seen.push(key);
      return undefined;
    };
    const exporter = newExporter({ trackingUri: server.url, mask, traceInfo: 'otlp-only' });
    expect((await exportSpans(exporter, [span, span])).code).to.equal(SUCCESS);
    const [first, second] = [seen.slice(0, seen.length / 2 + 1), seen.slice(seen.length / 2 + 1)];
    expect(first).to.include.members([
      ...Object.keys(span.attributes),
      'content',
      'exception.message',
      'exception.stacktrace',
      'note',
      'otel.status_description',
      'service.name',
      'process.command_args',
    ]);
    expect(second).to.include('otel.status_description').and.not.include('service.name');
    const [upload] = server.requests.filter(({ path }) => path === '/v1/traces');
    expect(upload?.body.toString('latin1')).to.not.match(/tulip|gen_ai\.input|desk/);
  });

  it('leaves a value out if the function throws or returns a promise, and logs that once without the value', async () => {
    const failing: [MlflowMask, string][] = [
      [
        (key, value) => (key === 'session.id' ? JSON.parse(String(value)) : hide(key, value, {} as ReadableSpan)),
        'warn: mask threw SyntaxError for "session.id", so the value was left out: correct the function.',
      ],
      [
        (async () => Promise.reject(new Error(SECRET))) as unknown as MlflowMask,
        'warn: mask returned a promise for "gen_ai.operation.name", so the value was left out: the function must return a value.',
      ],
      [
        () => {
          throw SECRET;
        },
        'warn: mask threw something that is not an error for "gen_ai.operation.name", so the value was left out: correct the function.',
      ],
    ];
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    closing.push(() => void process.off('unhandledRejection', onUnhandled));
    for (const [mask, line] of failing) {
      const server = await startServer();
      const exporter = newExporter({ trackingUri: server.url, mask });
      for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, [leakySpan()])).code).to.equal(SUCCESS);
      const bodies = server.requests.map(({ body }) => body.toString('latin1'));
      expect(bodies.filter((body) => body.includes('chat'))).to.have.length(4);
      expect(bodies.filter((body) => body.includes(SECRET))).to.deep.equal([]);
      expect(log.lines.splice(0)).to.deep.equal([line]);
    }
    expect(unhandled).to.deep.equal([]);
  });

  it('keeps the trace if the function returns what is no value of an attribute', async () => {
    const { url } = await testServer();
    const client = new MlflowClient({ trackingUri: url });
    closing.push(() => client.close());
    const circle: unknown[] = [];
    circle.push(circle);
    for (const odd of [10n, Symbol('odd'), () => 'odd', circle, new Date(0), Number.NaN, { a: 1 }]) {
      const exporter = newExporter({ trackingUri: url, experimentName: uniqueName('mask'), mask: () => odd as never });
      const span = leakySpan();
      expect((await exportSpans(exporter, [span])).code).to.equal(SUCCESS);
      const { info, spans } = await client.getTrace(span.spanContext().traceId);
      expect([info?.state, spans.length], String(typeof odd)).to.deep.equal(['ERROR', 1]);
    }
    expect(log.lines).to.deep.equal([]);
  });

  it('gets no value that is none, and a resource again while that is incomplete', async () => {
    const server = await startServer();
    const [recorded] = recordSpans((tracer) => tracer.startSpan('chat', { attributes: { note: SECRET } }).end());
    const span = Object.create(recorded!, {
      attributes: { value: { note: SECRET, none: undefined, nothing: null } },
      events: { value: [{ name: 'event', time: [0, 0] }] },
      resource: { value: Object.create(recorded!.resource, { asyncAttributesPending: { value: true } }) },
    }) as ReadableSpan;
    const seen: string[] = [];
    const mask: MlflowMask = (key, value) => {
      seen.push(key);
      return value;
    };
    const exporter = newExporter({ trackingUri: server.url, mask, traceInfo: 'otlp-only' });
    expect((await exportSpans(exporter, [span, span])).code).to.equal(SUCCESS);
    expect(seen).to.not.include.members(['none', 'nothing']);
    expect(seen.filter((key) => key === 'service.name')).to.have.length(2);
  });

  it('gets a list of its own, so that it can change it', async () => {
    const server = await startServer();
    const [span] = recordSpans((tracer) => tracer.startSpan('chat', { attributes: { stops: [SECRET] } }).end());
    const mask: MlflowMask = (key, value) => {
      if (key === 'stops' && Array.isArray(value)) value.fill(null);
      return value;
    };
    const exporter = newExporter({ trackingUri: server.url, mask });
    expect((await exportSpans(exporter, [span!])).code).to.equal(SUCCESS);
    expect(span?.attributes['stops']).to.deep.equal([SECRET]);
    expect(server.requests.filter(({ body }) => body.includes(SECRET))).to.deep.equal([]);
  });

  it('names the type that it needs if it is no function', async () => {
    const exporter = newExporter({ mask: 'all' as unknown as MlflowMask });
    const { error } = await exportSpans(
      exporter,
      recordSpans((tracer) => tracer.startSpan('x').end()),
    );
    expect(error?.message).to.equal('MLflow exporter: mask is of type string, it must be a function.');
  });
});
