/** Traces in an S3 that checks each signature with botocore, and Python's client beside this one. */

import { expect } from 'chai';
import { type SageMakerGateway, startSageMakerGateway } from 'testing/managed/gateway.js';
import { environmentOf, makeKey } from 'testing/managed/keys.js';
import { installPackages } from 'testing/mlflow/install.js';
import { BOTO3 } from 'testing/mlflow/package-sets.js';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { startWithoutOtlp } from 'testing/old-mlflow.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { runPython } from '../support/python.js';
import {
  chatAttributes,
  childSpan,
  exportSpans,
  FAILED,
  recordSpans,
  SUCCESS,
  uniqueName,
} from '../support/tracing.js';

const FOLDER = "a b+c/Köln's (1)";

/** Reads a trace, and writes one with an event, a link and a failed span. */
const PYTHON = `
import json, sys
import mlflow
from mlflow.entities import Link, SpanEvent

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment(sys.argv[3])
with mlflow.start_span("root", span_type="AGENT") as root:
    root.set_inputs({"question": "Grüße"})
    root.set_attributes({"number": 42, "digits": "42", "big": 12345678901234567890})
    with mlflow.start_span("call", span_type="CHAT_MODEL") as call:
        call.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        call.set_outputs(["text"])
        call.add_event(SpanEvent("event", timestamp=1796083528269844224, attributes={"list": [1, 2]}))
        call.add_link(Link(trace_id="tr-" + "ab" * 16, span_id="cd" * 8, attributes={"n": 1}))
    try:
        with mlflow.start_span("failed"):
            raise ValueError("no luck")
    except ValueError:
        pass
mlflow.flush_trace_async_logging()
read = mlflow.get_trace(sys.argv[2])
print(json.dumps({
    "written": root.trace_id,
    "times": {span.name: [str(span.start_time_ns), str(span.end_time_ns)] for span in mlflow.get_trace(root.trace_id).data.spans},
    "read": [
        {
            "name": span.name,
            "id": span.span_id,
            "parent": span.parent_id,
            "start": str(span.start_time_ns),
            "type": span.span_type,
            "inputs": span.inputs,
            "outputs": span.outputs,
            "attributes": {key: value for key, value in span.attributes.items() if key in ("mlflow.chat.tokenUsage", "mlflow.llm.model", "flag")},
            "status": span.status.status_code.value,
            "description": span.status.description,
            "events": [[event.name, str(event.timestamp), event.attributes] for event in span.events],
            "links": [[link.trace_id, link.span_id, link.attributes] for link in span.links],
        }
        for span in read.data.spans
    ],
}))
`;

describe('traces in the S3 of a server that does not serve files', () => {
  let gateway: SageMakerGateway;
  let server: MlflowServer;
  const environment = { ...process.env };

  before(async function () {
    this.timeout(300_000);
    // Python's client needs it, too.
    process.env['PYTHONPATH'] = await installPackages(BOTO3, () => {});
    // The tests use the stand-in for S3 only.
    gateway = await startSageMakerGateway({
      mlflow: 'http://127.0.0.1:9',
      region: 'eu-central-1',
      keys: [makeKey({ isTemporary: true })],
    });
    // Python's client reads one of the two variables, and this one finds out that the other is wrong.
    const env = { ...gateway.environment(), AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'eu-central-1' };
    Object.assign(process.env, env);
    server = await startMlflow({ s3: { root: `s3://traces/${FOLDER}`, env } });
  });
  after(async () => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    await server?.close();
    await gateway?.close();
  });
  const { closing, log } = eachTest();

  async function start(): Promise<{ exporter: MlflowSpanExporter; client: MlflowClient; withoutOtlp: string }> {
    const old = await startWithoutOtlp(server.url);
    const exporter = new MlflowSpanExporter({ trackingUri: old.url, experimentName: uniqueName('s3') });
    const client = new MlflowClient({ trackingUri: server.url });
    closing.push(
      old.close,
      () => exporter.shutdown(),
      () => client.close(),
    );
    return { exporter, client, withoutOtlp: old.url };
  }

  it('reads back, here and in Python, and so do those of Python', async function () {
    this.timeout(120_000);
    const { exporter, client, withoutOtlp } = await start();
    const other = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('root', { links: [{ context: other, attributes: { n: 1 } }] });
      childSpan(tracer, root, 'call', { ...chatAttributes('Wetter?', 'Regen'), flag: true });
      root.addEvent('event', { list: [1, 2], text: '{"a":1}' }, [1_796_083_528, 269_844_224]);
      root.setStatus({ code: 2, message: 'no luck' }).end();
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    const traceId = `tr-${spans[0]?.spanContext().traceId}`;
    const { experimentIds } = { experimentIds: [(await client.getTraceInfo(traceId)).experimentId] };
    const object = `traces/${FOLDER}/${experimentIds[0]}/traces/${traceId}/artifacts/traces.json`;
    expect(await gateway.s3.objects()).to.deep.equal([object]);
    const requests = await gateway.s3.requests();
    expect(requests.map(({ method, verified }) => [method, verified])).to.deep.equal([
      ['PUT', false],
      ['PUT', true],
    ]);
    const page = await fetch(`${server.url}/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}`);
    expect(await page.text()).to.equal(await gateway.s3.read(object));

    const { written, read, times } = (await runPython(PYTHON, withoutOtlp, traceId, uniqueName('python'))) as {
      written: string;
      read: Record<string, unknown>[];
      times: Record<string, [string, string]>;
    };
    const ours = await client.getTrace(traceId);
    const [root, call] = ours.spans;
    expect(read.map(({ name, id, parent, start }) => [name, id, parent, start])).to.have.deep.members(
      ours.spans.map((span) => [span.name, span.spanId, span.parentSpanId ?? null, String(span.startTimeUnixNano)]),
    );
    expect(read.find(({ name }) => name === 'root')).to.deep.include({
      status: 'ERROR',
      description: 'no luck',
      events: [['event', '1796083528269844224', { list: [1, 2], text: '{"a":1}' }]],
      links: [[`tr-${other.traceId}`, other.spanId, { n: 1 }]],
    });
    expect(root).to.deep.include({
      ok: false,
      statusMessage: 'no luck',
      events: [{ name: 'event', timeUnixNano: 1796083528269844224n, attributes: { list: [1, 2], text: '{"a":1}' } }],
      links: [{ traceId: `tr-${other.traceId}`, spanId: other.spanId, attributes: { n: 1 } }],
    });
    expect(read.find(({ name }) => name === 'call')).to.deep.include({
      type: 'CHAT_MODEL',
      inputs: call?.inputs,
      outputs: call?.outputs,
      attributes: {
        flag: true,
        'mlflow.llm.model': call?.model,
        'mlflow.chat.tokenUsage': { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      },
    });

    const theirs = await client.getTrace(written);
    expect(theirs.spans.map(({ name, type, ok }) => [name, type, ok])).to.deep.equal([
      ['root', 'AGENT', true],
      ['call', 'CHAT_MODEL', true],
      ['failed', 'UNKNOWN', false],
    ]);
    expect(theirs.spans.map(({ startTimeUnixNano }) => String(startTimeUnixNano))).to.deep.equal(
      theirs.spans.map(({ name }) => times[name]?.[0]),
    );
    expect(theirs.spans[0]?.attributes).to.deep.include({ number: 42, digits: '42', big: '12345678901234567890' });
    expect(theirs.spans[0]?.inputs).to.deep.equal({ question: 'Grüße' });
    expect(theirs.spans[1]).to.deep.include({
      outputs: ['text'],
      tokenUsage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
      events: [{ name: 'event', timeUnixNano: 1796083528269844224n, attributes: { list: [1, 2] } }],
      links: [{ traceId: `tr-${other.traceId}`, spanId: other.spanId, attributes: { n: 1 } }],
    });
    expect(theirs.spans[2]?.events[0]?.attributes).to.include({ 'exception.message': 'no luck' });
  });

  it('are lost after one attempt with a wrong key, and a rotated key works at once', async () => {
    const { exporter } = await start();
    const rotated = makeKey({ isTemporary: true });
    const record = () => recordSpans((tracer) => tracer.startSpan('call').end());
    expect((await exportSpans(exporter, record())).code).to.equal(SUCCESS);
    await gateway.setKeys([rotated]);
    await gateway.forgetRequests();
    expect((await exportSpans(exporter, record())).code).to.equal(FAILED);
    expect(await gateway.s3.requests()).to.have.length(1);
    expect(log.lines.filter((line) => line.includes('S3')).join()).to.match(
      /S3 does not accept the AWS credentials for s3:\/\/traces\/.* \((?:InvalidAccessKeyId|InvalidToken): [^)]*\): check AWS_ACCESS_KEY_ID/,
    );
    Object.assign(process.env, environmentOf(rotated));
    await gateway.forgetRequests();
    expect((await exportSpans(exporter, record())).code).to.equal(SUCCESS);
  });
});
