import type { AttributeValue } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { groupByTrace } from './span.js';

/** Limits of one request. A larger span goes alone. */
export interface BatchLimits {
  spans: number;
  bytes: number;
}

// Ids, times, flags and the tags of protobuf, measured on spans without attributes.
const SPAN_BYTES = 100;
const EVENT_BYTES = 20;
const LINK_BYTES = 40;
const VALUE_BYTES = 10;

/** Splits spans into parts within the limits and keeps their order. The sizes are estimates. */
export function splitIntoBatches(spans: readonly ReadableSpan[], limits: BatchLimits): ReadableSpan[][] {
  const batches: ReadableSpan[][] = [];
  let batch: ReadableSpan[] = [];
  let bytes = 0;
  for (const span of spans) {
    const size = foreseenBytes(span);
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

/**
 * The approximate size of a serialized span, in bytes, without looking into its texts. It is right for ASCII, and up to
 * two thirds too small for other texts.
 */
export function foreseenBytes({ name, attributes, events, links, status }: ReadableSpan): number {
  let bytes = SPAN_BYTES + name.length + (status.message?.length ?? 0) + attributesBytes(attributes);
  for (const event of events) bytes += EVENT_BYTES + event.name.length + attributesBytes(event.attributes);
  for (const link of links) bytes += LINK_BYTES + attributesBytes(link.attributes);
  return bytes;
}

function attributesBytes(attributes: Record<string, unknown> | undefined): number {
  let bytes = 0;
  for (const key in attributes) bytes += key.length + valueBytes(attributes[key] as AttributeValue);
  return bytes;
}

function valueBytes(value: AttributeValue | undefined): number {
  if (typeof value === 'string') return VALUE_BYTES + value.length;
  if (!Array.isArray(value)) return VALUE_BYTES;
  let bytes = VALUE_BYTES;
  for (const item of value) bytes += valueBytes(item ?? undefined);
  return bytes;
}
