import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowSpanExporter } from '../../src/index.js';
import { eachWorkspace } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';
import { runPython } from '../support/python.js';
import { childSpan, exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

const EXPERIMENT = '/Users/ada@example.com/parity';
const CHAT = { messages: [{ role: 'user', content: '6 × 7?' }] };
const ANSWER = { choices: [{ message: { role: 'assistant', content: '42' } }] };
const USAGE = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

// Both clients record this trace: here Python's, below the exporter. It then reads both from the experiment.
const PROGRAM = `
import json, sys, mlflow
from mlflow.entities import SpanType
from mlflow.entities.trace_location import UCSchemaLocation

ours, experiment, chat, answer, usage = sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:6])
mlflow.set_tracking_uri("databricks")

def record():
    with mlflow.start_span("agent", span_type=SpanType.AGENT) as root:
        root.set_inputs({"question": "6 × 7?"})
        mlflow.update_current_trace(tags={"team": "blue"}, client_request_id="req-1", session_id="s-1", user="ada")
        with mlflow.start_span("chat", span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs(chat)
            span.set_outputs(answer)
            span.set_attribute("mlflow.chat.tokenUsage", usage)
            span.set_attribute("temperature", 0.5)
        with mlflow.start_span("tool", span_type=SpanType.TOOL) as span:
            span.set_inputs({"a": 6})
            span.set_status("ERROR")
        root.set_outputs("42")
    mlflow.flush_trace_async_logging()
    return root.trace_id

def plain(preview):
    # The exporter's previews are texts where they can be.
    try:
        return json.loads(preview)
    except ValueError:
        return preview

def read(trace_id):
    trace = mlflow.get_trace(trace_id)
    info = trace.info
    return {
        "state": info.state.value, "tokens": info.token_usage, "request": plain(info.request_preview),
        "response": str(plain(info.response_preview)), "client_request_id": info.client_request_id,
        "session": info.trace_metadata.get("mlflow.trace.session"), "user": info.trace_metadata.get("mlflow.trace.user"),
        "tags": {k: v for k, v in info.tags.items() if k != "mlflow.artifactLocation"},
        "spans": sorted(({
            "name": s.name, "type": s.span_type, "inputs": s.inputs, "outputs": s.outputs,
            "status": s.status.status_code.value, "temperature": s.attributes.get("temperature"),
            "tokens": s.attributes.get("mlflow.chat.tokenUsage"), "is_root": s.parent_id is None,
        } for s in trace.data.spans), key=lambda s: s["name"]),
    }

mlflow.set_experiment(experiment)
theirs = record()
result = {"theirs": read(theirs), "ours": read(ours)}
mlflow.tracing.set_destination(UCSchemaLocation("main", "agents"))
result["catalog"] = record().rsplit("/", 1)[1]
print(json.dumps(result))
`;

describe('Python’s client beside the exporter', () => {
  const { closing, log } = eachTest();
  const workspaces = eachWorkspace(closing);

  it('writes and reads the same trace, in an experiment and in Unity Catalog', async function () {
    this.timeout(120_000);
    const workspace = await workspaces.start();
    const inExperiment = await record({ experimentName: EXPERIMENT });
    const inCatalog = await record({ tracingDestination: 'main.agents' });
    const read = (await runPython(
      PROGRAM,
      ...[`tr-${inExperiment}`, EXPERIMENT],
      ...[CHAT, ANSWER, USAGE].map((value) => JSON.stringify(value)),
    )) as Record<'ours' | 'theirs', unknown> & { catalog: string };
    expect(read.ours).to.deep.equal(read.theirs);
    expect(read.ours).to.deep.include({ state: 'OK', tokens: USAGE, session: 's-1', client_request_id: 'req-1' });
    expect(recordOf(workspace, inCatalog)).to.deep.equal(recordOf(workspace, read.catalog));
    expect(spansOf(workspace, inCatalog)).to.deep.equal(spansOf(workspace, read.catalog));
    expect(recordOf(workspace, inCatalog)).to.include({ isNamed: true, state: 'OK' });
    expect(spansOf(workspace, inCatalog)).to.have.lengthOf(3);
    expect(headersOf(workspace, '/api/2.0/otel/v1/traces')).to.have.lengthOf(1);
    expect(log.lines).to.deep.equal([]);
  });

  /** Records the trace and returns OpenTelemetry's id of it. */
  async function record(where: { experimentName: string } | { tracingDestination: string }): Promise<string> {
    const exporter = new MlflowSpanExporter({ trackingUri: 'databricks', modelCatalogUri: '', ...where });
    closing.push(() => exporter.shutdown());
    const spans = traceOf();
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    return spans[0]?.spanContext().traceId ?? '';
  }
});

function traceOf(): ReadableSpan[] {
  return recordSpans((tracer) => {
    const root = tracer.startSpan('agent', {
      attributes: {
        'mlflow.spanType': 'AGENT',
        'mlflow.spanInputs': JSON.stringify({ question: '6 × 7?' }),
        'mlflow.spanOutputs': JSON.stringify('42'),
        'mlflow.traceTag.team': 'blue',
        'mlflow.clientRequestId': 'req-1',
        'session.id': 's-1',
        'user.id': 'ada',
      },
    });
    childSpan(tracer, root, 'chat', {
      'mlflow.spanType': 'CHAT_MODEL',
      'mlflow.spanInputs': JSON.stringify(CHAT),
      'mlflow.spanOutputs': JSON.stringify(ANSWER),
      'mlflow.chat.tokenUsage': JSON.stringify(USAGE),
      temperature: 0.5,
    });
    const attributes = { 'mlflow.spanType': 'TOOL', 'mlflow.spanInputs': JSON.stringify({ a: 6 }) };
    const tool = tracer.startSpan('tool', { attributes }, trace.setSpan(context.active(), root));
    tool.setStatus({ code: SpanStatusCode.ERROR }).end();
    root.end();
  });
}

/** What both clients write alike into the record of a trace in Unity Catalog. */
function recordOf({ catalogRecords }: Workspace, id: string): unknown {
  const record = catalogRecords.get(`main.agents/${id}`);
  const metadata = Object.entries(record?.trace_metadata ?? {})
    // The program, and what MLflow 2 showed.
    .filter(([key]) => !/^mlflow\.(?:source\.|user$|trace(?:Inputs|Outputs)$|trace\.size)/.test(key))
    .map(([key, value]): [string, unknown] => [key, key.endsWith('tokenUsage') ? JSON.parse(value) : value]);
  const isNamed = record?.trace_id === id;
  const members = ['trace_location', 'state', 'client_request_id', 'tags'].map((name) => [name, record?.[name]]);
  return { isNamed, ...Object.fromEntries(members), metadata: Object.fromEntries(metadata) };
}

/** What both clients write alike into the spans of that trace. */
function spansOf({ tables }: Workspace, id: string): unknown[] {
  const ofTrace = [...tables.values()].flat().filter(({ traceId }) => traceId === id);
  const described = ofTrace.map(({ name, parentSpanId, attributes, status }) => {
    const isNamed = attributes['mlflow.traceRequestId'] === `trace:/main.agents/${id}`;
    const shared = Object.entries(attributes).filter(
      ([key]) => !/^mlflow\.(?:traceRequestId|spanLogLevel|clientRequestId|traceTag\.)/.test(key),
    );
    return { name, isRoot: parentSpanId === '', isNamed, status, attributes: Object.fromEntries(shared) };
  });
  return described.sort((one, other) => one.name.localeCompare(other.name));
}

/** The distinct headers by which both clients say where their requests belong. */
function headersOf({ requests }: Workspace, path: string): unknown[] {
  const described = requests
    .filter((request) => request.path === path)
    .map(({ headers }) => {
      const { authorization, 'content-type': type, 'x-databricks-uc-table-name': table } = headers;
      return JSON.stringify([authorization, type, table, headers['content-encoding']]);
    });
  return [...new Set(described)];
}
