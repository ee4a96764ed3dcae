import { context, SpanKind, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { MLFLOW_VERSION, TESTED_MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { type MlflowSpan, MlflowSpanExporter, type MlflowTraceInfo } from '../../src/index.js';
import { exportSpans, recordSpans, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

/** MLflow keeps the kind of spans from 3.18 on. */
const KEEPS_KIND = TESTED_MLFLOW_VERSION !== MLFLOW_VERSION;
/** An id whose bytes look different in base64, in hexadecimal and as text. */
const OTHER = { traceId: 'fb'.repeat(16), spanId: '3e'.repeat(8), traceFlags: 1 };

describe('what MlflowClient returns of a trace', () => {
  const mlflow = useMlflow();

  async function stored(
    work: Parameters<typeof recordSpans>[0],
  ): Promise<{ info: MlflowTraceInfo; spans: MlflowSpan[] }> {
    const spans = recordSpans(work);
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, experimentName: uniqueName('read') });
    await exportSpans(exporter, spans);
    await exporter.shutdown();
    return mlflow.client.getTrace(spans[0]!.spanContext().traceId);
  }

  it('has links, with ids that getTrace() takes, and events', async () => {
    const { spans } = await stored((tracer) => {
      const links = [{ context: OTHER, attributes: { reason: 'retry', attempt: 2 } }, { context: OTHER }];
      const span = tracer.startSpan('root', { links, startTime: [1_790_000_000, 0] });
      span.addEvent('chunk', { size: 3 }, [1_790_000_000, 123_456_789]);
      span.end();
    });
    const link = { traceId: `tr-${OTHER.traceId}`, spanId: OTHER.spanId };
    expect(spans[0]?.links).to.deep.equal([
      { ...link, attributes: { reason: 'retry', attempt: 2 } },
      { ...link, attributes: {} },
    ]);
    const at = spans[0]!.startTimeUnixNano + 123_456_789n;
    expect(spans[0]?.events).to.deep.equal([{ name: 'chunk', timeUnixNano: at, attributes: { size: 3 } }]);
  });

  it('has all digits of recorded integers, as text beyond what a JavaScript number holds', async () => {
    const input = '{"ids":[9007199254740991,9007199254740993,-9223372036854775808,18446744073709551615],"count":3}';
    const { spans } = await stored((tracer) => {
      tracer
        .startSpan('root', { attributes: { 'mlflow.spanInputs': input, note: '"int_value": 9007199254740993' } })
        .end();
    });
    expect(spans[0]?.inputs).to.deep.equal({
      ids: [9007199254740991, '9007199254740993', '-9223372036854775808', '18446744073709551615'],
      count: 3,
    });
    expect(spans[0]?.attributes['note']).to.equal('"int_value": 9007199254740993');
  });

  it('has the kind of each span if the server keeps it', async () => {
    const { spans } = await stored((tracer) => {
      const root = tracer.startSpan('SERVER', { kind: SpanKind.SERVER });
      const below = trace.setSpan(context.active(), root);
      for (const kind of ['INTERNAL', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const) {
        tracer.startSpan(kind, { kind: SpanKind[kind] }, below).end();
      }
      root.end();
    });
    expect(spans).to.have.length(5);
    for (const { name, kind } of spans) expect(kind, name).to.equal(KEEPS_KIND ? name : undefined);
  });

  it('has a session as it is stored, and as the path of its levels', async () => {
    const sessionOf = async (session: string): Promise<unknown[]> => {
      const attributes = { 'session.id': session };
      const { info } = await stored((tracer) => tracer.startSpan('root', { attributes }).end());
      return [info.sessionId, info.sessionPath];
    };
    expect(await sessionOf('trip 2')).to.deep.equal(['trip 2', ['trip 2']]);
    const levels = ['trip "2"', 'étape 1', '😀'];
    const text = JSON.stringify(levels);
    expect(await sessionOf(text)).to.deep.equal([text, levels]);
    for (const plain of ['[]', '["a",1]', '{"a":"b"}', '42', '[broken']) {
      expect(await sessionOf(plain)).to.deep.equal([plain, [plain]]);
    }
  });

  it('has no session if the trace has none', async () => {
    const { info } = await stored((tracer) => tracer.startSpan('root').end());
    expect(info).not.to.have.any.keys('sessionId', 'sessionPath');
  });
});
