import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import { foreseenBytes } from './batches.js';
import { ProtobufWriter } from './protobuf-writer.js';

/**
 * Spans as an `ExportTraceServiceRequest` of OTLP in protobuf, byte for byte what the serializer of
 * `@opentelemetry/otlp-transformer` makes of them (test/otlp-request.test.ts). That one goes through each text three
 * times character by character, which makes up half of what an export costs.
 *
 * The numbers are those of fields: https://github.com/open-telemetry/opentelemetry-proto, trace/v1/trace.proto,
 * common/v1/common.proto, resource/v1/resource.proto.
 */
export function serializeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  const foreseen = spans.reduce((sum, span) => sum + foreseenBytes(span), RESOURCE_BYTES);
  const writer = new ProtobufWriter(foreseen);
  for (const scopes of groupByResource(spans).values()) {
    const start = writer.begin(1);
    writeResourceSpans(writer, [...scopes.values()]);
    writer.end(start);
  }
  return writer.finish();
}

const RESOURCE_BYTES = 4096;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

type Resource = ReadableSpan['resource'];
/** Its type does not name all that a scope may have. */
type Scope = ReadableSpan['instrumentationScope'] & { attributes?: Attributes; droppedAttributesCount?: number };

function groupByResource(spans: readonly ReadableSpan[]): Map<Resource, Map<Scope, ReadableSpan[]>> {
  const groups = new Map<Resource, Map<Scope, ReadableSpan[]>>();
  for (const span of spans) {
    const { resource, instrumentationScope: scope } = span;
    const scopes = groups.get(resource) ?? new Map<Scope, ReadableSpan[]>();
    const group = scopes.get(scope) ?? [];
    group.push(span);
    scopes.set(scope, group);
    groups.set(resource, scopes);
  }
  return groups;
}

function writeResourceSpans(writer: ProtobufWriter, scopes: readonly ReadableSpan[][]): void {
  const resource = scopes[0]?.[0]?.resource;
  if (resource === undefined) return;
  const start = writer.begin(1);
  writeAttributes(writer, 1, resource.attributes);
  writer.integer(2, 0);
  writer.end(start);
  for (const spans of scopes) {
    const start = writer.begin(2);
    writeScopeSpans(writer, spans);
    writer.end(start);
  }
  if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
}

function writeScopeSpans(writer: ProtobufWriter, spans: readonly ReadableSpan[]): void {
  const scope: Scope | undefined = spans[0]?.instrumentationScope;
  if (scope === undefined) return;
  const start = writer.begin(1);
  writer.text(1, scope.name);
  if (scope.version) writer.text(2, scope.version);
  writeAttributes(writer, 3, scope.attributes);
  if (scope.droppedAttributesCount) writer.integer(4, scope.droppedAttributesCount);
  writer.end(start);
  for (const span of spans) {
    const start = writer.begin(2);
    writeSpan(writer, span);
    writer.end(start);
  }
  if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
}

function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const { parentSpanContext: parent, status } = span;
  const own = span.spanContext();
  writeIdentity(writer, own);
  if (parent?.spanId) writer.hex(4, parent.spanId);
  writer.text(5, span.name);
  writer.integer(6, span.kind + 1);
  writeTime(writer, 7, span.startTime);
  writeTime(writer, 8, span.endTime);
  writeAttributes(writer, 9, span.attributes);
  writer.integer(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.integer(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.integer(14, span.droppedLinksCount);
  const start = writer.begin(15);
  if (status.message) writer.text(2, status.message);
  writer.integer(3, status.code);
  writer.end(start);
  writer.fixed32(16, flags(own, parent?.isRemote));
}

function writeEvent(writer: ProtobufWriter, event: TimedEvent): void {
  const start = writer.begin(11);
  writeTime(writer, 1, event.time);
  writer.text(2, event.name);
  writeAttributes(writer, 3, event.attributes);
  writer.integer(4, event.droppedAttributesCount ?? 0);
  writer.end(start);
}

function writeLink(writer: ProtobufWriter, { context, attributes, droppedAttributesCount }: Link): void {
  const start = writer.begin(13);
  writeIdentity(writer, context);
  writeAttributes(writer, 4, attributes);
  writer.integer(5, droppedAttributesCount ?? 0);
  writer.fixed32(6, flags(context, context.isRemote));
  writer.end(start);
}

/** The first fields of spans and links. */
function writeIdentity(writer: ProtobufWriter, { traceId, spanId, traceState }: SpanContext): void {
  writer.hex(1, traceId);
  writer.hex(2, spanId);
  const state = traceState?.serialize();
  if (state) writer.text(3, state);
}

function flags({ traceFlags }: SpanContext, isRemote = false): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

/** Nanoseconds are beyond what a number holds exactly, so 16 bits of the seconds are set apart. */
function writeTime(writer: ProtobufWriter, field: number, [seconds, nanos]: HrTime): void {
  const upper = Math.floor(seconds / 0x1_0000) * 1_000_000_000;
  const lower = (upper % 0x1_0000) * 0x1_0000 + (seconds & 0xffff) * 1_000_000_000 + nanos;
  writer.fixed64(field, Math.floor(upper / 0x1_0000) + Math.floor(lower / 0x1_0000_0000), lower);
}

/** Any values, because applications put other things into attributes than types allow. */
function writeAttributes(writer: ProtobufWriter, field: number, attributes: object | undefined): void {
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue;
    const start = writer.begin(field);
    writer.text(1, key);
    const value = writer.begin(2);
    writeValue(writer, (attributes as Record<string, unknown>)[key]);
    writer.end(value);
    writer.end(start);
  }
}

function writeValue(writer: ProtobufWriter, value: unknown): void {
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'boolean') writer.integer(2, value ? 1 : 0);
  else if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) writer.integer(3, value);
    else writer.double(4, value);
  } else if (value instanceof Uint8Array) writer.bytes(7, value);
  else if (Array.isArray(value)) {
    const start = writer.begin(5);
    for (const item of value) {
      const start = writer.begin(1);
      writeValue(writer, item);
      writer.end(start);
    }
    writer.end(start);
  } else if (typeof value === 'object' && value !== null) {
    const start = writer.begin(6);
    writeAttributes(writer, 1, value);
    writer.end(start);
  }
}
