import type { AttributeValue } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';

type SizedSpan = Pick<ReadableSpan, 'name' | 'attributes' | 'events' | 'links' | 'status'>;

interface Weights {
  span: number;
  event: number;
  link: number;
  value: number;
}

// Ids, times, flags and the tags of protobuf, measured on spans without attributes.
const SERIALIZED: Weights = { span: 100, event: 20, link: 40, value: 10 };
// Objects and their members on the heap of V8, rounded up. Measured (test/size.test.ts).
const IN_MEMORY: Weights = { span: 2300, event: 400, link: 300, value: 40 };

/**
 * The approximate size of a serialized span, in bytes, without looking into its texts. It is right for ASCII, and up to
 * two thirds too small for other texts.
 */
export function foreseenBytes(span: SizedSpan): number {
  return sizeOf(span, SERIALIZED);
}

/**
 * The approximate memory that a span occupies, in bytes. Up to a half too small for texts with characters beyond Latin-1,
 * and too large for attributes that share their texts.
 *
 * Counts characters, because V8 copies the parts of a concatenation when its characters are read. Two forms of a
 * conversation would no longer share their texts.
 */
export function bytesInMemory(span: SizedSpan): number {
  return sizeOf(span, IN_MEMORY);
}

function sizeOf({ name, attributes, events, links, status }: SizedSpan, weights: Weights): number {
  let bytes = weights.span + String(name).length + (status.message ?? '').length;
  bytes += attributesBytes(attributes, weights);
  for (const event of events) {
    bytes += weights.event + String(event.name).length + attributesBytes(event.attributes, weights);
  }
  for (const link of links) bytes += weights.link + attributesBytes(link.attributes, weights);
  return bytes;
}

function attributesBytes(attributes: Record<string, unknown> | undefined, weights: Weights): number {
  let bytes = 0;
  for (const key in attributes) bytes += key.length + valueBytes(attributes[key] as AttributeValue, weights);
  return bytes;
}

function valueBytes(value: AttributeValue | undefined, weights: Weights): number {
  if (typeof value === 'string') return weights.value + value.length;
  // OpenTelemetry 3.x also takes bytes and nested values.
  if (ArrayBuffer.isView(value)) return weights.value + value.byteLength;
  if (typeof value !== 'object' || value === null) return weights.value;
  let bytes = weights.value;
  if (Array.isArray(value)) for (const item of value) bytes += valueBytes(item ?? undefined, weights);
  else bytes += attributesBytes(value, weights);
  return bytes;
}
