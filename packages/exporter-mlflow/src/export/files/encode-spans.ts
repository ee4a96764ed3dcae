import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type AttributeValue,
  type HrTime,
  type Link,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import { parseJson } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import type { Work } from '../../common/slices.js';
import { nanoseconds } from '../../common/time.js';
import { mlflowTraceId } from '../../mlflow/names.js';
import { withMlflowAttributes } from '../span/conventions/mlflow-attributes.js';

/** The file `traces.json`, in which servers without OTLP keep the spans of a trace. */
export function joinSpans(encoded: readonly Uint8Array[]): Buffer {
  const parts = encoded.flatMap((span, index) => (index === 0 ? [span] : [Buffer.from(','), span]));
  return Buffer.concat([Buffer.from('{"spans":['), ...parts, Buffer.from(']}')]);
}

/**
 * Each span as it is in `traces.json`, in UTF-8: ids are base64, and values of attributes are JSON texts. Encodes one span
 * in each piece.
 */
export function* encodeSpans(spans: readonly ReadableSpan[]): Work<Buffer[]> {
  // Nanoseconds exceed a JavaScript number, and JSON.stringify of Node.js 20 cannot write larger ones. It writes marks
  // instead, which the digits then replace. No recorded text can contain such a mark.
  const mark = randomUUID();
  const marked = new RegExp(`"${mark}:(\\d+)"`, 'g');
  const encoded: Buffer[] = [];
  for (const span of spans) {
    const numbers: string[] = [];
    const number = (time: HrTime): string => `${mark}:${numbers.push(String(nanoseconds(time))) - 1}`;
    const json = JSON.stringify(buildSpan(span, number), portable);
    const text = json.replace(marked, (_, index: string) => numbers[Number(index)] ?? 'null');
    encoded.push(Buffer.from(text));
    yield;
  }
  return encoded;
}

function buildSpan(span: ReadableSpan, time: (time: HrTime) => string): object {
  const { traceId, spanId } = span.spanContext();
  return {
    trace_id: base64(traceId),
    span_id: base64(spanId),
    parent_span_id: span.parentSpanContext === undefined ? null : base64(span.parentSpanContext.spanId),
    name: span.name,
    kind: `SPAN_KIND_${SpanKind[span.kind] ?? 'INTERNAL'}`,
    start_time_unix_nano: time(span.startTime),
    end_time_unix_nano: time(span.endTime),
    events: span.events.map((event) => ({
      name: event.name,
      time_unix_nano: time(event.time),
      attributes: event.attributes ?? {},
    })),
    status: {
      code: span.status.code === SpanStatusCode.ERROR ? 'STATUS_CODE_ERROR' : 'STATUS_CODE_OK',
      message: span.status.message ?? '',
    },
    attributes: {
      ...encodeAttributes(withMlflowAttributes(span)),
      'mlflow.traceRequestId': JSON.stringify(mlflowTraceId(traceId)),
    },
    links: span.links.map((link: Link) => ({
      // Links have the ids of MLflow, spans have base64.
      trace_id: mlflowTraceId(link.context.traceId),
      span_id: link.context.spanId,
      attributes: link.attributes ?? {},
    })),
  };
}

function encodeAttributes(attributes: Attributes): Record<string, string> {
  const encoded: Record<string, string> = {};
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) encoded[key] = encodeValue(value);
  }
  return encoded;
}

/** Encodes a value as MLflow does for OTLP: JSON lists, maps and strings stay as they are, anything else becomes JSON. */
function encodeValue(value: AttributeValue): string {
  if (typeof value === 'string' && /^\s*["[{]/.test(value) && parseJson(value) !== undefined) return value;
  // JSON has no functions and symbols.
  return JSON.stringify(value, portable) ?? 'null';
}

/**
 * Prepares a value for JSON.stringify, which throws for a BigInt inside a list or map. It also escapes lone surrogates,
 * which Python reads back and then cannot write as UTF-8.
 */
function portable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  return typeof value === 'bigint' ? String(value) : value;
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
