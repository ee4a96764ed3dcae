import { quoteUnsafeIntegers } from '../../common/integers.js';
import { isRecord, parseJson } from '../../common/json.js';
import { mlflowTraceId } from '../names.js';
import { requireText } from '../rest.js';
import { describeSpan, parseKind } from '../spans.js';
import type { MlflowSpan, MlflowSpanEvent, MlflowSpanLink } from '../types.js';

/**
 * Reads the spans of the file `traces.json`, as this package and all versions of Python's client write it.
 *
 * @throws if the text is no such file
 */
export function parseTracesJson(text: string): MlflowSpan[] {
  // Nanoseconds exceed a JavaScript number.
  const file: unknown = JSON.parse(quoteUnsafeIntegers(text));
  if (!isRecord(file) || !Array.isArray(file['spans'])) throw new TypeError('no spans');
  return list(file['spans']).map((span) =>
    isRecord(span['context']) ? parseOldSpan(span, span['context']) : parseSpan(span),
  );
}

type Fields = Record<string, unknown>;

function parseSpan(span: Fields): MlflowSpan {
  const status = fields(span['status']);
  return describeSpan({
    spanId: readId(span['span_id']),
    parentSpanId: readParent(span['parent_span_id']),
    name: text(span['name']),
    // As MLflow 3.18 writes it.
    kind: parseKind(span['kind']),
    startTimeUnixNano: nanoseconds(span['start_time_unix_nano']) ?? 0n,
    endTimeUnixNano: nanoseconds(span['end_time_unix_nano']),
    ok: !isError(status['code']),
    statusMessage: text(status['message']),
    attributes: readAttributes(span['attributes']),
    events: list(span['events']).map((event) => readEvent(event, event['time_unix_nano'])),
    links: list(span['links']).map(readLink),
  });
}

/** A span as MLflow 2 wrote it. */
function parseOldSpan(span: Fields, context: Fields): MlflowSpan {
  return describeSpan({
    spanId: readId(context['span_id']),
    parentSpanId: readParent(span['parent_id']),
    name: text(span['name']),
    startTimeUnixNano: nanoseconds(span['start_time']) ?? 0n,
    endTimeUnixNano: nanoseconds(span['end_time']),
    ok: !isError(span['status_code']),
    statusMessage: text(span['status_message']),
    attributes: readAttributes(span['attributes']),
    events: list(span['events']).map((event) => readEvent(event, event['timestamp'])),
    links: list(span['links']).map(readLink),
  });
}

function readEvent(event: Fields, time: unknown): MlflowSpanEvent {
  return { name: text(event['name']), timeUnixNano: nanoseconds(time) ?? 0n, attributes: fields(event['attributes']) };
}

function readLink(link: Fields): MlflowSpanLink {
  return {
    traceId: mlflowTraceId(readId(link['trace_id'])),
    spanId: readId(link['span_id']),
    attributes: fields(link['attributes']),
  };
}

/** Each value is a JSON text. */
function readAttributes(attributes: unknown): Fields {
  return Object.fromEntries(Object.entries(fields(attributes)).map(([key, value]) => [key, readValue(value)]));
}

function readValue(value: unknown): unknown {
  return typeof value === 'string' ? (parseJson(quoteUnsafeIntegers(value)) ?? value) : value;
}

const HEX = /^(?:0x)?((?:[0-9a-f]{16}){1,2})$/i;

/**
 * An id in base64 or in hexadecimal digits, as lower-case hexadecimal digits. The lengths differ, so that digits are
 * never read as base64.
 */
function readId(id: unknown): string {
  const written = requireText(id).replace(/^tr-/, '');
  const [, hex] = HEX.exec(written) ?? [];
  return hex?.toLowerCase() ?? Buffer.from(written, 'base64').toString('hex');
}

function readParent(id: unknown): string | undefined {
  return id === null || id === undefined || id === '' ? undefined : readId(id);
}

function nanoseconds(time: unknown): bigint | undefined {
  return typeof time === 'string' || typeof time === 'number' ? BigInt(time) : undefined;
}

/** Versions spell it `STATUS_CODE_ERROR` or `ERROR`. */
function isError(code: unknown): boolean {
  return text(code).endsWith('ERROR');
}

function fields(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
