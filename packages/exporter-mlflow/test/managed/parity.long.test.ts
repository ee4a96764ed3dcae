import { expect } from 'chai';
import { type GatewayAnswer, withoutOtlp } from 'testing/managed/answers.js';
import { makeKey } from 'testing/managed/keys.js';
import { type ManagedMlflow, startManagedMlflow } from 'testing/managed/managed-mlflow.js';
import { type ReferenceClient, type ReferenceTrace, startReferenceClient } from 'testing/managed/reference-client.js';
import { modelCatalogUri } from 'testing/mlflow/model-catalog.js';
import { MlflowClient, MlflowSpanExporter, type MlflowTrace } from '../../src/index.js';
import { AGENT_TRACE, recordDescribed } from '../support/described-trace.js';
import { eachEnvironment } from '../support/environment.js';
import { startTracing, uniqueName } from '../support/tracing.js';

// US dollars for the tokens of the trace, by the price list: 3 per million of input, 0.3 from the cache, 15 of output.
const COST = (1010 * 3 + 200 * 0.3 + 345 * 15) / 1e6;
/** The attributes that say something about a trace, or about the client and not about the work. */
const NOT_OF_SPAN =
  /^(session\.id|user\.id|mlflow\.(traceTag\..*|traceMetadata\..*|clientRequestId|traceRequestId|spanLogLevel|llm\.cost))$/;

describe('a trace at SageMaker', function () {
  this.timeout(120_000);
  let managed: ManagedMlflow;
  let reference: ReferenceClient;
  let catalogUri: string;
  const environment = eachEnvironment();

  before(async () => {
    managed = await startManagedMlflow({ folder: 'räume und+mehr', keys: [makeKey({ isTemporary: true })] });
    reference = await startReferenceClient(managed.environment());
    catalogUri = await modelCatalogUri();
  });
  beforeEach(() => environment.set({ ...managed.environment(), MLFLOW_MODEL_CATALOG_URI: catalogUri }));
  after(async () => {
    await reference.close();
    await managed.close();
  });

  /** The names of the spans that MLflow's page shows. Its server reads them from S3. */
  const spansOfPage = async (traceId: string): Promise<string[]> => {
    const answer = await fetch(`${managed.pageUrl}/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}`);
    const { spans } = (await answer.json()) as { spans: { name: string }[] };
    return spans.map(({ name }) => name);
  };
  const SERVER = (): string => managed.serverArn;
  const APP = (): string => managed.appArn;
  const CASES: [string, () => string, GatewayAnswer[]][] = [
    ['a tracking server with the OTLP route', SERVER, []],
    ['an app with the OTLP route', APP, []],
    ['an app that has no OTLP route', APP, [withoutOtlp(404)]],
    ['a tracking server that refuses OTLP with 501', SERVER, [withoutOtlp(501)]],
    ['a tracking server that refuses OTLP with 403', SERVER, [withoutOtlp(403)]],
  ];
  for (const [server, uriOf, answers] of CASES) {
    it(`of ours reads as one of Python's client, at ${server}`, async () => {
      const trackingUri = uriOf();
      await managed.setAnswers(answers);
      await managed.forgetRequests();
      const experimentName = uniqueName('Räume a+b 50%/é ~*"😀"');
      const exporter = new MlflowSpanExporter({ trackingUri, experimentName });
      const { tracer, shutdown } = startTracing(exporter);
      const ours = recordDescribed(tracer, AGENT_TRACE);
      await shutdown();
      const sent = await managed.requests();

      const theirs = await reference.record(trackingUri, experimentName, AGENT_TRACE);

      const [read, expected] = [await reference.read(trackingUri, ours), await reference.read(trackingUri, theirs)];
      expect(comparable(read)).to.deep.equal(comparable(expected));
      expect(read.cost?.total_cost, 'cost').to.be.closeTo(COST, 1e-9);
      // Python's client computes no cost for apps, only for tracking servers. Servers compute it with OTLP only.
      const hasCost = uriOf === SERVER || answers.length === 0;
      if (hasCost) expect([read.cost, costs(read)]).to.deep.equal([expected.cost, costs(expected)]);
      else expect([expected.cost, costs(expected)]).to.deep.equal([null, []]);
      const client = new MlflowClient({ trackingUri });
      expect(comparableOf(await client.getTrace(ours))).to.deep.equal(comparableOf(await client.getTrace(theirs)));
      client.close();
      expect(sent.filter(({ verified }) => !verified)).to.deep.equal([]);
      const inS3 = (await managed.s3.objects()).filter((name) => name.includes(ours));
      expect(inS3.length, 'objects of our trace').to.equal(answers.length);
      if (answers.length > 0) expect(await spansOfPage(ours)).to.deep.equal(await spansOfPage(theirs));
    });
  }
});

/** What must be the same in a trace as Python's client reads it. */
function comparable({ tags, metadata, cost: _, spans, ...trace }: ReferenceTrace): object {
  return {
    ...trace,
    // Python writes a space after each colon.
    requestPreview: JSON.parse(trace.requestPreview ?? 'null'),
    responsePreview: JSON.parse(trace.responsePreview ?? 'null'),
    name: tags['mlflow.traceName'],
    tags: only(tags, Object.keys(AGENT_TRACE.tags)),
    metadata: only(metadata, [
      ...Object.keys(AGENT_TRACE.metadata),
      ...['mlflow.trace.session', 'mlflow.trace.user', 'mlflow.trace_schema.version'],
    ]),
    spans: spans.map(({ attributes, events, status, ...span }) => ({
      ...span,
      // OpenTelemetry leaves the status of a success unset.
      isError: status === 'ERROR',
      attributes: ofWork(attributes),
      events: events.map(withoutStack),
    })),
  };
}

/** What must be the same in a trace as our client reads it. */
function comparableOf({ info, spans }: MlflowTrace): object {
  const { state, name, clientRequestId, sessionId, userId, tokenUsage, tags } = info;
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return {
    ...{ state, name, clientRequestId, sessionId, userId, tokenUsage },
    tags: only(tags, Object.keys(AGENT_TRACE.tags)),
    spans: spans.map(({ name, parentSpanId = '', type, ok, statusMessage, inputs, outputs, model, ...span }) => ({
      ...{ name, parent: names.get(parentSpanId), type, ok, statusMessage, inputs, outputs, model },
      tokenUsage: span.tokenUsage,
      attributes: ofWork(span.attributes),
      events: span.events.map(withoutStack),
    })),
  };
}

function only(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

function ofWork(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !NOT_OF_SPAN.test(name)));
}

/** What each model call cost. */
function costs({ spans }: ReferenceTrace): unknown[] {
  return spans.flatMap(({ attributes }) => attributes['mlflow.llm.cost'] ?? []);
}

function withoutStack({ name, attributes }: { name: string; attributes: Readonly<Record<string, unknown>> }): object {
  const { 'exception.stacktrace': _, 'exception.escaped': __, ...others } = attributes;
  return { name, attributes: others };
}
