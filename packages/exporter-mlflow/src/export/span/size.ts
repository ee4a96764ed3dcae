import type { AttributeValue } from '@opentelemetry/api';
import type { ReadableSpan } from '../../common/sdk-types.js';

type SizedSpan = Pick<ReadableSpan, 'name' | 'attributes' | 'events' | 'links' | 'status'>;

interface Weights {
  span: number;
  event: number;
  link: number;
  value: number;
  text(text: string): number;
}

// Ids, times, flags and the tags of protobuf, measured on spans without attributes.
const SERIALIZED: Weights = { span: 100, event: 20, link: 40, value: 10, text: ({ length }) => length };
// Objects and their members on the heap of V8, rounded up. Measured (test/size.test.ts).
const IN_MEMORY: Weights = { span: 2300, event: 400, link: 300, value: 40, text: textBytes };

/**
 * The approximate size of a serialized span, in bytes, without looking into its texts. It is right for ASCII, and up to
 * two thirds too small for other texts.
 */
export function foreseenBytes(span: SizedSpan): number {
  return sizeOf(span, SERIALIZED);
}

/** The approximate memory that a span occupies, in bytes, rather too much than too little. */
export function bytesInMemory(span: SizedSpan): number {
  return sizeOf(span, IN_MEMORY);
}

function sizeOf({ name, attributes, events, links, status }: SizedSpan, weights: Weights): number {
  let bytes = weights.span + weights.text(String(name)) + weights.text(status.message ?? '');
  bytes += attributesBytes(attributes, weights);
  for (const event of events) {
    bytes += weights.event + weights.text(String(event.name)) + attributesBytes(event.attributes, weights);
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
  if (typeof value === 'string') return weights.value + weights.text(value);
  // OpenTelemetry 3.x also takes bytes and nested values.
  if (ArrayBuffer.isView(value)) return weights.value + value.byteLength;
  if (typeof value !== 'object' || value === null) return weights.value;
  let bytes = weights.value;
  if (Array.isArray(value)) for (const item of value) bytes += valueBytes(item ?? undefined, weights);
  else bytes += attributesBytes(value, weights);
  return bytes;
}

/** In characters. The parts of a shorter concatenation need more memory than a copy of it. */
const SHORTEST_SHARED = 1024;

/**
 * V8 keeps a text with one character beyond Latin-1 in two bytes per character. Latin-1 counts double, too.
 *
 * A long text can be a concatenation whose parts are in other attributes, too. V8 replaces the parts by a copy when the
 * characters are read. So they are read in another concatenation, which is garbage afterwards.
 */
function textBytes(text: string): number {
  const { length } = text;
  const read = length < SHORTEST_SHARED ? text : `${text} `;
  return Buffer.byteLength(read) === read.length ? length : 2 * length;
}
