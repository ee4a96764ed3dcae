/** Each request about a trace fails once, one after the other: the trace must be complete after the next flush. */

import { context, type SpanContext, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { type Fault, UPLOAD } from '../support/fault-proxy.js';
import { releaseScenarios, type Scenario, startScenario } from '../support/scenario.js';
import { chatAttributes, childSpan, recordSpans } from '../support/tracing.js';

/** All but uploads and the look-up of the experiment, which an export cannot do without. */
const ABOUT_TRACES = /^(?!POST \/v1\/traces$)(?!\w+ \S*\/experiments\/)/;
const FAULTS: Readonly<Record<string, Fault>> = {
  'meets an outage': { kind: 'answer', status: 503 },
  'gets no answer, but has its effect': { kind: 'reset', when: 'after' },
};

const MANY = 1000;

interface Run {
  /** Whether the server lacks the OTLP route, so that the spans are in a file. Default: `false`. */
  isInFile?: boolean;
  /** Default: 0. */
  after?: number;
  /** Default: no fault. */
  fault?: Fault;
}

interface Services {
  owner: ReadableSpan[];
  called: ReadableSpan[];
}

function twoServices(): Services {
  let parent: SpanContext | undefined;
  const owner = recordSpans((tracer) => {
    const handler = tracer.startSpan('GET /answer', { attributes: { 'mlflow.traceTag.team': 'search' } });
    childSpan(tracer, handler, 'chat', chatAttributes('owner asks', 'owner hears', [10, 5]));
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

describe('a trace of two services', () => {
  let server: string;
  before(async function () {
    this.timeout(300_000);
    server = (await testServer()).url;
  });
  afterEach(releaseScenarios);

  type Order = (scenario: Scenario, services: Services) => Promise<unknown>;
  const orders: Readonly<Record<string, Order>> = {
    async 'whose owner exports first'(scenario, { owner, called }) {
      await scenario.export(owner);
      await scenario.export(called, scenario.newExporter());
    },
    async 'whose owner exports last'(scenario, { owner, called }) {
      await scenario.export(called, scenario.newExporter());
      await scenario.flush();
      await scenario.export(owner);
    },
    async 'of which one exports and flushes span by span'(scenario, { owner, called }) {
      const other = scenario.newExporter();
      for (const span of called) {
        await scenario.export([span], other);
        await scenario.flush();
      }
      await scenario.export(owner);
    },
  };

  /** Makes the request fail that follows after so many others about traces. Returns how many of them there were. */
  async function run(order: Order, { isInFile = false, after = 0, fault }: Run): Promise<number> {
    const scenario = await startScenario({ server, exporter: isInFile ? {} : { retry: { maxRetries: 0 } } });
    const services = twoServices();
    if (isInFile) scenario.proxy.add({ route: UPLOAD, fault: { kind: 'answer', status: 501 }, times: MANY });
    scenario.proxy.add({ route: ABOUT_TRACES, fault: { kind: 'delay', millis: 0 }, times: after });
    if (fault !== undefined) scenario.proxy.add({ route: ABOUT_TRACES, fault });
    await order(scenario, services);
    // What failed follows with a flush, and the second one settles what waited for it.
    for (let flushes = 0; flushes < 2; flushes++) await scenario.flush();
    const sent = scenario.proxy.requests.filter((request) => ABOUT_TRACES.test(request)).length;
    const id = services.owner[0]!.spanContext().traceId;
    const { info, spans } = await scenario.client.getTrace(id);
    const { name, state, tags, tokenUsage } = info;
    expect({ name, state }, `request ${after}`).to.deep.equal({ name: 'GET /answer', state: 'OK' });
    expect(tags, `request ${after}`).to.include({ team: 'search', index: 'docs' });
    expect(tokenUsage, `request ${after}`).to.deep.include({ inputTokens: 30, outputTokens: 12, totalTokens: 42 });
    expect(
      scenario.proxy.unused().filter((rule) => rule.fault === fault),
      'faults that never took place',
    ).to.deep.equal([]);
    expect(spans.map((span) => span.name)).to.have.members(['GET /answer', 'chat', 'POST /rank', 'chat']);
    scenario.proxy.heal();
    // Without an OTLP route, MLflow computes no cost.
    await (isInFile ? releaseScenarios() : scenario.end());
    return sent;
  }

  for (const [order, exports] of Object.entries(orders)) {
    for (const [what, fault] of Object.entries(FAULTS)) {
      it(`${order}, is complete whichever request ${what}`, async function () {
        this.timeout(120_000);
        const requests = await run(exports, {});
        expect(requests).to.be.greaterThan(3);
        for (let after = 0; after < requests; after++) await run(exports, { after, fault });
      });

      it(`${order}, is complete in its file whichever request ${what}`, async function () {
        this.timeout(120_000);
        const requests = await run(exports, { isInFile: true });
        expect(requests).to.be.greaterThan(3);
        for (let after = 0; after < requests; after++) await run(exports, { isInFile: true, after, fault });
      });
    }
  }
});
