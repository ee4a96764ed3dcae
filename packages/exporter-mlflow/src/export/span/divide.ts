import type { ReadableSpan } from '../../common/sdk-types.js';
import { splitIntoBatches } from './batches.js';
import { foreseenBytes } from './size.js';

/** Spans that are prepared and serialized together. */
export interface Part {
  part: ReadableSpan[];
  bytes: number;
}

// Preparing and serializing copies a part. A larger span goes alone.
const MAX_BYTES = 8 * 1024 * 1024;
/** How much may be under way at the same time: two large parts, or many small ones. */
export const ROOM_BYTES: number = 2 * MAX_BYTES;

/** Divides the spans of an export into parts of limited size, in their order. */
export function divide(spans: readonly ReadableSpan[]): Part[] {
  const sizes = new Map(spans.map((span) => [span, sizeOf(span)]));
  const limits = { spans: Number.POSITIVE_INFINITY, bytes: MAX_BYTES };
  return splitIntoBatches(spans, limits, (span) => sizes.get(span) ?? 0).map((part) => ({
    part,
    bytes: part.reduce((sum, span) => sum + (sizes.get(span) ?? 0), 0),
  }));
}

/** A span that cannot be read counts as empty. It is set aside later. */
function sizeOf(span: ReadableSpan): number {
  try {
    return foreseenBytes(span);
  } catch {
    return 0;
  }
}
