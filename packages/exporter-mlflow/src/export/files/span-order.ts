import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';

// More levels that start at the same time are a cycle.
const MAX_LEVELS = 1_000;

/**
 * Returns spans in the order of their start, as Python's client writes them. Users of that client take the first span for
 * the root. Many spans start in the same millisecond: there, parents come first, and others keep their order.
 */
export function inOrderOfStart(spans: Iterable<ReadableSpan>): ReadableSpan[] {
  const all = [...spans];
  const byId = new Map(all.map((span) => [span.spanContext().spanId, span]));
  const parentOf = ({ parentSpanContext }: ReadableSpan): ReadableSpan | undefined =>
    parentSpanContext === undefined ? undefined : byId.get(parentSpanContext.spanId);
  /** How many spans above it start at the same time. */
  const levelOf = (span: ReadableSpan): number => {
    let level = 0;
    for (let above = parentOf(span); above !== undefined && level < MAX_LEVELS; above = parentOf(above)) {
      if (compareTimes(above.startTime, span.startTime) !== 0) break;
      level += 1;
    }
    return level;
  };
  return all
    .map((span) => ({ span, level: levelOf(span) }))
    .sort((one, other) => compareTimes(one.span.startTime, other.span.startTime) || one.level - other.level)
    .map(({ span }) => span);
}

function compareTimes([seconds, nanos]: HrTime, [otherSeconds, otherNanos]: HrTime): number {
  return seconds - otherSeconds || nanos - otherNanos;
}
