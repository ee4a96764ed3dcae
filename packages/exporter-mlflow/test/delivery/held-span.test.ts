/** Spans that wait for MLflow: how their memory is counted. */

import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { HeldSpan } from '../../src/export/waiting/held-span.js';

const MEGABYTE = 2 ** 20;

describe('a held span', () => {
  it('is counted without a copy of texts that share their parts', () => {
    const spans = Array.from({ length: 10 }, (_, index) => {
      const span = new BasicTracerProvider().getTracer('test').startSpan('chat');
      const shared = JSON.stringify(`${index}`.repeat(MEGABYTE / 2)).slice(1, -1);
      span.setAttributes({ inputs: `{"text":"${shared}"}`, messages: `[{"content":"${shared}"}]` });
      return span as unknown as ReadableSpan;
    });
    const before = memory();
    const held = spans.map((span) => new HeldSpan(span));
    expect(memory() - before).to.be.lessThan(MEGABYTE);
    expect(held.reduce((bytes, each) => bytes + each.bytes, 0)).to.be.within(10 * MEGABYTE, 10.5 * MEGABYTE);
  });
});

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
