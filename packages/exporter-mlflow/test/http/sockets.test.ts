import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { installMlflow } from 'testing/mlflow/install.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import { exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

/** Listens and fills its queue. The system then ignores further connection attempts, as many firewalls do. */
const SILENT_SERVER = `
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
waiting = []
for _ in range(4):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    waiting.append(client)
print(listener.getsockname()[1], flush=True)
time.sleep(120)
`;

describe('connections', () => {
  const { closing, startServer } = eachTest();
  const environment = eachEnvironment();

  function newExporter(config: MlflowSpanExporterConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter(config);
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const oneSpan = (): ReturnType<typeof recordSpans> => recordSpans((tracer) => tracer.startSpan('span').end());

  it('serve many requests one after the other', async () => {
    const sockets = new Set<Socket | null>();
    const server = await startServer(({ path }) => (response) => {
      sockets.add(response.socket);
      const experiment = { experiment_id: '7', name: 'local', lifecycle_stage: 'active' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(path.includes('/experiments/') ? JSON.stringify({ experiment }) : '{}');
    });
    const exporter = newExporter({ trackingUri: server.url });
    for (let n = 0; n < 3; n++) expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect([server.requests.length, sockets.size]).to.deep.equal([7, 1]);
  });

  it('serve many requests of a server that keeps idle ones for two seconds', async () => {
    const sockets = new Set<Socket | null>();
    const server = await startServer(({ path }) => (response) => {
      sockets.add(response.socket);
      const experiment = { experiment_id: '7', name: 'local', lifecycle_stage: 'active' };
      response.writeHead(200, {
        'content-type': 'application/json',
        connection: 'keep-alive',
        'keep-alive': 'timeout=2',
      });
      response.end(path.includes('/experiments/') ? JSON.stringify({ experiment }) : '{}');
    });
    const exporter = newExporter({ trackingUri: server.url });
    for (let n = 0; n < 3; n++) expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect([server.requests.length, sockets.size]).to.deep.equal([7, 1]);
  });

  it('that a server closes at once are tried again after pauses, not without end', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    environment.set({ https_proxy: url });
    const retry = { maxRetries: 2, initialBackoffMillis: 1 };
    const direct = newExporter({ trackingUri: url, retry });
    const { error } = await exportSpans(direct, oneSpan());
    expect(error?.message).to.match(/ cannot be reached \((other side closed|read ECONNRESET)\)$/);
    expect(connections).to.equal(3);
    const tunnel = newExporter({ trackingUri: 'https://mlflow.test', retry });
    const { error: ofTunnel } = await exportSpans(tunnel, oneSpan());
    expect(ofTunnel?.message).to.match(
      /^MLflow at https:\/\/mlflow\.test cannot be reached \(proxy http:\S+: (other side closed|read ECONNRESET)\)$/,
    );
    expect(connections).to.equal(6);
  });

  it('that are still being made do not keep a process alive after shutdown', async function () {
    this.timeout(300_000);
    const { python } = await installMlflow(() => {});
    const server = spawn(python, ['-c', SILENT_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
    closing.push(async () => {
      server.kill();
      await once(server, 'exit');
    });
    const [port] = await once(server.stdout, 'data');
    const program = fileURLToPath(new URL('../support/export-and-shut-down.ts', import.meta.url));
    const url = `http://127.0.0.1:${String(port).trim()}`;
    const child = spawn(process.execPath, ['--import', 'tsx', program, url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const ended = performance.timeOrigin + performance.now();
    const { message, time } = JSON.parse(output);
    expect([code, message]).to.deep.equal([0, `MLflow at ${url} cannot be reached (no answer in time)`]);
    expect(ended - time).to.be.below(3000);
  });
});
