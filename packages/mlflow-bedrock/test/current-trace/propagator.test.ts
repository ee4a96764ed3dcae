import { context, defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { expect } from 'chai';
import { CurrentTraceProcessor, traced, updateCurrentTrace } from '../../src/index.js';
import { createPropagator } from '../../src/session/propagator.js';
import { type Recording, recordSpans } from '../support/spans.js';

const noWarning = (message: string): void => {
  throw new Error(message);
};

/** The headers of a request that a traced function makes. */
function sent(propagateSession: boolean, headers: Record<string, string> = {}, active = context.active()) {
  createPropagator(propagateSession, {}, noWarning).inject(active, headers, defaultTextMapSetter);
  return headers;
}

describe('the propagator of requests', () => {
  let recording: Recording;
  beforeEach(() => {
    recording = recordSpans(new CurrentTraceProcessor());
  });
  afterEach(() => recording.stop());

  const inside = <T>(work: () => T): T =>
    traced('root', () => {
      updateCurrentTrace({ sessionId: 'session-7' });
      return traced('child', work)();
    })();

  it('carries session and user of the trace, and the baggage of the application', () => {
    const headers = inside(() => {
      updateCurrentTrace({ userId: 'ada, Zoë' });
      const own = propagation.createBaggage({ 'tenant.id': { value: 'acme' }, 'session.id': { value: 'older' } });
      return sent(true, {}, propagation.setBaggage(context.active(), own));
    });
    expect(headers).to.have.keys('traceparent', 'baggage');
    expect(headers['baggage']).to.equal('tenant.id=acme,session.id=session-7,user.id=ada%2C%20Zo%C3%AB');
  });

  it('carries neither session nor user by default, outside of a trace, and while tracing is suppressed', () => {
    expect(inside(() => sent(false))).to.have.keys('traceparent');
    expect(inside(() => sent(true, {}, suppressTracing(context.active())))).to.deep.equal({});
    inside(() => undefined);
    expect(sent(true)).to.deep.equal({});
  });

  for (const propagateSession of [true, false]) {
    it(`carries neither session nor user in requests of the AWS SDK, with propagateSession: ${propagateSession}`, () => {
      const headers = inside(() => {
        const received = propagation.createBaggage({ 'tenant.id': { value: 'acme' }, 'user.id': { value: 'ada' } });
        const active = propagation.setBaggage(context.active(), received);
        return sent(propagateSession, { 'Amz-Sdk-Invocation-Id': '1' }, active);
      });
      expect(headers['baggage']).to.equal('tenant.id=acme');
    });
  }

  const REQUEST = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, baggage: 'session.id=session-7' };
  for (const [names, fields] of [
    ['', ['traceparent', 'tracestate', 'baggage']],
    ['baggage', ['baggage']],
    ['TraceContext', ['traceparent', 'tracestate']],
    ['none', []],
  ] as const) {
    it(`follows OTEL_PROPAGATORS=${names} in both directions`, () => {
      const propagator = createPropagator(true, { OTEL_PROPAGATORS: names }, noWarning);
      expect(propagator.fields()).to.deep.equal(fields);
      const received = propagator.extract(ROOT_CONTEXT, REQUEST, defaultTextMapGetter);
      const session = propagation.getBaggage(received)?.getEntry('session.id')?.value;
      expect(session).to.equal(fields.some((field) => field === 'baggage') ? 'session-7' : undefined);
    });
  }

  it('warns of unknown propagators and uses the others', () => {
    const warnings: string[] = [];
    const propagator = createPropagator(false, { OTEL_PROPAGATORS: 'b3, tracecontext' }, (told) => warnings.push(told));
    expect(propagator.fields()).to.deep.equal(['traceparent', 'tracestate']);
    expect(warnings).to.deep.equal(['OTEL_PROPAGATORS has b3, which is ignored; use tracecontext, baggage or none']);
  });
});
