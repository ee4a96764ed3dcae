import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { installMlflow } from 'testing/mlflow/install.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { createAuthority, encryptKey } from '../support/certificates.js';
import { collectDiag } from '../support/diag.js';
import { type Gateway, startReverseProxy } from '../support/gateways.js';
import { type LocalServer, startLocalServer } from '../support/local-server.js';
import { exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-test-'));
  const authority = createAuthority();
  const ours = authority.issue('127.0.0.1');
  const client = authority.issue('a client');
  const closing: (() => Promise<void> | void)[] = [];
  let log: ReturnType<typeof collectDiag>;
  let server: LocalServer;
  before(async () => {
    server = await startLocalServer();
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    log = collectDiag();
  });
  afterEach(async () => {
    log.stop();
    for (const close of closing.splice(0).reverse()) await close();
  });

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }
  async function startSecure(tls: ServerOptions = {}): Promise<Gateway> {
    const gateway = await startReverseProxy(server.url, { tls: { ...ours, ...tls } });
    closing.push(gateway.close);
    return gateway;
  }
  /** Starts a TLS server in Python, because Node.js closes the connection without the alert that other servers send. */
  async function startStrictServer(): Promise<string> {
    const { python } = await installMlflow(() => {});
    const pem = file('server.pem', `${ours.cert}${ours.key}`);
    const program = `
import socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(${JSON.stringify(pem)})
context.load_verify_locations(${JSON.stringify(serverCertPath)})
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except OSError:
        connection.close()
`;
    const child = spawn(python, ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    closing.push(async () => {
      child.kill();
      await once(child, 'exit');
    });
    const [port] = await once(child.stdout, 'data');
    return `https://127.0.0.1:${String(port).trim()}`;
  }
  async function errorWith(trackingUri: string, config: MlflowSpanExporterConfig): Promise<string | undefined> {
    const exporter = new MlflowSpanExporter({
      trackingUri,
      retry: { maxRetries: 1, initialBackoffMillis: 1 },
      ...config,
    });
    closing.push(() => exporter.shutdown());
    const spans: ReadableSpan[] = recordSpans((tracer) => tracer.startSpan('span').end());
    const { code, error } = await exportSpans(exporter, spans);
    expect(code === SUCCESS).to.equal(error === undefined);
    return error?.message;
  }
  const serverCertPath = file('authority.pem', authority.cert);
  const mutual = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };

  it('the exporter trusts the authority in serverCertPath, and no unknown authority', async () => {
    const { url } = await startSecure();
    expect(await errorWith(url, { serverCertPath })).to.equal(undefined);
    expect(await errorWith(url, {})).to.equal(
      `The certificate of ${url} is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE): set serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH to its authority.`,
    );
    expect(log.lines).to.have.length(1);
  });

  it('the exporter accepts any certificate with insecureTls', async () => {
    const { url } = await startSecure();
    expect(await errorWith(url, { insecureTls: true })).to.equal(undefined);
  });

  it('a message says that a certificate is for another host or has expired', async () => {
    const other = await startSecure(authority.issue('other.test'));
    expect(await errorWith(other.url, { serverCertPath })).to.equal(
      `The certificate of ${other.url} is for another host (ERR_TLS_CERT_ALTNAME_INVALID): use a name that it holds in trackingUri or MLFLOW_TRACKING_URI.`,
    );
    const old = await startSecure(authority.issue('127.0.0.1', { from: new Date(0), to: new Date(1e12) }));
    expect(await errorWith(old.url, { serverCertPath })).to.equal(
      `The certificate of ${old.url} is not valid at this time (CERT_HAS_EXPIRED): renew it, or correct this machine's clock.`,
    );
  });

  it('the exporter presents its client certificate', async () => {
    const { url } = await startSecure(mutual);
    for (const content of [`${client.cert}${client.key}`, `${client.key}${client.cert}`]) {
      const clientCertPath = file('client.pem', content);
      expect(await errorWith(url, { serverCertPath, clientCertPath })).to.equal(undefined);
    }
  });

  it('a message says that the server does not accept the client certificate', async function () {
    this.timeout(300_000);
    const url = await startStrictServer();
    const stranger = createAuthority('another authority').issue('a client');
    const clientCertPath = file('stranger.pem', `${stranger.cert}${stranger.key}`);
    for (const config of [{ serverCertPath }, { serverCertPath, clientCertPath }]) {
      expect(await errorWith(url, config)).to.match(
        /^https:\/\/127\.0\.0\.1:\d+ does not accept our client certificate, or the lack of one \(\w+\): set clientCertPath or MLFLOW_TRACKING_CLIENT_CERT_PATH to one that it trusts\.$/,
      );
    }
  });

  it('a message says that the server does not speak TLS', async () => {
    const url = server.url.replace('http:', 'https:');
    expect(await errorWith(url, {})).to.match(
      /^https:\/\/127\.0\.0\.1:\d+ does not speak TLS \(\w+\): use http:\/\/ in trackingUri or MLFLOW_TRACKING_URI\.$/,
    );
  });

  const files: [string, () => MlflowSpanExporterConfig, RegExp][] = [
    [
      'an authority that is none',
      () => ({ serverCertPath: file('none.pem', 'hello') }),
      /^MLflow: cannot use \S+none\.pem \(\w+\): set serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH to a PEM file with the certificates of the authorities to trust\.$/,
    ],
    [
      'an authority that is damaged',
      () => ({ serverCertPath: file('bad.pem', authority.cert.replace(/.{64}\n/, '\n')) }),
      /^MLflow: cannot use \S+bad\.pem \(\w+\): set serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH to a PEM file with the certificates of the authorities to trust\.$/,
    ],
    [
      'a client certificate without key',
      () => ({ clientCertPath: file('keyless.pem', client.cert) }),
      /^MLflow: cannot use \S+keyless\.pem \(\w+\): set clientCertPath or MLFLOW_TRACKING_CLIENT_CERT_PATH to one PEM file with the client certificate and its unencrypted key\.$/,
    ],
    [
      'an encrypted key',
      () => ({ clientCertPath: file('encrypted.pem', `${client.cert}${encryptKey(client.key, 'passphrase')}`) }),
      /^MLflow: cannot use \S+encrypted\.pem \(\w+\): set clientCertPath /,
    ],
    [
      'the key of another certificate',
      () => ({ clientCertPath: file('mismatch.pem', `${client.cert}${ours.key}`) }),
      /^MLflow: cannot use \S+mismatch\.pem \(\w+\): set clientCertPath /,
    ],
  ];
  for (const [what, config, message] of files) {
    it(`the constructor reports what is wrong with ${what}`, async () => {
      expect(await errorWith('https://mlflow.test', config())).to.match(message);
      expect(log.lines).to.have.length(1);
    });
  }
});
