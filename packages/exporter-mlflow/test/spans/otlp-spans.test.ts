import { type Attributes, type HrTime, SpanKind, TraceFlags } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import protobuf from 'protobufjs';
import { copySpan } from '../../src/export/span/span.js';
import type { ReadableSpan as AnyLineSpan } from '../../src/index.js';
import { encodeSpans } from '../../src/mlflow/otlp-spans.js';
import { chatAttributes, childSpan, recordSpans } from '../support/tracing.js';

/** The messages of OTLP's trace.proto, common.proto and resource.proto. */
const Request = protobuf
  .parse(`
    syntax = "proto3";
    message Request { repeated ResourceSpans resource_spans = 1; }
    message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
    message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
    message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
    message Scope {
      string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
    }
    message Span {
      bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
      int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
      repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10; repeated Event events = 11;
      uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
      fixed32 flags = 16;
    }
    message Event {
      fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
    }
    message Link {
      bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
      uint32 dropped_attributes_count = 5; fixed32 flags = 6;
    }
    message Status { string message = 2; int32 code = 3; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue {
      oneof value {
        string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
        ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
      }
    }
    message ArrayValue { repeated AnyValue values = 1; }
    message KeyValueList { repeated KeyValue values = 1; }
  `)
  .root.lookupType('Request');

function decodeOtlpMessage(bytes: Uint8Array): Record<string, unknown> {
  return Request.toObject(Request.decode(bytes), { longs: String, bytes: String, defaults: true, oneofs: true });
}

describe('the OTLP encoding of spans', () => {
  function expectSameAsOpenTelemetry(spans: AnyLineSpan[]): void {
    const theirs = ProtobufTraceSerializer.serializeRequest(spans as ReadableSpan[]);
    expect(decodeOtlpMessage(encodeSpans(spans))).to.deep.equal(decodeOtlpMessage(theirs!));
  }
  const recordOne = (attributes: Attributes): ReadableSpan[] =>
    recordSpans((tracer) => tracer.startSpan('span', { attributes }).end());

  it('has every member that OpenTelemetry’s own encoding has', () => {
    const link = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
    const spans = recordSpans((tracer) => {
      const parent = tracer.startSpan('parent', {
        kind: SpanKind.CLIENT,
        attributes: chatAttributes('What is the capital of France?', 'Paris'),
        links: [{ context: { ...link, traceState: new TraceState('a=1,b=2') }, attributes: { reason: 'retry' } }],
      });
      childSpan(tracer, parent, 'child', { n: 1 });
      parent.addEvent('first', { json: '{}' }).addEvent('second');
      parent.recordException(new Error('broken'));
      parent.setStatus({ code: 2, message: 'broken' }).end();
    });
    expectSameAsOpenTelemetry(spans);
    const [span] = spans;
    expectSameAsOpenTelemetry([
      copySpan(span!, { droppedAttributesCount: 3, droppedEventsCount: 300, droppedLinksCount: 70_000 }),
      copySpan(span!, { parentSpanContext: { ...link }, status: { code: 1 } }),
    ]);
  });

  it('groups spans by resource and scope', () => {
    const spans = [...recordOne({ a: 1 }), ...recordOne({ b: 2 })];
    const resource = resourceFromAttributes({ 'service.name': 'other' }, { schemaUrl: 'https://schema' });
    const instrumentationScope = { name: 'scope', version: '1.2', schemaUrl: 'https://scope-schema' };
    const other = copySpan(spans[0]!, { resource, instrumentationScope });
    expectSameAsOpenTelemetry([other, ...spans, other]);
  });

  const values: [string, unknown][] = [
    ['texts of every length', ['', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(20_000), 'x'.repeat(3_000_000)]],
    ['texts in every script', ['ä', '€', '😀', '日本語'.repeat(50_000)]],
    [
      'whole numbers',
      [0, 1, -1, 127, 128, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER, -(2 ** 53), 2 ** 62, -(2 ** 63)],
    ],
    ['other numbers', [0.5, -0.1, 2 ** 63, 1e300, Number.NaN, Number.POSITIVE_INFINITY]],
    ['truth values', [true, false]],
    ['bytes', new Uint8Array([0, 1, 255])],
    ['nested values', { list: [{ deep: ['a', null, undefined] }], empty: {}, none: [] }],
    ['nothing', undefined],
  ];
  for (const [what, value] of values) {
    it(`keeps ${what}`, () => {
      const [span] = recordOne({});
      expectSameAsOpenTelemetry([copySpan(span!, { attributes: { value } as Attributes })]);
    });
  }

  it('replaces lone halves of surrogate pairs', () => {
    const [span] = recordOne({});
    expectSameAsOpenTelemetry([copySpan(span!, { attributes: { value: 'a\uD800b' } })]);
  });

  const times: HrTime[] = [
    [0, 0],
    [1_790_000_000, 999_999_999],
    [9_223_372_035, 1],
  ];
  for (const time of times) {
    it(`keeps the time ${time.join('.')} to the nanosecond`, () => {
      const [span] = recordOne({});
      const events = [{ name: 'event', time }];
      expectSameAsOpenTelemetry([copySpan(span!, { startTime: time, endTime: time, events })]);
    });
  }

  const oddTimes: HrTime[] = [
    [1_790_000_000, 123_456_700.6],
    [1_790_000_000.5, 1],
    [Number.NaN, Number.NaN],
  ];
  for (const time of oddTimes) {
    it(`writes the odd time [${time.join(', ')}] of an event as OpenTelemetry’s own encoding does`, () => {
      const [span] = recordOne({});
      expectSameAsOpenTelemetry([copySpan(span!, { events: [{ name: 'event', time }] })]);
    });
  }

  it('writes a negative time of an event as 0', () => {
    const [span] = recordOne({});
    const at = (time: HrTime): AnyLineSpan => copySpan(span!, { events: [{ name: 'event', time }] });
    expect(encodeSpans([at([-1, 1])])).to.deep.equal(encodeSpans([at([0, 0])]));
  });

  it('writes a name of another type as text', () => {
    const [span] = recordOne({});
    const named = (name: unknown): AnyLineSpan => copySpan(span!, { name: name as string });
    expect(encodeSpans([named(5)])).to.deep.equal(encodeSpans([named('5')]));
  });

  it('fails on what the format cannot express', () => {
    const [span] = recordOne({});
    expect(() => encodeSpans([copySpan(span!, { links: [{} as never] })])).to.throw();
    expect(() => encodeSpans([copySpan(span!, { spanContext: () => ({}) as never })])).to.throw();
  });
});
