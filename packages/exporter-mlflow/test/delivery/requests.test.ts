/** Requests that share a trace id: the trace shows one of them, and nothing of the others. */

import { context, type Span, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, MlflowSpanExporter, type MlflowTrace } from '../../src/index.js';
import { identityOf, remoteParent, request } from '../support/requests.js';
import { chatAttributes, exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

/** What a trace shows of the request of this user, and of no other one. */
const shownOf = (user: string) => ({
  name: `${user} root`,
  sessionId: `session of ${user}`,
  userId: user,
  requestPreview: `${user} asks 20`,
  responsePreview: `${user} hears 40`,
});

describe('a trace of several requests', () => {
  let client: MlflowClient;
  let exporter: MlflowSpanExporter;
  before(async function () {
    this.timeout(300_000);
    client = new MlflowClient({ trackingUri: (await testServer()).url });
  });
  after(() => client.close());
  beforeEach(async () => {
    exporter = new MlflowSpanExporter({
      trackingUri: (await testServer()).url,
      experimentName: uniqueName('several-requests'),
    });
  });
  afterEach(() => exporter.shutdown());

  async function send(...batches: ReadableSpan[][]): Promise<void> {
    for (const batch of batches) expect((await exportSpans(exporter, batch)).code).to.equal(SUCCESS);
    await exporter.forceFlush();
  }

  /** Expects that the trace shows this request and that each span has its own user. */
  function expectShown({ info, spans }: MlflowTrace, user: string, users: string[]): void {
    expect(info).to.deep.include(shownOf(user));
    expect(info.tags).to.include({ user, [user]: user });
    expect(info.metadata).to.include({ [user]: user });
    for (const other of users.filter((other) => other !== user)) {
      expect(info.tags).not.to.have.property(other);
      expect(info.metadata).not.to.have.property(other);
    }
    expect(spans).to.have.length(users.length * 4);
    for (const { name, attributes } of spans) expect(attributes, name).to.include(identityOf(name.split(' ')[0] ?? ''));
  }

  const users = ['bob', 'ada', 'eve'];
  /** Ada's request starts first and ends last. */
  const overlapping = (parent: Span): ReadableSpan[][] =>
    users.map((user) => request({ user, parent, at: user === 'ada' ? 0 : 100, until: user === 'ada' ? 5000 : 800 }));

  it('shows the one that started first if the root is in another service', async () => {
    const parent = remoteParent();
    const [bob = [], ada = [], eve = []] = overlapping(parent);
    await send([...eve, ...bob, ...ada]);
    expectShown(await client.getTrace(parent.spanContext().traceId), 'ada', users);
  });

  it('shows the one that started first, whatever the order and the batches of the spans', async () => {
    const parent = remoteParent();
    const [bob = [], ada = [], eve = []] = overlapping(parent);
    await send([bob[0]!, ada[0]!], [eve[0]!, eve[1]!, bob[1]!], [...ada.slice(1), ...eve.slice(2)], bob.slice(2));
    expectShown(await client.getTrace(parent.spanContext().traceId), 'ada', users);
  });

  it('keeps showing the one that it showed when another one arrives later', async () => {
    const parent = remoteParent();
    const [bob = [], ada = [], eve = []] = overlapping(parent);
    await send(bob);
    await send(ada, eve);
    expectShown(await client.getTrace(parent.spanContext().traceId), 'bob', users);
  });

  it('shows the request of its root if the service calls itself', async () => {
    const inner: ReadableSpan[] = [];
    const outer = recordSpans((tracer) => {
      const root = tracer.startSpan('ada root', {
        attributes: { ...identityOf('ada'), 'mlflow.traceTag.user': 'ada' },
      });
      const parent = trace.wrapSpanContext({ ...root.spanContext(), isRemote: true });
      for (const user of ['bob', 'eve']) inner.push(...request({ user, parent }));
      const below = trace.setSpan(context.active(), root);
      tracer.startSpan('ada chat', { attributes: chatAttributes('ada asks', 'ada hears') }, below).end();
      root.end();
    });
    await send(inner.slice(0, 3), [...inner.slice(3), ...outer]);
    const { info } = await client.getTrace(outer[0]!.spanContext().traceId);
    expect(info).to.deep.include({
      name: 'ada root',
      sessionId: 'session of ada',
      userId: 'ada',
      requestPreview: 'ada asks',
      responsePreview: 'ada hears',
    });
    expect(info.tags).to.include({ user: 'ada' });
    expect(info.tags).not.to.have.any.keys('bob', 'eve');
  });

  it('adds no tags to a record of another service with another user', async () => {
    const root = recordSpans((tracer) => tracer.startSpan('caller', { attributes: identityOf('caller') }).end());
    const parent = trace.wrapSpanContext({ ...root[0]!.spanContext(), isRemote: true });
    const elsewhere = new MlflowSpanExporter({
      trackingUri: (await testServer()).url,
      experimentId: (await exporterExperiment(parent)) ?? '0',
    });
    expect((await exportSpans(elsewhere, root)).code).to.equal(SUCCESS);
    await elsewhere.shutdown();
    await send(...overlapping(parent));
    const { info } = await client.getTrace(parent.spanContext().traceId);
    expect(info).to.deep.include({ name: 'caller', sessionId: 'session of caller', userId: 'caller' });
    expect(info.tags).not.to.have.any.keys('user', 'ada', 'bob', 'eve');
  });

  it('keeps the record of another process, whose request has another user', async () => {
    const parent = remoteParent();
    const [bob = [], ada = []] = overlapping(parent);
    await send(bob);
    const experimentId = (await client.getTraceInfo(parent.spanContext().traceId)).experimentId;
    const replica = new MlflowSpanExporter({ trackingUri: (await testServer()).url, experimentId });
    for (let flush = 0; flush < 2; flush++) {
      expect((await exportSpans(replica, flush === 0 ? ada.slice(0, 2) : ada.slice(2))).code).to.equal(SUCCESS);
      await replica.forceFlush();
    }
    await replica.shutdown();
    expectShown(await client.getTrace(parent.spanContext().traceId), 'bob', ['bob', 'ada']);
  });

  it('shows nothing of a further root without a parent', async () => {
    const anonymous = { identity: {} };
    const shown = request({ user: 'ada', ...anonymous });
    const { traceId } = shown[0]!.spanContext();
    const further = (user: string): ReadableSpan[] =>
      request({ user, at: 2000, ...anonymous }).map((span) => {
        const own = { ...span.spanContext(), traceId };
        return Object.assign(Object.create(span) as ReadableSpan, { spanContext: () => own });
      });
    await send(shown, further('bob'), further('eve'));
    const { info, spans } = await client.getTrace(traceId);
    expect(spans).to.have.length(12);
    expect(info).to.deep.include({
      name: 'ada root',
      requestPreview: 'ada asks 20',
      responsePreview: 'ada hears 40',
    });
    // The server itself takes tags from every span without a parent.
    expect(info.metadata).to.include({ ada: 'ada' });
    expect(info.metadata).not.to.have.any.keys('bob', 'eve');
  });

  /** The experiment of the exporter. It must have sent something. */
  async function exporterExperiment(other: Span): Promise<string | undefined> {
    const [span] = recordSpans((tracer) => tracer.startSpan('first').end());
    expect(span!.spanContext().traceId).not.to.equal(other.spanContext().traceId);
    await send([span!]);
    return (await client.getTraceInfo(span!.spanContext().traceId)).experimentId;
  }
});
