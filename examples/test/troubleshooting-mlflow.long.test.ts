/** Checks docs/troubleshooting.md: messages of the exporter, and answers of MLflow to other OTLP senders. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { listen } from 'testing/http-server.js';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { exporterSays } from './support/exporter-says.js';
import { expectQuoted } from './support/troubleshooting-page.js';

const SHOWN = 'http://localhost:5000';
const ADMIN = { username: 'admin', password: randomUUID() };
const READER = { username: 'reader', password: randomUUID() };

describe('docs/troubleshooting.md: MLflow', function () {
  this.timeout(120_000);
  let url: string;
  let client: MlflowClient;
  let protectedServer: MlflowServer;
  let website: Server;
  let websiteUrl: string;

  before(async () => {
    [{ url }, protectedServer] = await Promise.all([testServer(), startMlflow({ adminPassword: ADMIN.password })]);
    client = new MlflowClient({ trackingUri: url });
    website = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<html>'));
    website.listen(0, '127.0.0.1');
    await once(website, 'listening');
    websiteUrl = `http://127.0.0.1:${(website.address() as AddressInfo).port}`;
  });
  after(async () => {
    client.close();
    await protectedServer.close();
    website.closeAllConnections();
    website.close();
  });

  it('quotes the messages about a port without a server and an unknown host', async () => {
    const closed = await closedPort();
    const refused = await exporterSays({ trackingUri: `http://127.0.0.1:${closed}`, timeoutMillis: 1000 });
    expectQuoted(refused, { [`:${closed}`]: ':5000' });
    expectQuoted(await exporterSays({ trackingUri: 'http://mlflow.invalid:5000', timeoutMillis: 1000 }), {
      'mlflow.invalid': 'mlflow.internal',
    });
  });

  it('quotes the messages about an address that is not an MLflow server', async () => {
    expectQuoted(await exporterSays({ trackingUri: 'sqlite:///mlflow.db' }));
    expectQuoted(await exporterSays({ trackingUri: websiteUrl }), { [websiteUrl]: SHOWN });
    const encrypted = websiteUrl.replace('http:', 'https:');
    expectQuoted(await exporterSays({ trackingUri: encrypted }), { [encrypted]: SHOWN.replace('http:', 'https:') });
  });

  it('quotes the message about a 403 for an unknown host name', async () => {
    const said403 = await exporterSays({ trackingUri: url, headers: { host: 'mlflow.example.com' } });
    expectQuoted(said403, { [url]: 'http://mlflow.example.com' });
  });

  it('quotes the messages about a 401 for missing credentials and a 403 for a missing permission', async () => {
    const trackingUri = protectedServer.url;
    expectQuoted(await exporterSays({ trackingUri }), { [trackingUri]: SHOWN });

    const admin = new MlflowClient({ trackingUri, ...ADMIN });
    const { experimentId } = await admin.getOrCreateExperiment('my-agents');
    admin.close();
    await askAsAdmin(`${trackingUri}/api/2.0/mlflow/users/create`, READER);
    const denied = await exporterSays({ trackingUri, ...READER, experimentName: 'my-agents' });
    expectQuoted(denied, { [trackingUri]: SHOWN });

    // Follows the advice of the page.
    await askAsAdmin(`${trackingUri}/api/3.0/mlflow/users/permissions/grant`, {
      username: READER.username,
      resource_type: 'experiment',
      resource_id: experimentId,
      permission: 'EDIT',
    });
    expect(await exporterSays({ trackingUri, ...READER, experimentName: 'my-agents' })).to.equal('');
  });

  it('quotes the messages about a deleted experiment and an unknown id', async () => {
    const experimentName = `deleted-${randomUUID()}`;
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    await post(`${url}/api/2.0/mlflow/experiments/delete`, { experiment_id: experimentId });
    expectQuoted(await exporterSays({ trackingUri: url, experimentName }), {
      [experimentName]: 'my-agents',
      [`id ${experimentId}`]: 'id 7',
      [`--experiment-id ${experimentId}`]: '--experiment-id 7',
    });
    expectQuoted(await exporterSays({ trackingUri: url, experimentId: '123456789' }), { [url]: SHOWN });
  });

  it('quotes the message about a gateway that keeps /v1/traces from MLflow', async () => {
    const gateway = await listen((request, response) => {
      if (request.url === '/v1/traces') return void response.writeHead(403, { 'content-type': 'text/html' }).end();
      fetch(`${url}${request.url}`).then(async (answer) => {
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      });
    });
    expectQuoted(await exporterSays({ trackingUri: gateway.url }), { [gateway.url]: SHOWN });
    await gateway.close();
  });

  it('quotes the message about a trace of another experiment', async () => {
    // The answers of MLflow 3.18.
    const strict = await listen(async (request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/v1/traces') {
        const message = 'Trace already exists in another experiment.';
        return void response.writeHead(400).end(JSON.stringify({ error_code: 'INVALID_PARAMETER_VALUE', message }));
      }
      if (!request.url?.endsWith('/batchGetInfos')) {
        const experiment = { experiment_id: '7', name: 'Default', lifecycle_stage: 'active' };
        return void response.end(JSON.stringify({ experiment }));
      }
      const [id] = (JSON.parse(await text(request)) as { trace_ids: string[] }).trace_ids;
      const location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '5' } };
      response.end(JSON.stringify({ trace_infos: [{ trace_id: id, trace_location: location }] }));
    });
    const said = await exporterSays({ trackingUri: strict.url });
    const [id = ''] = /tr-[0-9a-f]{32}/.exec(said) ?? [];
    expectQuoted(said, { [strict.url]: SHOWN, [id]: 'tr-0af7651916cd43dd8448eb211c80319c' });
    await strict.close();
  });

  it("quotes MLflow's answers to a wrong header and reports that an empty header loses spans", async () => {
    for (const headers of [{}, { 'x-mlflow-experiment-id': 'my-agents' }, { 'x-mlflow-experiment-id': '123456789' }]) {
      const response = await post(`${url}/v1/traces`, oneSpan(), headers);
      expectQuoted(`${response.status} ${await response.text()}`);
    }
    const empty = await post(`${url}/v1/traces`, oneSpan(), { 'x-mlflow-experiment-id': '' });
    expect(empty.status).to.equal(200);
  });
});

async function askAsAdmin(url: string, body: unknown): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${ADMIN.username}:${ADMIN.password}`).toString('base64')}`;
  const response = await post(url, body, { authorization });
  expect(response.status, await response.text()).to.equal(200);
}

function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

function oneSpan(): unknown {
  const traceId = randomUUID().replaceAll('-', '');
  const times = { startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '1700000001000000000' };
  const span = { traceId, spanId: traceId.slice(16), name: 'chat', kind: 3, ...times };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
