import { randomBytes } from 'node:crypto';
import { context, type Span, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { EXPERIMENT, type FaultRule, RECORD, UPLOAD } from '../support/fault-proxy.js';
import { releaseScenarios, type Scenario, startScenario } from '../support/scenario.js';
import { chatAttributes, childSpan, recordSpans } from '../support/tracing.js';

const TAGS = /^PATCH \/api\/3\.0\/mlflow\/traces\/tr-[0-9a-f]+\/tags$/;
const READ = /^GET \/api\/3\.0\/mlflow\/traces\//;

// The usual way to duplicate a span: the server stores it, the answer is lost, and the exporter sends it again.
const LOST_ANSWERS: FaultRule[] = [EXPERIMENT, UPLOAD, RECORD].map((route) => ({
  route,
  fault: { kind: 'reset', when: 'after' },
  times: 2,
}));

describe('a trace, while answers get lost', () => {
  let server: string;
  before(async function () {
    this.timeout(300_000);
    server = (await testServer()).url;
  });
  afterEach(releaseScenarios);

  interface Parts {
    root: ReadableSpan;
    tool: ReadableSpan;
    below: ReadableSpan;
    beside: ReadableSpan;
  }
  function agentTrace(): Parts {
    const [tool, below, beside, root] = recordSpans((tracer) => {
      const agent = tracer.startSpan('agent', { attributes: { 'session.id': 's' } });
      const step = childSpan(tracer, agent, 'tool', { 'mlflow.spanType': 'TOOL' });
      childSpan(tracer, step, 'chat below', chatAttributes('q', 'a', [7, 3]));
      childSpan(tracer, agent, 'chat beside', chatAttributes('q', 'a', [20, 7]));
      agent.end();
    });
    return { root: root!, tool: tool!, below: below!, beside: beside! };
  }

  const orders: [string, (parts: Parts) => ReadableSpan[][], string[]?][] = [
    ['children first', ({ root, tool, below, beside }) => [[below], [beside, tool], [root]]],
    ['root first', ({ root, tool, below, beside }) => [[root], [tool], [beside, below]], ['correct']],
    ['late children', ({ root, tool, below, beside }) => [[root, tool, below], [beside]], ['correct']],
    [
      'all at once, one export each',
      ({ root, tool, below, beside }) => [[root], [beside], [tool], [below]],
      ['together'],
    ],
    [
      'the same spans twice',
      ({ root, tool, below, beside }) => [
        [tool, below, beside, root],
        [root, beside],
      ],
    ],
  ];
  for (const [order, batchesOf, [how] = []] of orders) {
    it(`arrives complete and once: ${order}`, async () => {
      const scenario = await startScenario({ server, rules: LOST_ANSWERS });
      if (how === 'correct') scenario.proxy.add({ route: READ, fault: { kind: 'reset', when: 'after' } });
      const batches = batchesOf(agentTrace());
      if (how === 'together') await Promise.all(batches.map((batch) => scenario.export(batch)));
      else for (const batch of batches) await scenario.export(batch);
      await scenario.end();
      expect(scenario.told).to.deep.equal([]);
    });
  }

  describe('with two services in one trace', () => {
    function twoServices(): { owner: ReadableSpan[]; called: ReadableSpan[] } {
      let parent: SpanContext | undefined;
      const owner = recordSpans((tracer) => {
        const handler: Span = tracer.startSpan('GET /answer');
        childSpan(tracer, handler, 'chat', chatAttributes('owner asks', 'owner hears'));
        parent = { ...handler.spanContext(), isRemote: true };
        handler.end();
      });
      const called = recordSpans((tracer) => {
        const options = { attributes: { 'mlflow.traceTag.index': 'docs' } };
        const entry = tracer.startSpan('POST /rank', options, trace.setSpanContext(context.active(), parent!));
        childSpan(tracer, entry, 'chat', chatAttributes('called asks', 'called hears', [20, 7]));
        entry.end();
      });
      return { owner, called };
    }
    async function start(
      ...more: FaultRule[]
    ): Promise<{ scenario: Scenario; export: Record<'owner' | 'called', () => Promise<unknown>> }> {
      const scenario = await startScenario({ server, rules: LOST_ANSWERS });
      scenario.proxy.add({ route: READ, fault: { kind: 'reset', when: 'after' } }, ...more);
      const { owner, called } = twoServices();
      const second = scenario.newExporter();
      return {
        scenario,
        export: { owner: () => scenario.export(owner), called: () => scenario.export(called, second) },
      };
    }

    it('arrives complete if the owner of the trace is last', async () => {
      const services = await start();
      await services.export.called();
      await services.scenario.flush();
      await services.export.owner();
      await services.scenario.end();
      expect(services.scenario.told).to.deep.equal([]);
    });

    it('arrives complete if the owner of the trace is first', async () => {
      const services = await start({ route: TAGS, fault: { kind: 'reset', when: 'after' } });
      await services.export.owner();
      await services.export.called();
      await services.scenario.end();
      expect(services.scenario.told).to.deep.equal([]);
    });

    it('arrives complete if both export at the same time', async () => {
      const services = await start();
      await Promise.all([services.export.owner(), services.export.called()]);
      await services.scenario.end();
      expect(services.scenario.told).to.deep.equal([]);
    });
  });

  it('arrives complete under a remote parent that never reports to MLflow', async () => {
    const scenario = await startScenario({ server, rules: LOST_ANSWERS });
    const parent: SpanContext = {
      traceId: randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    };
    const spans = recordSpans((tracer) => {
      const entry = tracer.startSpan('POST /rank', {}, trace.setSpanContext(context.active(), parent));
      childSpan(tracer, entry, 'chat', chatAttributes('q', 'a', [20, 7]));
      entry.end();
    });
    await scenario.export(spans.slice(0, 1));
    await scenario.export(spans.slice(1));
    await scenario.flush();
    const info = await scenario.client.getTraceInfo(parent.traceId);
    expect(info).to.deep.include({ name: 'POST /rank', state: 'OK' });
    await scenario.end();
  });
});
