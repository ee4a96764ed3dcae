/** `spanFilter`: which spans go to MLflow. */

import { randomUUID } from 'node:crypto';
import { type Attributes, context, type Span, SpanKind, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { isGenAi } from '../../src/export/span/filter.js';
import {
  MlflowClient,
  MlflowSpanExporter,
  type MlflowSpanExporterConfig,
  type MlflowTrace,
  type ReadableSpan,
} from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import { startMetrics } from '../support/metrics.js';
import { chatAttributes, childSpan, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const AGENT = {
  'gen_ai.operation.name': 'invoke_agent',
  'gen_ai.usage.input_tokens': 10,
  'gen_ai.usage.output_tokens': 5,
  'session.id': 'session-3',
  'mlflow.traceTag.team': 'travel',
};
const USAGE = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 };
const below = (parent: Span) => trace.setSpan(context.active(), parent);

/** A request to a web server with an agent in it: only every second span is one of generative AI. */
function request(tracer: Tracer): void {
  const server = tracer.startSpan('POST /ask', { kind: SpanKind.SERVER, attributes: { 'http.route': '/ask' } });
  const agent = tracer.startSpan('weather agent', { attributes: AGENT }, below(server));
  const step = tracer.startSpan('step', {}, below(agent));
  const chat = tracer.startSpan('chat', { attributes: { 'gen_ai.operation.name': 'chat', ...USAGE } }, below(step));
  childSpan(tracer, chat, 'POST', { 'http.request.method': 'POST' });
  chat.end();
  step.end();
  agent.end();
  server.end();
}

const named =
  (...names: string[]) =>
  ({ name }: ReadableSpan): boolean =>
    names.includes(name);

describe('spanFilter', () => {
  let url: string;
  let client: MlflowClient;
  const { log, closing, startServer } = eachTest();
  const environment = eachEnvironment();
  before(async function () {
    this.timeout(300_000);
    url = (await testServer()).url;
    client = new MlflowClient({ trackingUri: url });
  });
  after(() => client.close());

  function newExporter(config: MlflowSpanExporterConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri: url, experimentName: uniqueName('filter'), ...config });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const storedTrace = async (config: MlflowSpanExporterConfig, ...exports: ReadableSpan[][]): Promise<MlflowTrace> => {
    const exporter = newExporter(config);
    for (const spans of exports) expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    await exporter.forceFlush();
    return client.getTrace(exports.flat()[0]!.spanContext().traceId);
  };
  const tree = ({ spans }: MlflowTrace): Record<string, string | undefined> => {
    const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    return Object.fromEntries(
      spans.map(({ name, parentSpanId }) => [name, parentSpanId && (names.get(parentSpanId) ?? 'missing')]),
    );
  };

  it('gen_ai sends one tree of model spans, with state, name, session, tags and every token once', async () => {
    const spans = recordSpans(request);
    const before = spans.map(({ parentSpanContext }) => parentSpanContext?.spanId);
    const stored = await storedTrace({ spanFilter: 'gen_ai' }, spans);
    expect(tree(stored)).to.deep.equal({ 'weather agent': undefined, chat: 'weather agent' });
    expect(stored.info).to.deep.include({
      state: 'OK',
      name: 'weather agent',
      sessionId: 'session-3',
      tokenUsage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    });
    expect(stored.info?.tags).to.include({ team: 'travel' });
    expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).to.deep.equal(before);
    expect(log.lines).to.deep.equal([]);
  });

  it('is the environment variable MLFLOW_SPAN_FILTER if the option is not set', async () => {
    environment.set({ MLFLOW_SPAN_FILTER: 'gen_ai' });
    expect(Object.keys(tree(await storedTrace({}, recordSpans(request))))).to.have.members(['weather agent', 'chat']);
    const all = await storedTrace({ spanFilter: 'all' }, recordSpans(request));
    expect(all.spans).to.have.length(5);
  });

  it('calls a function with each span of the application, and sends those for which it returns true', async () => {
    const seen: string[] = [];
    const spans = recordSpans(request);
    const stored = await storedTrace(
      {
        spanFilter: (span) => {
          seen.push(span.name);
          expect(spans).to.include(span);
          return named('POST /ask', 'chat')(span);
        },
      },
      spans,
    );
    expect(seen).to.deep.equal(spans.map(({ name }) => name));
    expect(tree(stored)).to.deep.equal({ 'POST /ask': undefined, chat: 'POST /ask' });
  });

  it('moves spans that end later, and keeps the parent in another service', async () => {
    const traceId = randomUUID().replaceAll('-', '');
    const remote = { traceId, spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('root');
      const left = tracer.startSpan('left out', {}, below(root));
      const late = tracer.startSpan('late', {}, below(left));
      left.end();
      root.end();
      late.end();
      const entry = tracer.startSpan('left out', {}, trace.setSpanContext(context.active(), remote));
      childSpan(tracer, entry, 'served');
      entry.end();
    });
    const spanFilter = (span: ReadableSpan): boolean => span.name !== 'left out';
    const stored = await storedTrace({ spanFilter }, spans.slice(0, 2), spans.slice(2, 3));
    expect(tree(stored)).to.deep.equal({ root: undefined, late: 'root' });
    const exporter = newExporter({ spanFilter, traceInfo: 'otlp-only', experimentId: '0' });
    await exportSpans(exporter, spans.slice(3));
    const { spans: served } = await client.getTrace(remote.traceId);
    expect(served.map(({ parentSpanId }) => parentSpanId)).to.deep.equal([remote.spanId]);
  });

  for (const [when, batches] of Object.entries({
    'with the others': [3],
    'after them': [2, 1],
    'after a part of them': [1, 2],
  })) {
    it(`finishes a trace of two agents whose root was left out ${when}`, async () => {
      const spans = recordSpans((tracer) => {
        const server = tracer.startSpan('POST /ask');
        const ask = (startTime: number, name: string, question: string, answer: string): void => {
          const attributes = { ...chatAttributes(question, answer), 'gen_ai.operation.name': 'invoke_agent' };
          tracer.startSpan(name, { startTime, attributes }, below(server)).end(startTime + 10);
        };
        const start = Date.now();
        ask(start, 'planner', 'Plan it.', 'Planned.');
        ask(start + 10, 'writer', 'Write it.', 'Written.');
        server.end();
      });
      const exports = batches.map((size) => spans.splice(0, size));
      const stored = await storedTrace({ spanFilter: 'gen_ai' }, ...exports);
      expect(stored.spans.map(({ name }) => name)).to.have.members(['planner', 'writer']);
      expect(stored.info).to.deep.include({
        state: 'OK',
        name: 'planner',
        requestPreview: 'Plan it.',
        tokenUsage: { inputTokens: 20, outputTokens: 10, totalTokens: 30 },
      });
    });
  }

  it('counts tokens once when a span between agent and model is left out after the model call was sent', async () => {
    const spans = recordSpans((tracer) => {
      const agent = tracer.startSpan('agent', { attributes: { 'gen_ai.operation.name': 'invoke_agent', ...USAGE } });
      const step = tracer.startSpan('step', {}, below(agent));
      childSpan(tracer, step, 'chat', chatAttributes('Hi', 'Hello'));
      step.end();
      agent.end();
    });
    const stored = await storedTrace({ spanFilter: 'gen_ai' }, spans.slice(0, 1), spans.slice(1));
    expect(stored.spans).to.have.length(2);
    expect(stored.info?.tokenUsage).to.deep.equal({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
  });

  it('names the trace by its agent even if agent and model call start in the same millisecond', async () => {
    const startTime = Date.now();
    const spans = recordSpans((tracer) => {
      const server = tracer.startSpan('POST /ask', { startTime });
      const agent = tracer.startSpan('agent', { startTime, attributes: AGENT }, below(server));
      const step = tracer.startSpan('step', { startTime }, below(agent));
      const chat = tracer.startSpan('chat', { startTime, attributes: chatAttributes('Hi', 'Hello') }, below(step));
      chat.end(startTime + 10);
      step.end(startTime + 10);
      agent.end(startTime + 20);
      server.end(startTime + 20);
    });
    const exporter = newExporter({ spanFilter: 'gen_ai' });
    for (const span of spans) {
      expect((await exportSpans(exporter, [span])).code).to.equal(SUCCESS);
      await exporter.forceFlush();
    }
    const info = await client.getTraceInfo(spans[0]!.spanContext().traceId);
    expect(info).to.deep.include({ name: 'agent', state: 'OK', sessionId: 'session-3' });
  });

  it('ends on spans that are their own ancestors', async () => {
    const [first] = recordSpans((tracer) => tracer.startSpan('circle').end());
    const own = first!.spanContext();
    const circle = { ...first!, name: 'left out', spanContext: () => own, parentSpanContext: own } as ReadableSpan;
    const child = { ...circle, name: 'kept', spanContext: () => ({ ...own, spanId: '3'.repeat(16) }) };
    const server = await startServer();
    const exporter = newExporter({ trackingUri: server.url, spanFilter: named('kept') });
    expect((await exportSpans(exporter, [circle, child])).code).to.equal(SUCCESS);
  });

  it('counts no span as exported or lost that it leaves out, and sends no request without spans', async () => {
    const server = await startServer();
    const metrics = startMetrics();
    const exporter = newExporter({
      trackingUri: server.url,
      spanFilter: named('chat'),
      meterProvider: metrics.provider,
    });
    const spans = recordSpans(request);
    expect((await exportSpans(exporter, spans.filter(named('step', 'POST')))).code).to.equal(SUCCESS);
    await exporter.forceFlush();
    expect(server.requests).to.have.length(0);
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    const exported = (await metrics.read())['otel.sdk.exporter.span.exported {span}'] ?? [];
    expect(exported.map(({ value, attributes }) => [value, attributes['error.type']])).to.deep.equal([[1, undefined]]);
    expect(log.lines).to.deep.equal([]);
  });

  it('keeps a span if the function throws or returns a promise, and logs that once', async () => {
    const server = await startServer();
    const failing: [NonNullable<MlflowSpanExporterConfig['spanFilter']>, string][] = [
      [() => JSON.parse('secret'), 'warn: spanFilter threw SyntaxError, so the span was kept: correct the function.'],
      [
        (async () => Promise.reject(new Error('later'))) as unknown as () => boolean,
        'warn: spanFilter returned a promise, so the span was kept: the function must return true or false.',
      ],
    ];
    for (const [spanFilter, line] of failing) {
      const exporter = newExporter({ trackingUri: server.url, spanFilter, traceInfo: 'otlp-only' });
      const sent = server.requests.length;
      for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, recordSpans(request))).code).to.equal(SUCCESS);
      expect(server.requests.slice(sent).filter(({ path }) => path === '/v1/traces')).to.have.length(2);
      expect(log.lines.splice(0)).to.deep.equal([line]);
    }
  });

  it('names the valid values if it has another one', async () => {
    const problem = async (config: MlflowSpanExporterConfig): Promise<string | undefined> => {
      const { error } = await exportSpans(newExporter(config), recordSpans(request));
      return error?.message;
    };
    expect(await problem({ spanFilter: 'genai' as 'gen_ai' })).to.equal(
      'MLflow exporter: spanFilter is "genai", it must be one of: all, gen_ai or a function.',
    );
    environment.set({ MLFLOW_SPAN_FILTER: 'models' });
    expect(await problem({})).to.equal(
      'MLflow exporter: MLFLOW_SPAN_FILTER is "models", it must be one of: all, gen_ai.',
    );
  });
});

describe('gen_ai', () => {
  const isKept = (attributes: Attributes): boolean => {
    const [span] = recordSpans((tracer) => tracer.startSpan('x', { attributes }).end());
    return isGenAi(span!);
  };

  it('keeps spans that a convention or MLflow marks', () => {
    for (const attributes of [
      chatAttributes('Hi', 'Hello'),
      { 'gen_ai.system': 'openai' },
      { 'openinference.span.kind': 'RETRIEVER' },
      { 'openinference.span.kind': 'PROMPT' },
      { 'traceloop.span.kind': 'workflow' },
      { 'llm.request.type': 'chat' },
      { 'ai.operationId': 'ai.toolCall' },
      { 'mlflow.spanType': 'PARSER' },
      { 'mlflow.spanInputs': '"Hi"' },
      { 'mlflow.traceTag.team': 'travel' },
    ]) {
      expect(isKept(attributes), JSON.stringify(attributes)).to.equal(true);
    }
  });

  it('leaves out the others, also if session and user are on them', () => {
    for (const attributes of [
      {},
      { 'http.request.method': 'POST', 'session.id': 's', 'user.id': 'u' },
      { 'db.system.name': 'postgresql', 'span.type': 'db' },
      { 'rpc.system': 'aws-api', 'operation.name': 'GetItem' },
    ]) {
      expect(isKept(attributes), JSON.stringify(attributes)).to.equal(false);
    }
  });
});
