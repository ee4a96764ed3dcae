import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import type { MlflowSpanExporterConfig } from '../../src/index.js';
import { EXPERIMENT, type Fault, type FaultRule, RECORD, UPLOAD } from '../support/fault-proxy.js';
import { releaseScenarios, startScenario } from '../support/scenario.js';
import { chatAttributes, childSpan, recordSpans } from '../support/tracing.js';

const SHORT_ATTEMPTS = { timeoutMillis: 20_000, attemptTimeoutMillis: 500 };
const EXPERIMENT_CREATE = /POST .*\/experiments\/create/;

describe('the exporter, with faults on the way to MLflow,', () => {
  let server: string;
  before(async function () {
    this.timeout(300_000);
    server = (await testServer()).url;
  });
  afterEach(releaseScenarios);

  /** Returns traces of agents: a root, a tool call, and two model calls, one of them below the tool. */
  function agentTraces(count: number): ReadableSpan[] {
    return recordSpans((tracer) => {
      for (let n = 0; n < count; n++) {
        const root = tracer.startSpan(`agent ${n}`, { attributes: { 'session.id': `session ${n}` } });
        const tool = childSpan(tracer, root, 'tool', { 'mlflow.spanType': 'TOOL' });
        childSpan(tracer, tool, 'chat in tool', chatAttributes('look it up', 'found', [7, 3]));
        childSpan(tracer, root, 'chat', chatAttributes('question', 'answer'));
        root.end();
      }
    });
  }

  const html = (status: number): Fault => ({
    kind: 'answer',
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html><body><h1>${status}</h1></body></html>`,
  });
  const everyStep = (fault: Fault, times = 1): FaultRule[] =>
    [EXPERIMENT, UPLOAD, RECORD].map((route) => ({ route, fault, times }));

  const scenarios: [string, FaultRule[], MlflowSpanExporterConfig?][] = [
    ['answers that take long', everyStep({ kind: 'delay', millis: 300 }, 2)],
    ['connections that are reset before the server saw the request', everyStep({ kind: 'reset', when: 'before' }, 3)],
    [
      'connections that are reset after the server accepted the request',
      everyStep({ kind: 'reset', when: 'after' }, 3),
    ],
    [
      'a reset after the experiment was made',
      [{ route: EXPERIMENT_CREATE, fault: { kind: 'reset', when: 'after' }, times: 2 }],
    ],
    ['status 429 without Retry-After', everyStep({ kind: 'answer', status: 429 }, 2)],
    ['status 429 with Retry-After', everyStep({ kind: 'answer', status: 429, headers: { 'retry-after': '0.2' } }, 2)],
    ['a burst of status 503', everyStep({ kind: 'answer', status: 503 }, 6)],
    ['status 500, 502 and 504 as web pages', [500, 502, 504].flatMap((status) => everyStep(html(status)))],
    ['a page of a load balancer that has no server: status 404', [{ route: UPLOAD, fault: html(404), times: 2 }]],
    ['answers that come in drops', everyStep({ kind: 'dribble', pieces: 20, pauseMillis: 15 }, 2)],
    [
      'answers of another content type',
      everyStep({ kind: 'headers', headers: { 'content-type': 'application/octet-stream' } }, 2),
    ],
    [
      'connections that take a request and never answer',
      everyStep({ kind: 'silence', when: 'before' }),
      SHORT_ATTEMPTS,
    ],
    ['connections that die while the server answers', everyStep({ kind: 'silence', when: 'after' }), SHORT_ATTEMPTS],
    ['answers that break off', everyStep({ kind: 'truncate' }, 3)],
  ];
  for (const [fault, rules, exporter = {}] of scenarios) {
    it(`delivers everything once: ${fault}`, async () => {
      const scenario = await startScenario({ server, rules, exporter });
      await scenario.export(agentTraces(4));
      await Promise.all([scenario.export(agentTraces(2)), scenario.export(agentTraces(2))]);
      await scenario.end();
      expect(scenario.told).to.deep.equal([]);
    });
  }
});
