/** The file that holds the spans of a trace: as this package writes it, and in each form that it reads. */

import { type SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { copySpan } from '../../src/export/span/span.js';
import { parseTracesJson } from '../../src/mlflow/artifacts/parse-traces-json.js';
import { tracesJson } from '../support/traces-json.js';
import { recordSpans } from '../support/tracing.js';

describe('the writer of traces.json', () => {
  it('takes no longer for long texts of any kind', () => {
    const long = ' '.repeat(200_000);
    const [span] = recordSpans((tracer) =>
      tracer.startSpan('call', { attributes: { 'input.value': `${long}x`, 'output.value': `[${long}` } }).end(),
    );
    const begin = performance.now();
    expect(tracesJson([span!])).to.contain('mlflow.spanInputs');
    expect(performance.now() - begin).to.be.lessThan(500);
  });

  it('writes spans of other SDKs, whose parts may be missing or unknown', () => {
    const [recorded] = recordSpans((tracer) => tracer.startSpan('call').end());
    const other = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
    const span = copySpan(recorded!, {
      kind: 99 as SpanKind,
      events: [{ name: 'event', time: [1_790_000_000, 5] }],
      links: [{ context: other }],
      // Wrappers write them past the API.
      attributes: { none: undefined, call: (() => {}) as unknown as string },
    });
    const [{ kind }] = JSON.parse(tracesJson([span])).spans;
    expect(kind).to.equal('SPAN_KIND_INTERNAL');
    const [read] = parseTracesJson(tracesJson([span]));
    expect(read?.events).to.deep.equal([{ name: 'event', timeUnixNano: 1790000000000000005n, attributes: {} }]);
    expect(read?.links).to.deep.equal([{ traceId: `tr-${other.traceId}`, spanId: other.spanId, attributes: {} }]);
    expect(read?.attributes).to.include({ call: 'null' }).and.to.not.have.property('none');
  });
});

describe('the reader of traces.json', () => {
  const rest = { name: 'call', attributes: { 'mlflow.spanType': '"TOOL"', big: '12345678901234567890', nan: 'NaN' } };
  const read = {
    spanId: '0102030405060708',
    parentSpanId: '1112131415161718',
    name: 'call',
    type: 'TOOL',
    startTimeUnixNano: 1796083528230618727n,
    endTimeUnixNano: 1796083528271984897n,
    ok: false,
    statusMessage: 'no luck',
    attributes: { 'mlflow.spanType': 'TOOL', big: '12345678901234567890', nan: 'NaN' },
    events: [{ name: 'event', timeUnixNano: 1796083528269844224n, attributes: { n: 1 } }],
    links: [{ traceId: `tr-${'ab'.repeat(16)}`, spanId: 'cd'.repeat(8), attributes: {} }],
  };
  const times = '"start_time_unix_nano": 1796083528230618727, "end_time_unix_nano": 1796083528271984897';
  const events = '"events": [{"name": "event", "time_unix_nano": 1796083528269844224, "attributes": {"n": 1}}]';
  const links = (traceId: string, spanId: string): string =>
    `"links": [{"trace_id": "${traceId}", "span_id": "${spanId}", "attributes": null}]`;

  const FORMS: Readonly<Record<string, string>> = {
    'today, with ids in base64': `{"trace_id": "q6urq6urq6urq6urq6urqw==", "span_id": "AQIDBAUGBwg=", "parent_span_id": "ERITFBUWFxg=",
      ${times}, ${events}, ${links(`tr-${'ab'.repeat(16)}`, 'cd'.repeat(8))}, "status": {"code": "STATUS_CODE_ERROR", "message": "no luck"}`,
    'MLflow 3.5, with ids in digits': `{"trace_id": "tr-${'ab'.repeat(16)}", "span_id": "0102030405060708", "parent_span_id": "1112131415161718",
      ${times}, ${events}, ${links(`tr-${'ab'.repeat(16)}`, 'cd'.repeat(8))}, "status": {"code": "ERROR", "message": "no luck"}`,
    'digits behind 0x, with links in base64': `{"trace_id": "0x${'ab'.repeat(16)}", "span_id": "0x0102030405060708", "parent_span_id": "0x1112131415161718",
      ${times}, ${events}, ${links('q6urq6urq6urq6urq6urqw==', 'zc3Nzc3Nzc0=')}, "status": {"code": "STATUS_CODE_ERROR", "message": "no luck"}`,
    'MLflow 2': `{"context": {"trace_id": "0x${'ab'.repeat(16)}", "span_id": "0x0102030405060708"}, "parent_id": "0x1112131415161718",
      "start_time": 1796083528230618727, "end_time": 1796083528271984897, "status_code": "ERROR", "status_message": "no luck",
      "events": [{"name": "event", "timestamp": 1796083528269844224, "attributes": {"n": 1}}], ${links(`0x${'ab'.repeat(16)}`, '0xcdcdcdcdcdcdcdcd')}`,
  };
  for (const [name, form] of Object.entries(FORMS)) {
    it(`reads the form of ${name}`, () => {
      const text = `{"spans": [${form}, ${JSON.stringify(rest).slice(1)}], "request": "{}"}`;
      expect(parseTracesJson(text)).to.deep.equal([read]);
    });
  }

  it('holds texts that Python can write again, and integers without a limit', () => {
    const [span] = recordSpans((tracer) => {
      const own = tracer.startSpan('a\ud800b', { attributes: { text: 'c\udc00d', list: ['\ud800'] } });
      own.setStatus({ code: SpanStatusCode.ERROR, message: '\ud800' });
      own.addEvent('\ud800', { text: '\ud800' });
      own.end();
    });
    // Wrappers write them past the API.
    Object.assign(span!.attributes, { big: [2n ** 70n], map: { of: 1n } });
    const text = tracesJson([span!]);
    expect(text).to.not.match(/\\ud[89a-f]/i);
    expect(parseTracesJson(text)[0]).to.deep.include({ name: 'a\ufffdb', statusMessage: '\ufffd' });
    expect(parseTracesJson(text)[0]?.attributes).to.deep.include({
      text: 'c\ufffdd',
      big: ['1180591620717411303424'],
      map: { of: '1' },
    });
  });

  it('may lack all but the id of a span, or hold other values than texts', () => {
    const events = [{ name: 1, time_unix_nano: true }];
    const [span, old] = parseTracesJson(
      JSON.stringify({
        spans: [
          { span_id: '00f067aa0ba902b7', attributes: { count: 1, text: 'not {JSON' }, events, links: 'none' },
          { context: { span_id: '0x00f067aa0ba902b7' } },
        ],
      }),
    );
    expect(span).to.deep.include({ name: '', startTimeUnixNano: 0n, attributes: { count: 1, text: 'not {JSON' } });
    expect(span?.events).to.deep.equal([{ name: '', timeUnixNano: 0n, attributes: {} }]);
    expect(old).to.deep.include({ spanId: '00f067aa0ba902b7', startTimeUnixNano: 0n, links: [] });
  });

  it('refuses what is no such file', () => {
    for (const text of ['', 'null', '[]', '{}', '{"spans":[{"name":"no id"}]}', '{"spans":[']) {
      expect(() => parseTracesJson(text), text).to.throw();
    }
  });
});
