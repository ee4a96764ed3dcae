import type { Attributes } from '@opentelemetry/api';
import { expect } from 'chai';
import { bytesInMemory } from '../../src/export/span/size.js';
import { HeldSpan } from '../../src/export/waiting/held-span.js';
import { chatAttributes, recordSpans } from '../support/tracing.js';

const SPANS = 4_000;

/** The heap that a span occupies while it is held, and the estimate. */
function measure(attributes: (n: number) => Attributes, events = 0): { heap: number; estimate: number } {
  const hold = (count: number): HeldSpan[] => {
    const made = recordSpans((tracer) => {
      for (let n = 0; n < count; n++) {
        const span = tracer.startSpan(`call ${n}`, { attributes: attributes(n) });
        for (let event = 0; event < events; event++) span.addEvent('chunk', { json: `{"chunk":${event + n}}` });
        span.end();
      }
    });
    return made.map((span) => new HeldSpan(span));
  };
  hold(100);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const held = hold(SPANS);
  globalThis.gc?.();
  const heap = (process.memoryUsage().heapUsed - before) / held.length;
  return { heap, estimate: held.reduce((sum, span) => sum + bytesInMemory(span), 0) / held.length };
}

describe('the size of a span in memory', () => {
  for (const [what, attributes, events, least] of [
    ['figures', (n: number) => ({ 'gen_ai.usage.input_tokens': n, 'gen_ai.request.model': `model ${n}` }), 0, 0.8],
    ['a short conversation', (n: number) => chatAttributes(`${n} `.repeat(500), `${n} `.repeat(100)), 0, 0.8],
    ['a conversation beyond Latin-1', (n: number) => chatAttributes(`${n} 東京`.repeat(500), 'さようなら'), 0, 0.5],
    ['chunks', (n: number) => chatAttributes(`question ${n}`, 'answer'), 50, 0.8],
  ] as const) {
    it(`is taken for at least ${least} of what it is, and for at most three times as much (${what})`, () => {
      const { heap, estimate } = measure(attributes, events);
      expect(estimate / heap, `${Math.round(estimate)} bytes for ${Math.round(heap)}`).to.be.within(least, 3);
      // What earlier tests of the process leave behind can be freed while this one measures.
    }).retries(2);
  }
});
