import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, SpanEvent, SpanLink, SpanResource, SpanScope } from '../common/sdk-types.js';
import { ProtobufWriter } from './protobuf.js';

const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_INT64 = 2 ** 63;
const FLAGS_HAVE_REMOTE_BIT = 0x100;
const FLAG_REMOTE = 0x200;

/**
 * Encodes spans as an OTLP request in protobuf. `@opentelemetry/otlp-transformer` does the same, but installs a whole SDK
 * of one line beside the application's, and loading it takes longer than loading the rest of this package. The numbers
 * of the fields are those of
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto.
 *
 * @throws Error if a span holds what the format cannot express, for example a name that is not a string
 */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  const writer = new ProtobufWriter();
  for (const [resource, ofResource] of groupBy(spans, (span) => span.resource)) {
    writer.message(1, () => {
      writer.message(1, () => writeAttributes(writer, 1, resource.attributes));
      for (const [scope, ofScope] of groupBy(ofResource, (span) => span.instrumentationScope)) {
        writer.message(2, () => {
          writer.message(1, () => writeScope(writer, scope));
          for (const span of ofScope) writer.message(2, () => writeSpan(writer, span));
          writeText(writer, 3, scope.schemaUrl);
        });
      }
      writeText(writer, 3, resource.schemaUrl);
    });
  }
  return writer.finish();
}

function groupBy<K extends SpanResource | SpanScope>(
  spans: readonly ReadableSpan[],
  keyOf: (span: ReadableSpan) => K,
): Map<K, ReadableSpan[]> {
  const groups = new Map<K, ReadableSpan[]>();
  for (const span of spans) {
    const key = keyOf(span);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [span]);
    else group.push(span);
  }
  return groups;
}

function writeScope(writer: ProtobufWriter, { name, version }: SpanScope): void {
  writeText(writer, 1, name);
  writeText(writer, 2, version);
}

function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  writeContext(writer, context);
  if (parent?.spanId) writer.bytes(4, Buffer.from(parent.spanId, 'hex'));
  writer.string(5, span.name);
  // The API counts kinds from 0, OTLP from 1.
  writer.integer(6, span.kind + 1);
  writer.fixed64(7, nanosOf(span.startTime));
  writer.fixed64(8, nanosOf(span.endTime));
  writeAttributes(writer, 9, span.attributes);
  writeCount(writer, 10, span.droppedAttributesCount);
  for (const event of span.events) writer.message(11, () => writeEvent(writer, event));
  writeCount(writer, 12, span.droppedEventsCount);
  for (const link of span.links) writer.message(13, () => writeLink(writer, link));
  writeCount(writer, 14, span.droppedLinksCount);
  writer.message(15, () => {
    writeText(writer, 2, span.status.message);
    writer.integer(3, span.status.code);
  });
  writer.fixed32(16, flagsOf(context, parent?.isRemote));
}

function writeEvent(writer: ProtobufWriter, event: SpanEvent): void {
  writer.fixed64(1, nanosOf(event.time));
  writer.string(2, event.name);
  writeAttributes(writer, 3, event.attributes ?? {});
  writeCount(writer, 4, event.droppedAttributesCount);
}

function writeLink(writer: ProtobufWriter, { context, attributes = {}, droppedAttributesCount }: SpanLink): void {
  writeContext(writer, context);
  writeAttributes(writer, 4, attributes);
  writeCount(writer, 5, droppedAttributesCount);
  writer.fixed32(6, flagsOf(context, context.isRemote));
}

/** Writes trace id, span id and trace state, which spans and links have as their first fields. */
function writeContext(writer: ProtobufWriter, { traceId, spanId, traceState }: SpanContext): void {
  writer.bytes(1, Buffer.from(traceId, 'hex'));
  writer.bytes(2, Buffer.from(spanId, 'hex'));
  writeText(writer, 3, traceState?.serialize());
}

function flagsOf({ traceFlags }: SpanContext, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | FLAGS_HAVE_REMOTE_BIT | (isRemote ? FLAG_REMOTE : 0);
}

function nanosOf([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * NANOS_PER_SECOND + BigInt(nanos);
}

function writeText(writer: ProtobufWriter, field: number, text: string | undefined): void {
  if (text) writer.string(field, text);
}

function writeCount(writer: ProtobufWriter, field: number, count: number | undefined): void {
  if (count) writer.integer(field, count);
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    writer.message(field, () => {
      writer.string(1, key);
      writer.message(2, () => writeValue(writer, value));
    });
  }
}

/** Writes a value of any kind that OTLP knows. Other values, such as undefined, become empty ones. */
function writeValue(writer: ProtobufWriter, value: unknown): void {
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.integer(2, value ? 1 : 0);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (value instanceof Uint8Array) writer.bytes(7, value);
  else if (Array.isArray(value)) {
    writer.message(5, () => {
      for (const item of value) writer.message(1, () => writeValue(writer, item));
    });
  } else if (typeof value === 'object' && value !== null) {
    writer.message(6, () => writeAttributes(writer, 1, value as Attributes));
  }
}

function writeNumber(writer: ProtobufWriter, value: number): void {
  if (Number.isInteger(value) && value >= -MAX_INT64 && value < MAX_INT64) writer.integer(3, value);
  else writer.double(4, value);
}
