import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachWorkspace, TOKEN } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';
import { chatAttributes, childSpan, exportSpans, FAILED, MODEL, recordSpans, SUCCESS } from '../support/tracing.js';

const TABLE = 'main.agents.mlflow_experiment_trace_otel_spans';

describe('traces in Unity Catalog', () => {
  const { log, closing } = eachTest();
  const workspaces = eachWorkspace(closing);

  function newExporter(config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({
      modelCatalogUri: '',
      retry: { initialBackoffMillis: 1, maxRetries: 1 },
      ...config,
    });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const twoSpans = (): [ReadableSpan, ReadableSpan] =>
    recordSpans((tracer) => {
      const root = tracer.startSpan('agent', {
        attributes: {
          'mlflow.spanType': 'AGENT',
          'mlflow.spanInputs': '{"question":"6 * 7?","id":12345678901234567890}',
          'mlflow.spanOutputs': '"42"',
          'mlflow.traceTag.team': 'blue',
          'mlflow.clientRequestId': 'req-1',
          'session.id': 's-1',
        },
      });
      childSpan(tracer, root, 'chat', chatAttributes('6 * 7?', '42'));
      root.end();
    }) as [ReadableSpan, ReadableSpan];
  const hexOf = (span: ReadableSpan): string => span.spanContext().traceId;
  const recordOf = ({ catalogRecords }: Workspace, span: ReadableSpan): unknown =>
    catalogRecords.get(`main.agents/${hexOf(span)}`);

  it('arrive as spans that need no translation, and as a record with their totals', async () => {
    const workspace = await workspaces.start();
    process.env['MLFLOW_TRACING_DESTINATION'] = 'main.agents';
    const [chat, root] = twoSpans();
    expect((await exportSpans(newExporter(), [chat, root])).code).to.equal(SUCCESS);
    expect(workspace.requests.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'POST /api/2.0/otel/v1/traces',
      `POST /api/4.0/mlflow/traces/main.agents/${hexOf(root)}/info`,
    ]);
    for (const { headers } of workspace.requests) expect(headers.authorization).to.equal(`Bearer ${TOKEN}`);
    const id = `trace:/main.agents/${hexOf(root)}`;
    const [first, second] = workspace.tables.get(TABLE) ?? [];
    expect(first?.attributes).to.deep.include({
      'mlflow.traceRequestId': id,
      'mlflow.spanType': 'CHAT_MODEL',
      'mlflow.spanInputs': [{ role: 'user', parts: [{ type: 'text', content: '6 * 7?' }] }],
      'mlflow.spanOutputs': [{ role: 'assistant', parts: [{ type: 'text', content: '42' }] }],
      'mlflow.chat.tokenUsage': { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      'mlflow.llm.model': MODEL,
      'gen_ai.operation.name': 'chat',
    });
    expect(second?.attributes).to.deep.include({
      'mlflow.traceRequestId': id,
      'mlflow.spanType': 'AGENT',
      'mlflow.spanInputs': { question: '6 * 7?', id: '12345678901234567890' },
      'mlflow.spanOutputs': '42',
    });
    const record = recordOf(workspace, root) as { trace_metadata: Record<string, string> };
    expect(record).to.deep.include({
      trace_id: hexOf(root),
      trace_location: {
        type: 'UC_SCHEMA',
        uc_schema: {
          catalog_name: 'main',
          schema_name: 'agents',
          otel_spans_table_name: 'mlflow_experiment_trace_otel_spans',
          otel_logs_table_name: 'mlflow_experiment_trace_otel_logs',
        },
      },
      state: 'OK',
      client_request_id: 'req-1',
      tags: { team: 'blue', 'mlflow.traceName': 'agent' },
    });
    expect(record.trace_metadata).to.include({
      'mlflow.trace_schema.version': '4',
      'mlflow.trace.session': 's-1',
      'mlflow.trace.tokenUsage': '{"input_tokens":10,"output_tokens":5,"total_tokens":15}',
    });
    expect(log.lines).to.deep.equal([]);
  });

  it('have one record, with the tokens of all exports that came before the root', async () => {
    const workspace = await workspaces.start();
    const exporter = newExporter({ tracingDestination: 'main.agents' });
    const [chat, root] = twoSpans();
    await exportSpans(exporter, [chat]);
    expect(workspace.catalogRecords.size).to.equal(0);
    await exportSpans(exporter, [root]);
    const [late] = recordSpans((tracer) => {
      const parent = tracer.startSpan('other');
      childSpan(tracer, parent, 'late', chatAttributes('?', '!'));
    });
    Object.assign(late as object, { spanContext: () => ({ ...root.spanContext(), spanId: '00f067aa0ba902b7' }) });
    expect((await exportSpans(exporter, [late as ReadableSpan])).code).to.equal(SUCCESS);
    await exporter.forceFlush();
    const records = workspace.requests.filter(({ path }) => path.startsWith('/api/4.0/'));
    expect(records).to.have.lengthOf(1);
    expect(records[0]?.body.toString()).to.include(
      '{\\"input_tokens\\":10,\\"output_tokens\\":5,\\"total_tokens\\":15}',
    );
    expect(workspace.tables.get(TABLE)).to.have.lengthOf(3);
    expect(log.lines).to.deep.equal([]);
  });

  it('have no record of a service that has not their root', async () => {
    const workspace = await workspaces.start();
    const exporter = newExporter({ tracingDestination: 'main.agents' });
    const [chat] = twoSpans();
    await exportSpans(exporter, [chat]);
    await exporter.shutdown();
    expect([workspace.catalogRecords.size, workspace.tables.get(TABLE)?.length]).to.deep.equal([0, 1]);
    expect(log.lines).to.deep.equal([]);
  });

  it('go there from any experiment', async () => {
    const workspace = await workspaces.start();
    const exporter = newExporter({
      trackingUri: 'databricks',
      experimentName: '/Users/ada@example.com/traces',
      tracingDestination: 'main.agents',
    });
    expect((await exportSpans(exporter, twoSpans())).code).to.equal(SUCCESS);
    expect(workspace.catalogRecords.size).to.equal(1);
  });

  it('go to an experiment if the destination is its id', async () => {
    const workspace = await workspaces.start();
    workspace.experiments.set('4711', '/Users/ada@example.com/traces');
    process.env['MLFLOW_TRACING_DESTINATION'] = '4711';
    const [chat, root] = twoSpans();
    expect((await exportSpans(newExporter({ trackingUri: 'databricks' }), [chat, root])).code).to.equal(SUCCESS);
    expect([...workspace.records.keys()]).to.deep.equal([`tr-${hexOf(root)}`]);
  });

  for (const [what, config, message] of [
    [
      'the destination has a prefix of tables',
      { tracingDestination: 'main.agents.team' },
      'MLflow exporter: tracingDestination or MLFLOW_TRACING_DESTINATION is "main.agents.team", it must be <catalog>.<schema> of Unity Catalog, or the id of an experiment. Prefixes of tables are not supported.',
    ],
    [
      'the server is not Databricks',
      { tracingDestination: 'main.agents', trackingUri: 'http://localhost:5000' },
      'MLflow exporter: tracingDestination or MLFLOW_TRACING_DESTINATION is "main.agents", a schema of Unity Catalog, which only Databricks has: set trackingUri or MLFLOW_TRACKING_URI to "databricks" or "databricks://<profile>".',
    ],
  ] as const) {
    it(`say what to do if ${what}`, async () => {
      const { code, error } = await exportSpans(newExporter(config), twoSpans());
      expect([code, error?.message]).to.deep.equal([FAILED, message]);
    });
  }

  it('have the state of their root', async () => {
    const workspace = await workspaces.start();
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('agent');
      root.setStatus({ code: SpanStatusCode.ERROR, message: 'no answer' });
      root.end();
    });
    await exportSpans(newExporter({ tracingDestination: 'main.agents' }), spans);
    expect([...workspace.catalogRecords.values()].map(({ state }) => state)).to.deep.equal(['ERROR']);
    expect(workspace.tables.get(TABLE)?.map(({ status }) => status)).to.deep.equal([{ code: 2, message: 'no answer' }]);
  });

  it('are reported as incomplete if only their spans arrive', async () => {
    const workspace = await workspaces.start();
    workspace.intercept = ({ path }) =>
      path.startsWith('/api/4.0/')
        ? { status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'No MODIFY on the schema.' } }
        : undefined;
    const exporter = newExporter({ tracingDestination: 'main.agents' });
    const { code, error } = await exportSpans(exporter, twoSpans());
    expect(code).to.equal(FAILED);
    expect(error?.message).to.include('does not allow this (403: No MODIFY on the schema.)');
    expect(workspace.tables.get(TABLE)).to.have.lengthOf(2);
    expect(log.lines).to.deep.equal([`error: The spans were delivered, but not the trace record: ${error?.message}`]);
  });

  it('arrive without a span that the workspace refuses', async () => {
    const workspace = await workspaces.start();
    workspace.intercept = ({ path, body }) =>
      path.includes('/otel/') && body.includes('a bad span')
        ? { status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Invalid span.' } }
        : undefined;
    const exporter = newExporter({ tracingDestination: 'main.agents' });
    const bad = recordSpans((tracer) => tracer.startSpan('a bad span').end());
    const [chat, root] = twoSpans();
    await exportSpans(exporter, [...bad, chat, root]);
    expect(workspace.tables.get(TABLE)?.map(({ name }) => name)).to.have.members(['chat', 'agent']);
    expect([...workspace.catalogRecords.keys()]).to.deep.equal([`main.agents/${hexOf(root)}`]);
    expect(log.lines).to.deep.equal(['warn: MLflow refuses span "a bad span" (Invalid span.), it was dropped.']);
  });

  it('do not become files if the workspace lacks the route', async () => {
    const workspace = await workspaces.start();
    process.env['MLFLOW_TRACING_DESTINATION'] = 'main.agents';
    workspace.intercept = ({ path }) => (path.startsWith('/api/2.0/otel') ? { status: 501, body: {} } : undefined);
    const exporter = newExporter();
    for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, twoSpans())).code).to.equal(FAILED);
    expect(workspace.requests.map(({ path }) => path)).to.deep.equal(Array(2).fill('/api/2.0/otel/v1/traces'));
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.match(/^error: .* 2 spans were not delivered\.$/);
  });

  it('are neither read nor changed by the client, which names what does', async () => {
    const workspace = await workspaces.start();
    const client = new MlflowClient({ trackingUri: 'databricks' });
    closing.push(() => client.close());
    const message =
      "Trace trace:/main.agents/00f067aa0ba902b7 is in Unity Catalog, which needs a SQL warehouse: use MLflow's Python client with MLFLOW_TRACING_SQL_WAREHOUSE_ID, or Databricks' own pages.";
    for (const work of [
      () => client.getTrace('trace:/main.agents/00f067aa0ba902b7'),
      () => client.getTraceInfo('trace:/main.agents/00f067aa0ba902b7'),
      () => client.setTraceTag('trace:/main.agents/00f067aa0ba902b7', 'team', 'blue'),
      () => client.deleteAssessment('trace:/main.agents/00f067aa0ba902b7', 'a-1'),
      () => client.deleteTraces('7', ['tr-1', 'trace:/main.agents/00f067aa0ba902b7']),
      () => client.linkTracesToRun('r-1', [...Array(100).fill('tr-1'), 'trace:/main.agents/00f067aa0ba902b7']),
    ])
      expect(
        await work().then(
          () => 'no error',
          (error: Error) => error.message,
        ),
      ).to.equal(message);
    expect(workspace.requests).to.deep.equal([]);
  });

  it('send the client to Databricks, too', async () => {
    const workspace = await workspaces.start();
    process.env['MLFLOW_TRACING_DESTINATION'] = 'main.agents';
    const client = new MlflowClient();
    closing.push(() => client.close());
    expect(client.url).to.equal(workspace.url);
    process.env['MLFLOW_TRACING_DESTINATION'] = '4711';
    expect(new MlflowClient().url).to.equal('http://localhost:5000');
  });

  it('say what to do if the workspace does not take them', async () => {
    const workspace = await workspaces.start();
    const exporter = newExporter({ tracingDestination: 'main.unknown' });
    const { error } = await exportSpans(exporter, twoSpans());
    expect(error?.message).to.equal(
      `Databricks at ${workspace.url} has no tables for traces (404: Table 'main.unknown.mlflow_experiment_trace_otel_spans' does not exist.): correct tracingDestination or MLFLOW_TRACING_DESTINATION, or link the schema to an experiment first, see https://docs.databricks.com/aws/en/mlflow3/genai/tracing/trace-unity-catalog.`,
    );
    expect(log.lines).to.deep.equal([`error: ${error?.message} 2 spans were not delivered.`]);
  });
});
