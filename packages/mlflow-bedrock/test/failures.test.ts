/** What the log of an application shows, with default settings, if backends fail. No failure is hidden, or shown twice. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { NOBODY, PROGRAMS } from './support/programs.js';

describe('the log of an application with autolog()', function () {
  this.timeout(60_000);
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  async function start(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  /** A server that takes everything as MLflow does, except what `status` refuses. */
  const startMlflow = (status: (path: string) => number = () => 200): Promise<string> =>
    start((request, response) => {
      const { url = '' } = request;
      const experiment = { experiment_id: '7', name: 'local', lifecycle_stage: 'active' };
      request.resume().once('end', () => {
        response.writeHead(status(url), { 'content-type': 'application/json' });
        response.end(url.includes('/experiments/') ? JSON.stringify({ experiment }) : '{}');
      });
    });
  const startRefusing = (millis = 0): Promise<string> =>
    start((request, response) => {
      request.resume().once('end', () => setTimeout(() => response.writeHead(400).end(), millis));
    });

  async function lines(args: string[], env: NodeJS.ProcessEnv): Promise<string[]> {
    const { NODE_OPTIONS: _, ...own } = process.env;
    const child = spawn(process.execPath, ['failing.cjs', ...args], {
      cwd: PROGRAMS,
      env: { ...own, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    closing.push(() => void child.kill('SIGKILL'));
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    return stderr.split('\n').filter((line) => line !== '');
  }
  const OTLP = 'OTLPExporterError: Bad Request';

  it('shows each batch of a flush that another backend refuses', async () => {
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow(),
      OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(),
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    };
    expect(await lines(['flushes three batches'], env)).to.deep.equal([OTLP, OTLP, OTLP]);
  });

  it('shows nothing of what another backend answers', async () => {
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow(),
      OTEL_EXPORTER_OTLP_ENDPOINT: await start((request, response) => {
        const { 'x-api-key': key } = request.headers;
        request.resume().once('end', () => response.writeHead(400, `bad ${key}`).end(`{"message":"bad ${key}"}`));
      }),
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=Wq8zLm3pK',
      OTEL_LOG_LEVEL: 'WARN',
    };
    expect(await lines(['flushes three batches'], env)).to.deep.equal([OTLP]);
  });

  it('shows a failure once that the timer of the processor met', async () => {
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow((path) => (path === '/v1/traces' ? 401 : 200)),
      OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(),
      OTEL_BSP_SCHEDULE_DELAY: '10',
    };
    const shown = await lines(['waits for the timer of the processor, and flushes'], env);
    expect(shown).to.have.length(2).and.include(OTLP);
    expect(
      shown.filter((line) => /refuses the credentials \(401\).* 1 spans were not delivered\.$/.test(line)),
    ).to.have.length(1);
  });

  it('shows a failure that comes after the time of a flush', async () => {
    const env = { MLFLOW_TRACKING_URI: await startMlflow(), OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(500) };
    const shown = await lines(['flushes for a shorter time than the backend takes'], env);
    expect(shown).to.have.length(2);
    expect(shown[0]).to.match(/^mlflow-bedrock: not everything was sent within 100 ms/);
    expect(shown[1]).to.equal(OTLP);
  });

  it('shows a failure of the shutdown', async () => {
    const env = { MLFLOW_TRACKING_URI: await startMlflow(), OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(300) };
    expect(await lines(['shuts down with a span that ended during the flush'], env)).to.deep.equal([OTLP, OTLP]);
  });

  it('shows the failures of a provider of the application when autolog() flushes it', async () => {
    const env = {
      MLFLOW_TRACKING_URI: NOBODY,
      OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(),
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    };
    const shown = await lines(['flushes a provider of its own'], env);
    expect(shown).to.have.length(3).and.include(OTLP);
    expect(shown.filter((line) => / cannot be reached .* 1 spans were not delivered\.$/.test(line))).to.have.length(1);
    expect(shown.filter((line) => /^MlflowError: MLflow at .* cannot be reached/.test(line))).to.have.length(1);
  });

  it('shows the begin and the end of an outage of MLflow', async () => {
    let uploads = 0;
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow((path) => (path === '/v1/traces' && ++uploads <= 2 ? 401 : 200)),
    };
    const shown = await lines(['flushes again and again', '4'], env);
    expect(shown[0]).to.match(/refuses the credentials \(401\).* 1 spans were not delivered\.$/);
    expect(shown[1]).to.match(/^MLflow takes spans again after \d+\.\d s: 2 spans were not delivered, 0 waited\.$/);
    expect(shown.slice(2)).to.deep.equal(['MLflow exporter: 2 spans were not delivered in all.']);
  });

  it('shows settings that cannot work, and what they cost', async () => {
    const shown = await lines(['flushes again and again', '3'], { MLFLOW_TRACKING_URI: 'ftp://127.0.0.1' });
    expect(shown).to.have.length(2);
    expect(shown[0]).to.match(/^MLflow tracking URI/);
    expect(shown[1]).to.equal('MLflow exporter: 3 spans were not delivered in all.');
  });
});
