/** The doctor and MLflow servers: a real one, and local ones that answer as broken set-ups do. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { type HttpServer, listen } from 'testing/http-server.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { type Application, COMPLETE, complaints, createApplication, examineIn, resultsOf } from '../support/doctor.js';
import { NOBODY } from '../support/programs.js';

const SECRET = 'walnut-7-harbour';
const EXPERIMENT = JSON.stringify({ experiment: { experiment_id: '7', name: 'local', lifecycle_stage: 'active' } });

describe('the doctor asks the MLflow server', function () {
  this.timeout(300_000);
  let application: Application;
  let trackingUri: string;
  let client: MlflowClient;
  let server: HttpServer | undefined;
  before(async () => {
    application = createApplication();
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
  });
  after(() => {
    application.remove();
    client.close();
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
    server = await listen(answer);
    return server.url;
  };
  const examineAt = (uri: string, env: NodeJS.ProcessEnv = {}) =>
    examineIn(application.folder, { ...COMPLETE, MLFLOW_TRACKING_URI: uri, ...env });

  it('finds no fault with a complete set-up, and leaves no trace behind', async () => {
    const name = `doctor-${randomUUID()}`;
    const results = await examineAt(trackingUri, { MLFLOW_EXPERIMENT_NAME: name });
    expect(complaints(results)).to.deep.equal([]);
    expect(resultsOf(results, 'tracking-uri', 'clock', 'experiment', 'trace')).to.deep.equal([
      `ok: MLFLOW_TRACKING_URI is ${trackingUri}.`,
      'ok: The clocks of server and application agree.',
      `ok: The experiment "${name}" does not exist yet. The first trace creates it.`,
      'ok: A test trace was written, read back and deleted.',
    ]);
    expect(resultsOf(results, 'server')[0]).to.match(/^ok: MLflow 3\.\d+\.\d+ answers at http:/);
    const experiment = await client.getExperimentByName(name);
    const { traces } = await client.searchTraces({ experimentIds: [experiment?.experimentId ?? ''] });
    expect(traces).to.deep.equal([]);
  });

  it('writes nothing with --no-trace', async () => {
    const name = `doctor-${randomUUID()}`;
    const env = { ...COMPLETE, MLFLOW_TRACKING_URI: trackingUri, MLFLOW_EXPERIMENT_NAME: name };
    const results = await examineIn(application.folder, env, { trace: false });
    expect(resultsOf(results, 'trace')).to.deep.equal(['skipped: No test trace was written, because of --no-trace.']);
    expect(await client.getExperimentByName(name)).to.equal(undefined);
  });

  it('names a deleted experiment, and one that does not exist', async () => {
    const name = `doctor-${randomUUID()}`;
    const id = await client.createExperiment(name);
    await client.deleteExperiment(id);
    expect(complaints(await examineAt(trackingUri, { MLFLOW_EXPERIMENT_NAME: name }))).to.deep.equal([
      `problem: The experiment "${name}" (id ${id}) is deleted, so its traces are never shown. -> Restore it with "mlflow experiments restore --experiment-id ${id}", or set MLFLOW_EXPERIMENT_NAME to another.`,
    ]);
    expect(complaints(await examineAt(trackingUri, { MLFLOW_EXPERIMENT_ID: '999999' }))).to.deep.equal([
      `problem: MLflow at ${trackingUri} has no experiment with the id 999999 of MLFLOW_EXPERIMENT_ID. -> Set MLFLOW_EXPERIMENT_ID to the number on the page of the experiment, or MLFLOW_EXPERIMENT_NAME to a name.`,
    ]);
    const destination = { MLFLOW_TRACING_DESTINATION: '999999', MLFLOW_EXPERIMENT_ID: '0' };
    expect(complaints(await examineAt(trackingUri, destination))).to.deep.equal([
      `problem: MLflow at ${trackingUri} has no experiment with the id 999999 of MLFLOW_TRACING_DESTINATION. -> Set MLFLOW_TRACING_DESTINATION to the number on the page of the experiment, or unset it.`,
    ]);
    expect(complaints(await examineAt(trackingUri, { MLFLOW_TRACING_DESTINATION: id }))).to.deep.equal([
      `problem: The experiment "${name}" (id ${id}) is deleted, so its traces are never shown. -> Restore it with "mlflow experiments restore --experiment-id ${id}", or set MLFLOW_TRACING_DESTINATION to another.`,
    ]);
    expect(complaints(await examineAt(trackingUri, { MLFLOW_EXPERIMENT_ID: 'shop' }))).to.deep.equal([
      `problem: MLflow at ${trackingUri} has no experiment with the id shop of MLFLOW_EXPERIMENT_ID. -> Set MLFLOW_EXPERIMENT_ID to the number on the page of the experiment, or MLFLOW_EXPERIMENT_NAME to a name.`,
    ]);
  });

  it('says that no server listens', async () => {
    const [complaint = ''] = complaints(await examineAt(NOBODY));
    expect(complaint).to.match(
      /^problem: MLflow at http:\/\/127\.0\.0\.1:9 cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:9\)\. -> /,
    );
  });

  it('says that the host is unknown', async () => {
    const [complaint = ''] = complaints(await examineAt('http://no-such-host.invalid:5000'));
    expect(complaint).to.match(
      /^problem: MLflow at http:\/\/no-such-host\.invalid:5000 cannot be reached \(getaddrinfo E/,
    );
    expect(complaint).to.match(
      / -> Correct the host name in MLFLOW_TRACKING_URI, or run this where the name is known: in the network of the server\.$/,
    );
  });

  it('says that the server asks for credentials, or refuses them, and shows none', async () => {
    const uri = await serve((_, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end('no'));
    expect(complaints(await examineAt(uri))).to.deep.equal([
      `problem: MLflow at ${uri} asks for credentials (401), and no environment variable holds them. -> Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN if a proxy before MLflow checks tokens.`,
    ]);
    const env = { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: SECRET };
    const results = await examineAt(uri, env);
    expect(complaints(results)).to.deep.equal([
      `problem: MLflow at ${uri} refuses the credentials (401) of MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD. -> Correct them. MLflow's own login accepts a user name and a password, and no token.`,
    ]);
    expect(JSON.stringify(results)).not.to.include(SECRET);
  });

  it('shows no password of an address, also of one that cannot be read', async () => {
    for (const uri of [
      `http://ada:${SECRET}@127.0.0.1:9`,
      `http://ada:${SECRET}/x@127.0.0.1:9`,
      `postgresql://ada:${SECRET}@db/x`,
    ]) {
      const results = await examineAt(uri);
      expect(complaints(results)).to.have.length(1);
      expect(JSON.stringify(results)).not.to.include(SECRET);
    }
  });

  it('says that the server does not know its own host name', async () => {
    const uri = await serve((_, response) =>
      response
        .writeHead(403, { 'content-type': 'text/plain' })
        .end('Invalid Host header - possible DNS rebinding attack detected'),
    );
    const { host } = new URL(uri);
    expect(complaints(await examineAt(uri))).to.deep.equal([
      `problem: MLflow at ${uri} does not accept the host name ${host} (403: Invalid Host header). -> Start the server with --allowed-hosts "${host},localhost:*", or set MLFLOW_SERVER_ALLOWED_HOSTS there.`,
    ]);
  });

  it('says that the user may not write to the experiment', async () => {
    const uri = await serve((request, response) => {
      if (request.method === 'GET') return response.end(EXPERIMENT);
      return response.writeHead(403, { 'content-type': 'text/plain' }).end('Permission denied');
    });
    const [complaint = ''] = complaints(await examineAt(uri));
    expect(complaint).to.equal(
      `problem: MLflow at ${uri} does not allow this (403: Permission denied). -> Give this user the permission EDIT on the experiment. If a gateway before MLflow refuses, correct its rules.`,
    );
  });

  it('says that another program answers, or that the server speaks no TLS', async () => {
    const uri = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    expect(complaints(await examineAt(uri))).to.deep.equal([
      `problem: ${uri} answers with a web page, not as an MLflow server. -> Check trackingUri or MLFLOW_TRACKING_URI.`,
    ]);
    const secure = uri.replace('http:', 'https:');
    expect(complaints(await examineAt(secure))).to.deep.equal([
      `problem: ${secure} does not speak TLS (WRONG_VERSION_NUMBER). -> Use http:// in trackingUri or MLFLOW_TRACKING_URI.`,
    ]);
  });

  it('says that a value has quotation marks, or does not fit into a header', async () => {
    expect(complaints(await examineAt(`"http://ada:${SECRET}@127.0.0.1:9"`))).to.deep.equal([
      "problem: The value of MLFLOW_TRACKING_URI starts with a quotation mark. -> Write it without quotation marks. Docker's --env-file, for example, takes them for a part of the value.",
    ]);
    expect(complaints(await examineAt(NOBODY, { MLFLOW_TRACKING_TOKEN: `${SECRET}\n${SECRET}` }))).to.deep.equal([
      'problem: The value of token or MLFLOW_TRACKING_TOKEN is missing or not fit for an HTTP header. -> Use one without line breaks and characters beyond Latin-1.',
    ]);
  });

  it('says that the scheme is not supported', async () => {
    expect(complaints(await examineAt('sqlite:///mlflow.db'))).to.deep.equal([
      'problem: MLflow tracking URI "sqlite:…" is not supported, traces are sent to an MLflow server. -> Start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.',
    ]);
  });

  it('says that a gateway does not let spans through, so that traces become files', async () => {
    const uri = await serve(async (request, response) => {
      if (request.url === '/v1/traces')
        return response.writeHead(403, { 'content-type': 'text/html' }).end('<p>no</p>');
      const body = request.method === 'GET' ? {} : { body: await buffer(request) };
      const headers = { 'content-type': request.headers['content-type'] ?? 'application/json' };
      const answer = await fetch(`${trackingUri}${request.url}`, { method: request.method ?? 'GET', headers, ...body });
      const type = answer.headers.get('content-type') ?? 'application/json';
      return response.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
    });
    const results = await examineAt(uri, { MLFLOW_EXPERIMENT_NAME: `doctor-${randomUUID()}` });
    expect(complaints(results)).to.deep.equal([
      'warning: The server stores traces as files, without cost and without search by span. -> Use MLflow 3.4 or newer with a database, and let a gateway before it pass POST requests to /v1/traces.',
    ]);
    expect(resultsOf(results, 'trace')[0]).to.equal('ok: A test trace was written, read back and deleted.');
  });

  it('says that the clocks differ, and that the server is old', async () => {
    const uri = await serve((request, response) => {
      response.setHeader('date', new Date(Date.now() - 600_000).toUTCString());
      response.end(request.url === '/version' ? '2.14.1' : EXPERIMENT);
    });
    const results = await examineIn(application.folder, { ...COMPLETE, MLFLOW_TRACKING_URI: uri }, { trace: false });
    expect(complaints(results)).to.deep.equal([
      'warning: MLflow 2.14.1 has no OTLP route, so traces are stored without cost and without search by span. -> Update the server to MLflow 3.4 or newer, on a database.',
      'warning: The clock of this machine is 600 s ahead of that of the server, so traces have wrong times. -> Synchronise both clocks with NTP. If this is a virtual machine or container host that slept, restart it.',
    ]);
  });
});
