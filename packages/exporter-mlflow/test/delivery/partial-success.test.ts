import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { type Answer, type LocalServer, startLocalServer } from '../support/local-server.js';
import { startMetrics } from '../support/metrics.js';
import { childSpan, exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

/** ExportTraceServiceResponse { partial_success: { rejected_spans, error_message } } of short texts and small numbers. */
function protobuf(rejected: number, message: string): Answer {
  const partial = [0x08, rejected, 0x12, message.length, ...Buffer.from(message)];
  return answer('application/x-protobuf', Buffer.from([0x0a, partial.length, ...partial]));
}

function json(rejectedSpans: string, errorMessage: string): Answer {
  return answer('application/json', JSON.stringify({ partialSuccess: { rejectedSpans, errorMessage } }));
}

function answer(contentType: string, body: Buffer | string): Answer {
  return (response) => void response.writeHead(200, { 'content-type': contentType }).end(body);
}

describe('an OTLP answer with a partial success', () => {
  let log: ReturnType<typeof collectDiag>;
  let server: LocalServer | undefined;
  beforeEach(() => {
    log = collectDiag();
  });
  afterEach(async () => {
    log.stop();
    await server?.close();
  });

  /** Exports three spans twice. Returns what a user sees of it. */
  async function exportTwice(upload: Answer): Promise<{ sent: string[]; told: string[]; exported: unknown[] }> {
    server = await startLocalServer(({ path }) => (path === '/v1/traces' ? upload : undefined));
    const { provider, read } = startMetrics();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, meterProvider: provider });
    for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, threeSpans())).code).to.equal(SUCCESS);
    await exporter.shutdown();
    const points = (await read())['otel.sdk.exporter.span.exported {span}'] ?? [];
    return {
      sent: server.requests.map(({ path }) => path).filter((path) => !path.includes('/experiments/')),
      told: log.lines,
      exported: points.map(({ attributes, value }) => [attributes['error.type'], value]),
    };
  }
  const threeSpans = (): ReadableSpan[] =>
    recordSpans((tracer) => {
      const root = tracer.startSpan('span');
      for (let n = 0; n < 2; n++) childSpan(tracer, root, 'child');
      root.end();
    });
  const UPLOAD = '/v1/traces';
  const RECORD = '/api/3.0/mlflow/traces';

  for (const [format, partial] of Object.entries({
    protobuf: protobuf(2, 'too old'),
    JSON: json('2', 'too old'),
  })) {
    it(`makes the exporter count and report rejected spans once, and not send them again: ${format}`, async () => {
      const { sent, told, exported } = await exportTwice(partial);
      expect(sent).to.deep.equal([UPLOAD, RECORD, RECORD, UPLOAD]);
      expect(told).to.deep.equal([
        'warn: MLflow takes a request, but not 2 of its spans (too old).',
        'warn: MLflow exporter: 4 spans were not delivered in all.',
      ]);
      expect(exported).to.have.deep.members([
        ['rejected', 4],
        [undefined, 2],
      ]);
    });
  }

  it('prevents records if all spans were rejected', async () => {
    // A number above the number of spans, which no server should send, counts as all of them.
    const { sent, exported } = await exportTwice(protobuf(9, ''));
    expect(sent).to.deep.equal([UPLOAD, UPLOAD]);
    expect(log.lines[0]).to.equal('warn: MLflow takes a request, but not 3 of its spans (without a reason).');
    expect(exported).to.deep.equal([['rejected', 6]]);
  });

  it('makes the exporter report a mere warning once, and count nothing', async () => {
    const { told, exported } = await exportTwice(protobuf(0, 'upgrade soon'));
    expect(told).to.deep.equal(['warn: MLflow takes the spans, but says: upgrade soon.']);
    expect(exported).to.deep.equal([[undefined, 6]]);
  });

  for (const [kind, odd] of Object.entries({
    'no protobuf': answer('application/x-protobuf', Buffer.from([0x0a, 0x7f, 0x08])),
    'no JSON': answer('application/json', 'accepted'),
    'JSON of another shape': answer('application/json', '{"partialSuccess":[{"rejectedSpans":-1}]}'),
    'JSON with members of other kinds': answer(
      'application/json',
      '{"partialSuccess":{"rejectedSpans":"many","errorMessage":7}}',
    ),
    'protobuf with fields of later versions': answer(
      'application/x-protobuf',
      Buffer.from([0x10, 1, 0x0a, 2, 0x18, 5]),
    ),
    'of another kind': answer('text/plain', 'OK'),
    'without end': answer('application/x-protobuf', Buffer.alloc(1024 * 1024, 0x0a)),
  })) {
    it(`is a success if it is ${kind}`, async () => {
      const { told, exported } = await exportTwice(odd);
      expect([told, exported]).to.deep.equal([[], [[undefined, 6]]]);
    });
  }
});
