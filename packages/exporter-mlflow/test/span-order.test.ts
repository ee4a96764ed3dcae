import { ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { inOrderOfStart } from '../src/export/files/span-order.js';
import { recordSpans } from './support/tracing.js';

/** A time of day. OpenTelemetry takes small numbers for the time since the start of the process. */
const NOON = Date.UTC(2026, 10, 30, 12);

describe('the order of spans in the file of a trace', () => {
  const namesOf = (spans: Iterable<{ name: string }>): string[] => [...spans].map(({ name }) => name);

  it('is that of their start, with parents first if several start in the same millisecond', () => {
    const spans = recordSpans((tracer) => {
      const start = (name: string, startTime: number, parent?: Span): Span =>
        tracer.startSpan(
          name,
          { startTime },
          parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent),
        );
      const root = start('root', NOON);
      const step = start('step', NOON, root);
      const first = start('first', NOON, step);
      const second = start('second', NOON, step);
      const sibling = start('sibling', NOON, root);
      const later = start('later', NOON + 1, root);
      const earlier = start('earlier', NOON - 1, root);
      for (const span of [later, first, second, step, sibling, earlier, root]) span.end(NOON + 2);
    });

    expect(namesOf(inOrderOfStart(spans))).to.deep.equal([
      'earlier',
      'root',
      'step',
      'first',
      'second',
      'sibling',
      'later',
    ]);
  });

  it('is found even if spans are parents of each other', () => {
    const [one, other] = recordSpans((tracer) => {
      tracer.startSpan('one', { startTime: NOON }).end(NOON + 1);
      tracer.startSpan('other', { startTime: NOON }).end(NOON + 1);
    });
    if (one === undefined || other === undefined) throw new Error('no spans');
    const cycle = [
      { ...one, spanContext: () => one.spanContext(), parentSpanContext: other.spanContext() },
      { ...other, spanContext: () => other.spanContext(), parentSpanContext: one.spanContext() },
    ];

    expect(namesOf(inOrderOfStart(cycle))).to.have.members(['one', 'other']);
  });
});
