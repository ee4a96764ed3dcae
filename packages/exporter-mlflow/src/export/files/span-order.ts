import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';

/**
 * Returns spans in the order of their start, as Python's client writes them. Users of that client take the first span for
 * the root. Many spans start in the same millisecond: there, a parent comes before its children, and others keep their
 * order.
 */
export function inOrderOfStart(spans: Iterable<ReadableSpan>): ReadableSpan[] {
  const sorted = [...spans].sort((one, other) => compareTimes(one.startTime, other.startTime));
  const byId = new Map(sorted.map((span) => [span.spanContext().spanId, span]));
  const ordered = new Set<ReadableSpan>();
  for (const span of sorted) {
    // Spans of a hostile application may be parents of each other, so that a set must end the way up.
    const waiting = new Set<ReadableSpan>();
    let above: ReadableSpan | undefined = span;
    while (above !== undefined && !ordered.has(above) && !waiting.has(above)) {
      if (compareTimes(above.startTime, span.startTime) !== 0) break;
      waiting.add(above);
      above = byId.get(above.parentSpanContext?.spanId ?? '');
    }
    for (const next of [...waiting].reverse()) ordered.add(next);
  }
  return [...ordered];
}

function compareTimes([seconds, nanos]: HrTime, [otherSeconds, otherNanos]: HrTime): number {
  return seconds - otherSeconds || nanos - otherNanos;
}
