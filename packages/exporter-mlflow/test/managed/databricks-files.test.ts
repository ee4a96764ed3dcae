import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachWorkspace, TOKEN } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';
import { chatAttributes, childSpan, exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

const NAME = '/Users/ada@example.com/traces';

describe('traces in an experiment of Databricks', () => {
  const { log, closing } = eachTest();
  const workspaces = eachWorkspace(closing);

  function newExporter(config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({
      trackingUri: 'databricks',
      experimentName: NAME,
      modelCatalogUri: '',
      retry: { initialBackoffMillis: 1, maxRetries: 1 },
      ...config,
    });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const twoSpans = (): ReadableSpan[] =>
    recordSpans((tracer) => {
      const root = tracer.startSpan('agent', { attributes: { 'mlflow.traceTag.team': 'blue' } });
      childSpan(tracer, root, 'chat', chatAttributes('6 * 7?', '42'));
      root.end();
    });
  const idOf = ([span]: readonly ReadableSpan[]): string => `tr-${span?.spanContext().traceId}`;
  const wayOf = ({ requests }: Workspace): string[] =>
    requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/tr-[0-9a-f]+/, '…')}`);

  for (const type of ['AWS_PRESIGNED_URL', 'GCP_SIGNED_URL', 'AZURE_SAS_URI', 'AZURE_ADLS_GEN2_SAS_URI'] as const) {
    it(`go to a signed address of ${type}, and come back from there`, async () => {
      const workspace = await workspaces.start(type);
      const spans = twoSpans();
      expect((await exportSpans(newExporter(), spans)).code).to.equal(SUCCESS);
      const client = new MlflowClient({ trackingUri: 'databricks' });
      closing.push(() => client.close());
      const read = await client.getTrace(idOf(spans));
      expect(read?.info).to.deep.include({ state: 'OK', name: 'agent', experimentId: '4000000000000000' });
      expect(read?.info.tokenUsage).to.deep.equal({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
      expect(read?.info.tags).to.deep.include({ team: 'blue' });
      expect(read?.spans.map(({ name, type }) => [name, type])).to.have.deep.members([
        ['agent', 'UNKNOWN'],
        ['chat', 'CHAT_MODEL'],
      ]);
      expect(log.lines).to.deep.equal([]);
      for (const { path, headers } of workspace.requests) {
        const isStorage = path.startsWith('/storage/');
        expect(headers.authorization).to.equal(isStorage ? undefined : `Bearer ${TOKEN}`);
        if (isStorage) expect(headers).not.to.have.any.keys('content-type', 'x-mlflow-workspace');
      }
    });
  }

  it('take no more requests than Python’s client needs, and no probe of OTLP', async () => {
    const workspace = await workspaces.start();
    await exportSpans(newExporter(), twoSpans());
    expect(wayOf(workspace)).to.deep.equal([
      'GET /api/2.0/mlflow/experiments/get-by-name',
      'POST /api/2.0/mlflow/experiments/create',
      'POST /api/3.0/mlflow/traces',
      'GET /api/2.0/mlflow/traces/…/credentials-for-data-upload',
      'PUT /storage/traces/…/traces.json',
    ]);
  });

  it('get another address if the first one has expired', async () => {
    const workspace = await workspaces.start();
    workspace.onSigned = (signature) => {
      if (workspace.storage.expired.size === 0) workspace.storage.expired.add(signature);
    };
    const spans = twoSpans();
    expect((await exportSpans(newExporter(), spans)).code).to.equal(SUCCESS);
    expect(workspace.file(idOf(spans)))
      .to.have.property('spans')
      .with.lengthOf(2);
    expect(wayOf(workspace).filter((way) => /credentials|storage/.test(way))).to.have.lengthOf(4);
  });

  it('are lost with one line if the storage refuses every address, and the line shows no signature', async () => {
    const workspace = await workspaces.start();
    workspace.onSigned = (signature) => workspace.storage.expired.add(signature);
    const { code, error } = await exportSpans(newExporter(), twoSpans());
    const message = `The storage of the workspace at ${workspace.url} refuses the address that the workspace has just signed (403 AuthenticationFailed): let its firewall admit the network of this process, and check this machine's clock.`;
    expect([code, error?.message]).to.deep.equal([FAILED, message]);
    expect(log.lines).to.deep.equal([`error: ${message} 2 spans were not delivered.`]);
    expect(workspace.storage.expired.size).to.equal(2);
  });

  it('are lost with one request and one line if the token is wrong', async () => {
    const workspace = await workspaces.start();
    workspace.tokens.clear();
    const exporter = newExporter();
    await exportSpans(exporter, twoSpans());
    await exporter.forceFlush();
    await exporter.shutdown();
    expect(wayOf(workspace)).to.deep.equal(['GET /api/2.0/mlflow/experiments/get-by-name']);
    expect(log.lines.filter((line) => !line.includes(' in all'))).to.deep.equal([
      `error: Databricks at ${workspace.url} refuses the credentials of DATABRICKS_TOKEN (403: Invalid access token.): replace them with valid ones of this workspace. 2 spans were not delivered.`,
    ]);
  });

  it('wait for the root of their trace', async () => {
    const workspace = await workspaces.start();
    const exporter = newExporter();
    const [child, root] = twoSpans() as [ReadableSpan, ReadableSpan];
    await exportSpans(exporter, [child]);
    expect(workspace.records.size).to.equal(0);
    expect((await exportSpans(exporter, [root])).code).to.equal(SUCCESS);
    expect(workspace.file(idOf([root])))
      .to.have.property('spans')
      .with.lengthOf(2);
  });

  it('go to a new experiment whose name has words of Unity Catalog', async () => {
    const workspace = await workspaces.start();
    const experimentName = '/Shared/catalog-agent/table';
    workspace.intercept = ({ path }) =>
      path.includes('/get-by-name') && workspace.experiments.size === 0
        ? {
            status: 404,
            body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `Could not find experiment ${experimentName}` },
          }
        : undefined;
    expect((await exportSpans(newExporter({ experimentName }), twoSpans())).code).to.equal(SUCCESS);
    expect([...workspace.experiments.values()]).to.deep.equal([experimentName]);
  });

  it('need an experiment, which must be a path', async () => {
    const workspace = await workspaces.start();
    const { error: missing } = await exportSpans(newExporter({ experimentName: '' }), twoSpans());
    expect(missing?.message).to.equal(
      'MLflow exporter: no experiment is set, and Databricks has none with the name Default: set experimentName or MLFLOW_EXPERIMENT_NAME to a path in the workspace, such as /Users/<user name>/<name>.',
    );
    const { error } = await exportSpans(newExporter({ experimentName: 'my-agent' }), twoSpans());
    expect(error?.message).to.equal(
      `Databricks at ${workspace.url} takes only absolute paths as names of experiments (Got an invalid experiment name 'my-agent'. An experiment name must be an absolute path within the Databricks workspace. E.g. '/Users/<some-username>/my-experiment'.): set experimentName or MLFLOW_EXPERIMENT_NAME to a path such as /Users/<user name>/<name>.`,
    );
    expect(wayOf(workspace)).to.have.lengthOf(2);
  });
});
