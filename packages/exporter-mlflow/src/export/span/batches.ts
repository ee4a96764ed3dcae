import type { ReadableSpan } from '../../common/sdk-types.js';
import { foreseenBytes } from './size.js';
import { groupByTrace } from './span.js';

/** Limits of one request. A larger span goes alone. */
interface BatchLimits {
  spans: number;
  bytes: number;
}

/** Splits spans into parts within the limits and keeps their order. The sizes are estimates. */
export function splitIntoBatches(
  spans: readonly ReadableSpan[],
  limits: BatchLimits,
  sizeOf: (span: ReadableSpan) => number = foreseenBytes,
): ReadableSpan[][] {
  const batches: ReadableSpan[][] = [];
  let batch: ReadableSpan[] = [];
  let bytes = 0;
  for (const span of spans) {
    const size = sizeOf(span);
    if (batch.length > 0 && (batch.length >= limits.spans || bytes + size > limits.bytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(span);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/**
 * Both halves of several spans. Spans of one trace stay together if there are others. Every other trace goes into the
 * second half, because traces that follow one another often share a fault.
 */
export function halve(spans: ReadableSpan[]): [ReadableSpan[], ReadableSpan[]] {
  const traceIds = [...groupByTrace(spans).keys()];
  if (traceIds.length > 1) return partition(spans, new Set(traceIds.filter((_, index) => index % 2 === 1)));
  const half = Math.ceil(spans.length / 2);
  return [spans.slice(0, half), spans.slice(half)];
}

/** The spans of other traces, and those of these traces, in their order. */
export function partition(
  spans: readonly ReadableSpan[],
  traceIds: ReadonlySet<string>,
): [ReadableSpan[], ReadableSpan[]] {
  const isTheirs = (span: ReadableSpan): boolean => traceIds.has(span.spanContext().traceId);
  return [spans.filter((span) => !isTheirs(span)), spans.filter(isTheirs)];
}
