import { expect } from 'chai';
import { storableSpan } from '../src/storable-span.js';
import { chatAttributes, recordSpans } from './support/tracing.js';

describe('a span on its way into a database', () => {
  it('is itself when everything fits', () => {
    const [span] = recordSpans((tracer) =>
      tracer
        .startSpan('chat', { attributes: { ...chatAttributes('a\0b', 'x'.repeat(20_000)), 'session.id': 's' } })
        .end(),
    );
    expect(storableSpan(span!)).to.equal(span);
  });

  it('is a copy in which nothing else differs, and leaves the application’s span alone', () => {
    const [span] = recordSpans((tracer) => {
      const attributes = { 'session.id': 's'.repeat(251), 'mlflow.traceTag.t': 'a\0b', note: 'a\0b', count: 3 };
      const span = tracer.startSpan('a\0b', { attributes, kind: 2 });
      span.addEvent('event', { note: 'n' });
      span.end();
    });
    const copy = storableSpan(span!);
    expect(copy.name).to.equal('a\uFFFDb');
    expect(copy.attributes).to.deep.equal({
      'session.id': `${'s'.repeat(247)}...`,
      'mlflow.traceTag.t': 'a\uFFFDb',
      note: 'a\0b',
      count: 3,
    });
    for (const field of ['kind', 'startTime', 'endTime', 'status', 'events', 'links', 'resource'] as const) {
      expect(copy[field], field).to.equal(span![field]);
    }
    expect(copy.spanContext()).to.equal(span!.spanContext());
    expect(span!.name).to.equal('a\0b');
    expect(span!.attributes['session.id']).to.have.length(251);
  });
});
