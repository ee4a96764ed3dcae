/** What is known of each of the requests that share a trace id, in any order of their spans. */

import { type Attributes, context, type Span, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { finish } from '../../src/common/slices.js';
import { Preparation } from '../../src/export/prepare.js';
import { buildRecord, joinRecords, type TraceRecord } from '../../src/export/trace/record.js';
import { Topmost } from '../../src/export/trace/topmost.js';
import { Trace } from '../../src/export/trace/trace.js';

import { identityOf, remoteParent, request, START } from '../support/requests.js';
import { chatAttributes, recordSpans } from '../support/tracing.js';

const CONTEXT = { experimentId: '3', runId: undefined, sourceName: 'app.ts', user: 'process' };

describe('the facts of a request', () => {
  const recordOf = (trace: Trace, source: ReadableSpan): TraceRecord =>
    buildRecord(source, trace.factsOf(source), CONTEXT);
  const rootOf = (spans: readonly ReadableSpan[]): ReadableSpan => spans.at(-1)!;

  it('hold nothing of other requests of the trace, in any order and any batches', () => {
    const random = randomNumbers(7);
    for (let round = 0; round < 60; round++) {
      const parent = remoteParent();
      const names = Array.from({ length: 2 + random(8) }, (_, index) => `canary${round}x${index}.`);
      const requests = names.map((user) => {
        const all: Attributes = identityOf(user);
        const identity = [all, { 'user.id': user }, { 'session.id': `session of ${user}` }][random(3)]!;
        return request({ user, parent, at: random(50), until: 200 + random(500), identity });
      });
      const waiting = requests.map((spans) => [...spans]);
      const one = new Trace(parent.spanContext().traceId);
      const topmost = new Topmost();
      while (waiting.some(({ length }) => length > 0)) {
        const batch: ReadableSpan[] = [];
        for (let count = 1 + random(10); count > 0; count--) {
          const span = waiting[random(waiting.length)]!;
          // Children arrive first, as a rule.
          const next = random(10) === 0 ? span.pop() : span.shift();
          if (next !== undefined) batch.push(next);
        }
        one.observe(batch);
        topmost.add(batch);
      }
      for (const source of [...requests.map(rootOf), topmost.first!]) {
        const [user = ''] = source.name.split(' ');
        const record = recordOf(one, source as ReadableSpan);
        const canaries = new Set(JSON.stringify(record).match(/canary\d+x\d+\./g));
        expect([...canaries], `round ${round}`).to.deep.equal([user]);
        expect(record.request_preview, `round ${round}`).to.equal(`${user} asks 20`);
        expect(record.response_preview, `round ${round}`).to.equal(`${user} hears 40`);
      }
    }
  });

  it('hold nothing of requests whose parent is not known to be in another service, and never arrives', () => {
    const parent = trace.wrapSpanContext({ ...remoteParent().spanContext(), isRemote: false });
    const requests = ['ada', 'bob', 'eve'].map((user) => request({ user, parent }));
    const one = new Trace(parent.spanContext().traceId);
    one.observe([0, 1, 2, 3].flatMap((index) => requests.map((spans) => spans[index]!)));
    for (const spans of requests) {
      const [user] = rootOf(spans).name.split(' ');
      const record = recordOf(one, rootOf(spans));
      expect(JSON.stringify(record).match(/\b(?:ada|bob|eve)\b/g)).to.satisfy((found: string[]) =>
        found.every((name) => name === user),
      );
      expect(record).to.include({ request_preview: `${user} asks 20`, response_preview: `${user} hears 40` });
    }
  });

  it('stay the same if spans are sent again after an outage, also below a parent that never arrives', () => {
    const parent = trace.wrapSpanContext({ ...remoteParent().spanContext(), isRemote: false });
    const requests = ['ada', 'bob'].map((user) => request({ user, parent }));
    const one = new Trace(parent.spanContext().traceId);
    for (const spans of [...requests, ...requests, ...requests]) one.observe(spans);
    for (const spans of requests) {
      const [user] = rootOf(spans).name.split(' ');
      expect(recordOf(one, rootOf(spans))).to.include({
        request_preview: `${user} asks 20`,
        response_preview: `${user} hears 40`,
      });
    }
  });

  it('take session and user of the local root before those of spans below it', () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('root', { attributes: { 'session.id': 'own' } });
      const below = trace.setSpan(context.active(), root);
      tracer.startSpan('early', { attributes: { 'session.id': 'received', 'user.id': 'ada' } }, below).end();
      root.end();
    });
    const one = new Trace(rootOf(spans).spanContext().traceId);
    one.observe(spans);
    expect(one.factsOf(rootOf(spans))).to.deep.equal({ sessionId: 'own', userId: 'ada' });
  });

  it('take spans whose parent is missing if they cannot be of another request', () => {
    const parts = (user: string, identity: Attributes) => {
      const spans = request({ user, identity });
      const [chat, , , root] = spans;
      return { chat: chat!, root: rootOf(spans) ?? root };
    };
    const anonymous = parts('ada', {});
    const one = new Trace(anonymous.root.spanContext().traceId);
    one.observe([anonymous.chat, anonymous.root]);
    expect(recordOf(one, anonymous.root)).to.include({
      request_preview: 'ada asks 20',
      response_preview: 'ada hears 20',
    });

    const known = parts('ada', identityOf('ada'));
    const stranger = parts('bob', identityOf('bob'));
    const other = new Trace(known.root.spanContext().traceId);
    other.observe([stranger.chat, known.root]);
    expect(recordOf(other, known.root)).not.to.have.property('request_preview');
  });

  it('stay small for a trace that never ends', () => {
    const spans = request({ user: 'ada', parent: remoteParent() });
    const [chat] = spans;
    const one = new Trace(chat!.spanContext().traceId);
    const copy = (index: number, isRemote: boolean): ReadableSpan => {
      const id = (offset: number): string => (index * 2 + offset).toString(16).padStart(16, '0');
      const own = { ...chat!.spanContext(), spanId: id(0) };
      const parentSpanContext = { ...own, spanId: id(1), isRemote };
      return Object.assign(Object.create(chat!) as ReadableSpan, { spanContext: () => own, parentSpanContext });
    };
    const before = process.memoryUsage().heapUsed;
    for (let index = 1; index < 5000; index++) one.observe([copy(index, index % 2 === 0)]);
    (globalThis as { gc?: () => void }).gc?.();
    expect((process.memoryUsage().heapUsed - before) / 1e6, 'megabytes').to.be.below(1);
    one.observe(spans);
    expect(one.factsOf(rootOf(spans))).to.include({ userId: 'ada' });
  });

  it('of roots without a parent become one record only if they are parts of one request', () => {
    const [ada, bob] = ['ada', 'bob'].map((user) => {
      const spans = request({ user, identity: {} });
      const one = new Trace(rootOf(spans).spanContext().traceId);
      one.observe(spans);
      return recordOf(one, rootOf(spans));
    });
    const times = { start: 1n, end: 2n };
    const apart = joinRecords(ada!, bob!, times, false);
    expect(JSON.stringify(apart)).not.to.include('bob');
    expect(apart).to.include({ request_preview: 'ada asks 20', response_preview: 'ada hears 40' });
    expect(joinRecords(ada!, bob!, times, true)).to.include({
      request_preview: 'ada asks 20',
      response_preview: 'bob hears 40',
    });
  });

  it('are of one request only, whatever is missing of session, user, content, spans and their parents', () => {
    const random = randomNumbers(2026);
    let records = 0;
    for (let round = 0; round < 120; round++) {
      const spanFilter = random(3) === 0 ? 'gen_ai' : 'all';
      const preparation = new Preparation({ spanFilter, mask: undefined, onFault: () => {} });
      const parent = trace.wrapSpanContext({ ...remoteParent().spanContext(), isRemote: random(2) === 0 });
      const one = new Trace(parent.spanContext().traceId);
      const topmost = new Topmost();
      const waiting = Array.from({ length: 2 + random(14) }, (_, index) =>
        partsOfRequest(`canary${index}.`, parent, random).filter(() => random(12) > 0),
      );
      while (waiting.some(({ length }) => length > 0)) {
        const batch: ReadableSpan[] = [];
        for (let count = 1 + random(8); count > 0; count--) {
          const spans = waiting[random(waiting.length)]!;
          const next = random(8) === 0 ? spans.pop() : spans.shift();
          if (next !== undefined) batch.push(next);
        }
        const { spans } = finish(preparation.prepare(batch));
        one.observe(spans);
        topmost.add(spans);
        if (topmost.first === undefined) continue;
        const record = recordOf(one, topmost.first as ReadableSpan);
        records += 1;
        const canaries = new Set(JSON.stringify(record).match(/canary\d+\./g));
        expect([...canaries], `round ${round}`).to.have.length(1);
      }
    }
    expect(records).to.be.above(500);
  });

  it('have the first request and the last response below a local root that a filter left out', () => {
    for (const parent of [undefined, remoteParent()]) {
      const spanFilter = ({ name }: { name: string }): boolean => name.endsWith('chat');
      const preparation = new Preparation({ spanFilter, mask: undefined, onFault: () => {} });
      const all = request({ user: 'ada', parent, identity: {} });
      const { spans } = finish(preparation.prepare(all));
      const one = new Trace(rootOf(all).spanContext().traceId);
      one.observe(spans);
      const record = recordOf(one, spans[0] as ReadableSpan);
      expect(record).to.include({ request_preview: 'ada asks 20' });
      expect(one.factsOf(spans[0]!).lastResponse?.text).to.equal('ada hears 40');
    }
  });
});

/** Whole numbers below a bound, in an order that is always the same. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

/** The spans of one request, each with or without session, user and content. */
function partsOfRequest(user: string, parent: Span, random: (below: number) => number): ReadableSpan[] {
  const identity: Attributes = random(3) === 0 ? identityOf(user) : {};
  const sometimes = (attributes: Attributes): Attributes => (random(2) === 0 ? attributes : {});
  return recordSpans((tracer) => {
    const start = (name: string, above: Span, attributes: Attributes): Span =>
      tracer.startSpan(
        `${user} ${name}`,
        { startTime: START + random(100), attributes },
        trace.setSpan(context.active(), above),
      );
    const root = start('root', parent, {
      ...sometimes(identity),
      ...sometimes({ 'mlflow.spanInputs': JSON.stringify(`${user} begins`) }),
    });
    const agent = random(2) === 0 ? start('agent', root, identity) : root;
    for (let calls = random(4); calls > 0; calls--) {
      const { 'gen_ai.output.messages': output, ...asked } = chatAttributes(`${user} asks`, `${user} hears`);
      const answered: Attributes = output === undefined ? {} : { 'gen_ai.output.messages': output };
      start('chat', agent, { ...asked, ...sometimes(answered), ...identity }).end(START + 100 + random(100));
    }
    if (agent !== root) agent.end(START + 200 + random(100));
    root.end(START + 300 + random(100));
  });
}
