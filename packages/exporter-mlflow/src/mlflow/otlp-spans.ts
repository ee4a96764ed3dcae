import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import { groupBy } from '../common/maps.js';
import type { ReadableSpan, SpanEvent, SpanLink, SpanScope } from '../common/sdk-types.js';
import { finish, type Work } from '../common/slices.js';
import { nanoseconds } from '../common/time.js';

const MAX_INT64 = 2 ** 63;
const FLAGS_HAVE_REMOTE_BIT = 0x100;
const FLAG_REMOTE = 0x200;

/**
 * Encodes spans as an OTLP request in protobuf. `@opentelemetry/otlp-transformer` does the same, but it installs the whole
 * SDK of one OpenTelemetry line beside the application's. The numbers of the fields are those of
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto.
 *
 * @throws Error if a span holds a value that the format cannot express, for example a link without a span context
 */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  return finish(encodeEach(spans));
}

/**
 * The same in pieces, one span each.
 *
 * @param translate called for each span before it is encoded. Default: spans as they are.
 */
export function* encodeEach(
  spans: readonly ReadableSpan[],
  translate: (span: ReadableSpan) => ReadableSpan = (span) => span,
): Work<Uint8Array> {
  const request: Uint8Array[] = [];
  for (const [resource, ofResource] of groupBy(spans, (span) => span.resource)) {
    const resourceSpans = [
      encode((writer) => writeMessage(writer, 1, () => writeAttributes(writer, 1, resource.attributes))),
    ];
    for (const [scope, ofScope] of groupBy(ofResource, (span) => span.instrumentationScope)) {
      const scopeSpans = [encode((writer) => writeMessage(writer, 1, () => writeScope(writer, scope)))];
      for (const span of ofScope) {
        addMessage(scopeSpans, 2, [encode((writer) => writeSpan(writer, translate(span)))]);
        yield;
      }
      scopeSpans.push(encode((writer) => writeText(writer, 3, scope.schemaUrl)));
      addMessage(resourceSpans, 2, scopeSpans);
    }
    resourceSpans.push(encode((writer) => writeText(writer, 3, resource.schemaUrl)));
    addMessage(request, 1, resourceSpans);
  }
  return Buffer.concat(request);
}

function encode(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

/** Adds a message without copying its parts, which may be large. */
function addMessage(chunks: Uint8Array[], field: number, parts: readonly Uint8Array[]): void {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  chunks.push(encode((writer) => writer.tag(field, WireType.LengthDelimited).uint32(length)));
  for (const part of parts) chunks.push(part);
}

function writeMessage(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function writeScope(writer: BinaryWriter, { name, version }: SpanScope): void {
  writeText(writer, 1, name);
  writeText(writer, 2, version);
}

function writeSpan(writer: BinaryWriter, span: ReadableSpan): void {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  writeContext(writer, context);
  if (parent?.spanId) writer.tag(4, WireType.LengthDelimited).bytes(Buffer.from(parent.spanId, 'hex'));
  // A wrapper around the SDK can set a name of another type.
  writer.tag(5, WireType.LengthDelimited).string(String(span.name));
  // The API counts kinds from 0, OTLP from 1.
  writer.tag(6, WireType.Varint).int32(span.kind + 1);
  writeTime(writer, 7, span.startTime);
  writeTime(writer, 8, span.endTime);
  writeAttributes(writer, 9, span.attributes);
  writeCount(writer, 10, span.droppedAttributesCount);
  for (const event of span.events) writeMessage(writer, 11, () => writeEvent(writer, event));
  writeCount(writer, 12, span.droppedEventsCount);
  for (const link of span.links) writeMessage(writer, 13, () => writeLink(writer, link));
  writeCount(writer, 14, span.droppedLinksCount);
  writeMessage(writer, 15, () => {
    writeText(writer, 2, span.status.message);
    writer.tag(3, WireType.Varint).int32(span.status.code);
  });
  writer.tag(16, WireType.Bit32).fixed32(flagsOf(context, parent?.isRemote));
}

function writeEvent(writer: BinaryWriter, event: SpanEvent): void {
  writeTime(writer, 1, event.time);
  writer.tag(2, WireType.LengthDelimited).string(event.name);
  writeAttributes(writer, 3, event.attributes ?? {});
  writeCount(writer, 4, event.droppedAttributesCount);
}

function writeLink(writer: BinaryWriter, { context, attributes = {}, droppedAttributesCount }: SpanLink): void {
  writeContext(writer, context);
  writeAttributes(writer, 4, attributes);
  writeCount(writer, 5, droppedAttributesCount);
  writer.tag(6, WireType.Bit32).fixed32(flagsOf(context, context.isRemote));
}

/** Writes trace id, span id and trace state, which spans and links have as their first fields. */
function writeContext(writer: BinaryWriter, { traceId, spanId, traceState }: SpanContext): void {
  writer.tag(1, WireType.LengthDelimited).bytes(Buffer.from(traceId, 'hex'));
  writer.tag(2, WireType.LengthDelimited).bytes(Buffer.from(spanId, 'hex'));
  writeText(writer, 3, traceState?.serialize());
}

function flagsOf({ traceFlags }: SpanContext, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | FLAGS_HAVE_REMOTE_BIT | (isRemote ? FLAG_REMOTE : 0);
}

/** Writes a time. The application can set a negative one, which becomes 0. */
function writeTime(writer: BinaryWriter, field: number, time: HrTime): void {
  const nanos = nanoseconds(time);
  writer.tag(field, WireType.Bit64).fixed64(nanos < 0n ? 0n : nanos);
}

function writeText(writer: BinaryWriter, field: number, text: string | undefined): void {
  if (text) writer.tag(field, WireType.LengthDelimited).string(text);
}

function writeCount(writer: BinaryWriter, field: number, count: number | undefined): void {
  if (count) writer.tag(field, WireType.Varint).uint32(count);
}

function writeAttributes(writer: BinaryWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    writeMessage(writer, field, () => {
      writer.tag(1, WireType.LengthDelimited).string(key);
      writeMessage(writer, 2, () => writeValue(writer, value));
    });
  }
}

/** Writes a value of any kind that OTLP knows. Other values, such as undefined, become empty ones. */
function writeValue(writer: BinaryWriter, value: unknown): void {
  if (typeof value === 'string') writer.tag(1, WireType.LengthDelimited).string(value);
  else if (typeof value === 'boolean') writer.tag(2, WireType.Varint).bool(value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (value instanceof Uint8Array) writer.tag(7, WireType.LengthDelimited).bytes(value);
  else if (Array.isArray(value)) {
    writeMessage(writer, 5, () => {
      for (const item of value) writeMessage(writer, 1, () => writeValue(writer, item));
    });
  } else if (typeof value === 'object' && value !== null) {
    writeMessage(writer, 6, () => writeAttributes(writer, 1, value as Attributes));
  }
}

function writeNumber(writer: BinaryWriter, value: number): void {
  if (Number.isInteger(value) && value >= -MAX_INT64 && value < MAX_INT64) writer.tag(3, WireType.Varint).int64(value);
  else writer.tag(4, WireType.Bit64).double(value);
}
