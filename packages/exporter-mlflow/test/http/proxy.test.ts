import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { resolveConnection } from '../../src/http/connection.js';
import { bypassesProxy, resolveProxy } from '../../src/http/proxy.js';
import { MlflowClient, MlflowError, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { createAuthority } from '../support/certificates.js';
import { collectDiag } from '../support/diag.js';
import { eachEnvironment } from '../support/environment.js';
import { type Gateway, startProxy, startReverseProxy } from '../support/gateways.js';
import { type LocalServer, startLocalServer, unusedAddress } from '../support/local-server.js';
import { exportSpans, recordSpans, SUCCESS } from '../support/tracing.js';

describe('the choice of a proxy', () => {
  const proxyFor = (uri: string, env: NodeJS.ProcessEnv): string | undefined => resolveProxy(new URL(uri), env)?.url;

  it('the scheme of the tracking URI selects the variable, and lower case wins', () => {
    const env = { HTTPS_PROXY: 'http://secure:3128', HTTP_PROXY: 'http://upper', http_proxy: 'http://lower:8080' };
    expect(proxyFor('https://mlflow', env)).to.equal('http://secure:3128');
    expect(proxyFor('http://mlflow', env)).to.equal('http://lower:8080');
    expect(proxyFor('https://mlflow', { HTTP_PROXY: 'http://upper' })).to.equal(undefined);
    expect(proxyFor('https://mlflow', { HTTPS_PROXY: ' ' })).to.equal(undefined);
    expect(proxyFor('https://mlflow', { HTTPS_PROXY: 'secure:3128' })).to.equal('http://secure:3128');
    expect(resolveConnection({ trackingUri: 'https://mlflow' }, env).proxy?.url).to.equal('http://secure:3128');
  });

  const cases: [string, string, boolean][] = [
    ['http://mlflow', 'mlflow', true],
    ['http://MLflow.', ' other , mlflow', true],
    ['http://mlflow', 'mlflow2 flow', false],
    ['http://a.example.com', 'example.com', true],
    ['http://a.example.com', '.example.com', true],
    ['http://a.example.com', '*.example.com', true],
    ['http://example.com', '.example.com', true],
    ['http://notexample.com', 'example.com', false],
    ['http://mlflow', '*', true],
    ['http://mlflow', '', false],
    ['http://mlflow:5000', 'mlflow:5000', true],
    ['http://mlflow:5000', 'mlflow:80', false],
    ['http://mlflow', 'mlflow:80', true],
    ['https://mlflow', 'mlflow:443', true],
    ['http://10.1.2.3', '10.0.0.0/8', true],
    ['http://11.1.2.3', '10.0.0.0/8', false],
    ['http://10.1.2.3', '10.1.2.3', true],
    ['http://10.1.2.3', '2.3', false],
    ['http://mlflow', '10.0.0.0/8', false],
    ['http://10.1.2.3', '10.0.0.0/99', false],
    ['http://[2001:db8::1]:5000', '2001:DB8:0::1', true],
    ['http://[2001:db8::1]:5000', '[2001:db8::1]:5000', true],
    ['http://[2001:db8::1]:5000', '[2001:db8::1]:80', false],
    ['http://[2001:db8::1]', '2001:db8::/32', true],
    ['http://[2001:db8::1]', '2001:db8::2', false],
    ['http://localhost:5000', '', true],
    ['http://mlflow.localhost', '', true],
    ['http://127.1.2.3', '', true],
    ['http://[::1]', '', true],
  ];
  for (const [uri, noProxy, expected] of cases) {
    it(`requests to ${uri} go ${expected ? 'directly' : 'through the proxy'} with no_proxy="${noProxy}"`, () => {
      expect(bypassesProxy(new URL(uri), noProxy)).to.equal(expected);
      const env = { HTTP_PROXY: 'http://proxy', HTTPS_PROXY: 'http://proxy', NO_PROXY: noProxy };
      expect(proxyFor(uri, env)).to.equal(expected ? undefined : 'http://proxy');
    });
  }

  for (const address of ['socks5://ada:s3cr3t@proxy', 'http://ada:s3c/r3t@proxy', 'http://proxy:99999']) {
    it(`a message says that "${address}" is no HTTP proxy, without its password`, () => {
      expect(() => proxyFor('http://mlflow', { HTTP_PROXY: address })).to.throw(
        MlflowError,
        'HTTP_PROXY is not the address of an HTTP proxy: set it to http://host:port or https://host:port, with special characters of its user name and password percent-encoded, or add the host of the tracking URI to no_proxy.',
      );
    });
  }
});

describe('a proxy', () => {
  // Only the proxy knows these names, so a direct request would fail.
  const HOST = 'mlflow.test';
  const environment = eachEnvironment(/^(?:https?|no)_proxy$/i);
  const folder = mkdtempSync(join(tmpdir(), 'proxy-test-'));
  const authority = createAuthority();
  const serverCertPath = join(folder, 'authority.pem');
  const closing: (() => Promise<void> | void)[] = [];
  let log: ReturnType<typeof collectDiag>;
  let server: LocalServer;
  let secure: Gateway;
  before(async () => {
    writeFileSync(serverCertPath, authority.cert);
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    log = collectDiag();
    server = await startLocalServer();
    secure = await startReverseProxy(server.url, { tls: authority.issue(HOST) });
    closing.push(server.close, secure.close);
  });
  afterEach(async () => {
    log.stop();
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(options?: Parameters<typeof startProxy>[0]): Promise<Gateway> {
    const proxy = await startProxy(options);
    closing.push(proxy.close);
    return proxy;
  }
  function newExporter(scheme: 'http' | 'https', config: MlflowSpanExporterConfig = {}): MlflowSpanExporter {
    const port = scheme === 'https' ? secure.port : new URL(server.url).port;
    const exporter = new MlflowSpanExporter({
      trackingUri: `${scheme}://${HOST}:${port}`,
      token: 's3cr3t-token',
      serverCertPath,
      retry: { initialBackoffMillis: 1 },
      ...config,
    });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('span').end());
  const withUser = (url: string): string => url.replace('//', '//ada:p%40ss@');
  const authorization = `Basic ${Buffer.from('ada:p@ss').toString('base64')}`;

  it('many requests over https share one tunnel, in which the proxy sees no credentials', async () => {
    const proxy = await start({ authorization });
    environment.set({ HTTPS_PROXY: withUser(proxy.url), HTTP_PROXY: await unusedAddress() });
    const exporter = newExporter('https');
    expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect((await exportSpans(exporter, oneSpan())).code).to.equal(SUCCESS);
    expect(proxy.requests.map(({ method, target }) => `${method} ${target}`)).to.deep.equal([
      `CONNECT ${HOST}:${secure.port}`,
    ]);
    expect(proxy.requests[0]?.headers).not.to.have.property('authorization');
    expect(server.requests).to.have.length(5);
    for (const { headers } of server.requests) {
      expect(headers).to.have.property('authorization', 'Bearer s3cr3t-token');
      expect(headers).not.to.have.property('proxy-authorization');
    }
  });

  it('the exporter checks the certificate of a server behind a tunnel', async () => {
    const proxy = await start();
    environment.set({ https_proxy: proxy.url });
    const port = secure.port;
    const other = newExporter('https', { trackingUri: `https://other.test:${port}` });
    expect((await exportSpans(other, oneSpan())).error?.message).to.equal(
      `The certificate of https://other.test:${port} is for another host (ERR_TLS_CERT_ALTNAME_INVALID): use a name that it holds in trackingUri or MLFLOW_TRACKING_URI.`,
    );
    expect(server.requests).to.deep.equal([]);
  });

  it('a proxy forwards requests over plain http', async () => {
    const proxy = await start({ authorization });
    environment.set({ http_proxy: withUser(proxy.url) });
    expect((await exportSpans(newExporter('http'), oneSpan())).code).to.equal(SUCCESS);
    expect(proxy.requests[1]).to.deep.include({
      method: 'POST',
      target: `http://${HOST}:${new URL(server.url).port}/v1/traces`,
    });
    expect(server.requests[1]?.headers).to.deep.include({
      host: `${HOST}:${new URL(server.url).port}`,
      authorization: 'Bearer s3cr3t-token',
    });
  });

  it('the client uses the proxy, too', async () => {
    const proxy = await start();
    environment.set({ https_proxy: proxy.url });
    const client = new MlflowClient({ trackingUri: `https://${HOST}:${secure.port}`, serverCertPath });
    closing.push(() => client.close());
    expect((await client.getExperimentByName('local'))?.experimentId).to.equal('7');
    expect(proxy.requests).to.have.length(1);
  });

  it('requests to this machine and to hosts in no_proxy go directly', async () => {
    const proxy = await start();
    environment.set({ http_proxy: proxy.url, no_proxy: 'mlflow.test' });
    expect((await exportSpans(newExporter('http', { trackingUri: server.url }), oneSpan())).code).to.equal(SUCCESS);
    const { error } = await exportSpans(newExporter('http', { retry: { maxRetries: 0 } }), oneSpan());
    expect(error?.message).to.match(/^MLflow at http:\/\/mlflow\.test:\d+ cannot be reached \(getaddrinfo /);
    expect(proxy.requests).to.deep.equal([]);
  });

  for (const scheme of ['https', 'http'] as const) {
    it(`one message says where to put the credentials that a proxy wants for ${scheme}`, async () => {
      const proxy = await start({ authorization });
      environment.set({ https_proxy: proxy.url.replace('//', '//ada:wr0ng-s3cr3t@'), http_proxy: proxy.url });
      const { error } = await exportSpans(newExporter(scheme), oneSpan());
      expect(error?.message).to.equal(
        scheme === 'https'
          ? `The proxy ${proxy.url} refuses the credentials (407): put user name and password into https_proxy, as in http://user:password@host:port.`
          : `The proxy before http://${HOST}:${new URL(server.url).port} refuses the credentials (407): put user name and password into http_proxy or HTTP_PROXY, as in http://user:password@host:port.`,
      );
      expect(proxy.requests).to.have.length(1);
      expect(log.lines).to.have.length(1);
      expect(log.lines.join()).not.to.include('s3cr3t');
    });
  }

  it('one message says that a proxy forbids the server', async () => {
    const proxy = await start({ answer: () => 403 });
    environment.set({ https_proxy: proxy.url });
    const { error } = await exportSpans(newExporter('https'), oneSpan());
    expect(error?.message).to.equal(
      `The proxy ${proxy.url} does not connect to ${HOST}:${secure.port} (403): allow it there, or add the host to no_proxy.`,
    );
    expect(proxy.requests).to.have.length(1);
  });

  for (const scheme of ['https', 'http'] as const) {
    it(`no span is lost over ${scheme} while a proxy cannot reach the server`, async () => {
      const proxy = await start({ answer: (attempt) => (attempt <= 3 ? 502 : undefined) });
      environment.set({ https_proxy: proxy.url, http_proxy: proxy.url });
      expect((await exportSpans(newExporter(scheme), oneSpan())).code).to.equal(SUCCESS);
      expect(log.lines).to.deep.equal([]);
    });
  }

  it('the message names a proxy that cannot be reached', async () => {
    const away = await unusedAddress();
    environment.set({ https_proxy: withUser(away) });
    const { error } = await exportSpans(newExporter('https', { retry: { maxRetries: 1 } }), oneSpan());
    expect(error?.message).to.equal(
      `MLflow at https://${HOST}:${secure.port} cannot be reached (proxy ${away}: connect ECONNREFUSED ${new URL(away).host})`,
    );
  });

  it('the exporter does not wait for a silent proxy beyond the time of the export', async () => {
    const proxy = await start({ answer: () => 'silence' });
    environment.set({ https_proxy: proxy.url, http_proxy: proxy.url });
    for (const scheme of ['https', 'http'] as const) {
      const started = performance.now();
      const exporter = newExporter(scheme, { timeoutMillis: 300 });
      const { error } = await exportSpans(exporter, oneSpan());
      expect(error?.message).to.match(/ cannot be reached \(no answer in time\)$/);
      await exporter.shutdown();
      expect(performance.now() - started).to.be.below(1500);
    }
  });

  it('every export fails with one message if the address of the proxy is wrong', async () => {
    environment.set({ http_proxy: 'socks5://ada:s3cr3t@proxy' });
    const { error } = await exportSpans(newExporter('http'), oneSpan());
    expect(error?.message).to.match(/^http_proxy is not the address of an HTTP proxy: /);
    expect(log.lines).to.have.length(1);
  });
});
