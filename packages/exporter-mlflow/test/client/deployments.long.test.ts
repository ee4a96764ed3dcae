import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, type MlflowConnectionConfig, MlflowError, MlflowSpanExporter } from '../../src/index.js';
import { createAuthority } from '../support/certificates.js';
import { eachTest } from '../support/each-test.js';
import { startReverseProxy } from '../support/gateways.js';
import { exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

describe('an MLflow server', () => {
  const { log, closing } = eachTest();
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('span').end());

  /** Sends a trace and reads it back. */
  async function roundTrip(config: MlflowConnectionConfig): Promise<void> {
    const experimentName = uniqueName('deployment');
    const spans = oneSpan();
    const exporter = new MlflowSpanExporter({ ...config, experimentName });
    const client = new MlflowClient(config);
    closing.push(
      () => exporter.shutdown(),
      () => client.close(),
    );
    expect((await exportSpans(exporter, spans)).error?.message).to.equal(undefined);
    const { info } = await client.getTrace(spans[0]!.spanContext().traceId);
    expect(info).to.deep.include({ name: 'span', state: 'OK' });
    expect(log.lines).to.deep.equal([]);
  }

  describe('behind a reverse proxy', () => {
    const folder = mkdtempSync(join(tmpdir(), 'deployment-test-'));
    const authority = createAuthority();
    const serverCertPath = join(folder, 'authority.pem');
    before(() => writeFileSync(serverCertPath, authority.cert));
    after(() => rmSync(folder, { recursive: true }));

    it('takes traces with TLS, under a path that the proxy removes', async () => {
      const { url } = await testServer();
      const proxy = await startReverseProxy(url, { path: '/team/mlflow', tls: authority.issue('127.0.0.1') });
      closing.push(proxy.close);
      await roundTrip({ trackingUri: `${proxy.url}/team/mlflow/`, serverCertPath });
      expect(proxy.requests.map(({ target }) => target)).to.include('/team/mlflow/v1/traces');
    }).timeout(300_000);

    it('causes one line if the path is missing in the tracking URI', async () => {
      const { url } = await testServer();
      const proxy = await startReverseProxy(url, { path: '/mlflow' });
      closing.push(proxy.close);
      const exporter = new MlflowSpanExporter({ trackingUri: proxy.url });
      closing.push(() => exporter.shutdown());
      const { error } = await exportSpans(exporter, oneSpan());
      expect(error?.message).to.equal(
        `${proxy.url} lacks a route that MLflow servers have (404): check trackingUri or MLFLOW_TRACKING_URI.`,
      );
      expect(log.lines).to.have.length(1);
    }).timeout(300_000);
  });

  describe('with --static-prefix and --enable-workspaces', () => {
    let server: MlflowServer;
    before(async function () {
      this.timeout(300_000);
      server = await startMlflow({ staticPrefix: '/mlflow', workspaces: true });
      const response = await fetch(`${server.url}/api/3.0/mlflow/workspaces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'blue' }),
      });
      expect(response.status).to.equal(201);
    });
    after(() => server?.close());

    it('takes traces under its path, in the default workspace', () => roundTrip({ trackingUri: server.url }));

    it('takes traces into a workspace, and shows them in no other', async () => {
      const experimentName = uniqueName('blue');
      const blue = { trackingUri: server.url, workspace: 'blue' };
      const spans = oneSpan();
      const exporter = new MlflowSpanExporter({ ...blue, experimentName });
      const inside = new MlflowClient(blue);
      const outside = new MlflowClient({ trackingUri: server.url });
      closing.push(
        () => exporter.shutdown(),
        () => inside.close(),
        () => outside.close(),
      );
      expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
      const traceId = spans[0]!.spanContext().traceId;
      expect((await inside.getTrace(traceId)).info.name).to.equal('span');
      expect(await outside.getExperimentByName(experimentName)).to.equal(undefined);
      const error = await outside.getTrace(traceId).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(MlflowError).and.to.include({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
    });

    it('causes an error for a workspace that does not exist', async () => {
      const config = { trackingUri: server.url, workspace: 'nowhere' };
      const exporter = new MlflowSpanExporter(config);
      const client = new MlflowClient(config);
      closing.push(
        () => exporter.shutdown(),
        () => client.close(),
      );
      const message = `MLflow at ${server.url} has no such workspace (Workspace 'nowhere' not found): correct workspace or MLFLOW_WORKSPACE.`;
      expect((await exportSpans(exporter, oneSpan())).error?.message).to.equal(message);
      expect(log.lines).to.deep.equal([`error: ${message} 1 span was not delivered.`]);
      const error = await client.getExperimentByName('any').catch((error: unknown) => error);
      expect(error).to.be.instanceOf(MlflowError).and.to.have.property('message', message);
    });
  });

  it('without workspaces causes an error that names the setting to unset', async () => {
    const { url } = await testServer();
    const exporter = new MlflowSpanExporter({ trackingUri: url, workspace: 'blue' });
    closing.push(() => exporter.shutdown());
    const { error } = await exportSpans(exporter, oneSpan());
    expect(error?.message).to.match(
      / has this feature disabled \(.*\): unset workspace or MLFLOW_WORKSPACE if it is set\.$/,
    );
    expect(log.lines).to.have.length(1);
  }).timeout(300_000);
});
