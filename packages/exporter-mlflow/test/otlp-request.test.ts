import { type Attributes, type HrTime, type Link, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { serializeSpans } from '../src/otlp-request.js';

const RESOURCE = resourceFromAttributes({ 'service.name': 'shop', 'process.pid': 7 });
const SCOPE = { name: 'test', version: '1.0' };
const CONTEXT = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};
const PARENT = { ...CONTEXT, spanId: '00f067aa0ba902b7' };

describe('a request of OTLP', () => {
  it('is what the serializer of OpenTelemetry makes of the same spans', () => {
    expectSame([span({})]);
    expectSame([]);
    expectSame([span({ parentSpanContext: { ...PARENT, isRemote: true }, kind: SpanKind.CLIENT })]);
    expectSame([span({ status: { code: SpanStatusCode.ERROR, message: 'It broke: “no”.' } })]);
    expectSame([span({ droppedAttributesCount: 1, droppedEventsCount: 200, droppedLinksCount: 70_000 })]);
    const traceState = new TraceState('vendor=value,other=ü');
    expectSame([span({ spanContext: () => ({ ...CONTEXT, traceState, traceFlags: TraceFlags.NONE }) })]);
  });

  it('holds texts of every length, and of every script', () => {
    for (const letter of ['a', 'é', '漢', '😀', '\ud800', '\0']) {
      for (const length of [0, 1, 31, 32, 33, 127, 128, 5000, 20_000, 3_000_000]) {
        const text = letter.repeat(length);
        expectSame([span({ name: text.slice(0, 300), attributes: { text, [text.slice(0, 40)]: 'key' } })]);
      }
    }
  });

  it('holds values of every type, also those that no span should have', () => {
    const integers = [0, -0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 62, 2 ** 63, 2 ** 64];
    const numbers = [
      ...integers,
      ...integers.map((integer) => -integer),
      0.5,
      -1e300,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
    ];
    const odd = {
      numbers,
      nested: { list: [[], {}, { deep: ['x', null, undefined] }] },
      bytes: new Uint8Array([0, 255]),
    };
    const none = { nothing: null, missing: undefined, function: () => {}, big: 1n };
    expectSame([
      span({ attributes: { yes: true, no: false, list: ['a', null, 'b'], ...odd, ...none } as unknown as Attributes }),
    ]);
  });

  it('holds events and links', () => {
    const attributes = { 'gen_ai.choice': 'x'.repeat(200) };
    const links: Link[] = [
      { context: CONTEXT },
      {
        context: { ...PARENT, isRemote: true, traceState: new TraceState('a=b') },
        attributes,
        droppedAttributesCount: 3,
      },
    ];
    const events = [
      { name: 'chunk', time: [1_700_000_000, 1] as HrTime, attributes, droppedAttributesCount: 300 },
      { name: '', time: [0, 0] as HrTime },
    ];
    expectSame([
      span({ events, links }),
      span({ events: Array.from({ length: 500 }, () => events[0] ?? events[1]) as typeof events }),
    ]);
  });

  it('holds times to the nanosecond', () => {
    const seconds = [0, 1, 65_535, 65_536, 1_700_000_000, 2 ** 31, 4_294_967_296, 9_223_372_035];
    const nanos = [0, 1, 500_000_000, 999_999_999];
    expectSame(
      seconds.flatMap((second) => nanos.map((nano) => span({ startTime: [second, nano], endTime: [second, nano] }))),
    );
  });

  it('holds each resource and each scope once', () => {
    const other = resourceFromAttributes(
      { 'service.name': 'other' },
      { schemaUrl: 'https://opentelemetry.io/schemas/1.0' },
    );
    const bare = {
      name: 'bare',
      schemaUrl: 'https://opentelemetry.io/schemas/1.1',
      attributes: { a: 1 },
      droppedAttributesCount: 2,
    };
    const spans = [
      span({}),
      span({ instrumentationScope: bare }),
      span({ resource: other }),
      span({}),
      span({ resource: other }),
    ];
    expectSame(spans);
    expectSame(Array.from({ length: 512 }, (_, index) => spans[index % spans.length] as ReadableSpan));
  });

  it('sends zeros in place of an id that is none, and nothing else of the memory', () => {
    const wrong = span({ spanContext: () => ({ ...CONTEXT, traceId: 'zz'.repeat(16) }) });
    expect(
      Buffer.from(serializeSpans([wrong])).includes(Buffer.from([0x0a, 16, ...new Array(16).fill(0), 0x12, 8])),
    ).to.equal(true);
  });
});

function expectSame(spans: ReadableSpan[]): void {
  const expected = Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? []);
  // Of megabytes, chai would print the difference for minutes.
  expect(expected.equals(serializeSpans(spans)), 'the same bytes').to.equal(true);
}

function span(members: Partial<ReadableSpan>): ReadableSpan {
  return {
    name: 'chat',
    kind: SpanKind.INTERNAL,
    spanContext: () => CONTEXT,
    startTime: [1_700_000_000, 123_456_789],
    endTime: [1_700_000_001, 1],
    duration: [1, 0],
    status: { code: SpanStatusCode.UNSET },
    attributes: { 'gen_ai.operation.name': 'chat' },
    links: [],
    events: [],
    ended: true,
    resource: RESOURCE,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...members,
  };
}
