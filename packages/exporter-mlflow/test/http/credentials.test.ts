import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { traceGlobally } from '../support/global-tracing.js';
import type { LocalServer } from '../support/local-server.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

describe('credentials from a function', () => {
  const { log, closing, startServer } = eachTest();
  function newExporter(trackingUri: string, config: MlflowSpanExporterConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri, retry: { initialBackoffMillis: 1 }, ...config });
    closing.push(() => exporter.shutdown());
    return exporter;
  }
  const oneSpan = (): ReadableSpan[] => recordSpans((tracer) => tracer.startSpan('span').end());
  const authorizations = ({ requests }: LocalServer): unknown[] =>
    requests.map(({ headers: { authorization } }) => authorization);

  it('the exporter calls the function before every request', async () => {
    const server = await startServer();
    let asked = 0;
    const token = (): string => `t0k3n-${++asked}`;
    expect((await exportSpans(newExporter(server.url, { token }), oneSpan())).code).to.equal(SUCCESS);
    expect(authorizations(server)).to.deep.equal(['Bearer t0k3n-1', 'Bearer t0k3n-2', 'Bearer t0k3n-3']);
  });

  it('a function may return a promise, and any headers', async () => {
    const server = await startServer();
    const client = new MlflowClient({
      trackingUri: server.url,
      token: async () => await Promise.resolve('t0k3n'),
      headers: async () => await Promise.resolve({ 'X-Gateway-Key': 'k3y' }),
    });
    closing.push(() => client.close());
    await client.getExperimentByName('local');
    expect(server.requests[0]?.headers).to.deep.include({ authorization: 'Bearer t0k3n', 'x-gateway-key': 'k3y' });
  });

  it('user name and password win over a token function, and so do headers', async () => {
    const server = await startServer();
    const token = (): string => expect.fail('was asked');
    const basic = new MlflowClient({ trackingUri: server.url, username: 'ada', password: 'pw', token });
    const other = new MlflowClient({
      trackingUri: server.url,
      token: () => 't0k3n',
      headers: () => ({ Authorization: 'Custom x' }),
    });
    closing.push(
      () => basic.close(),
      () => other.close(),
    );
    await basic.getExperimentByName('local');
    await other.getExperimentByName('local');
    expect(authorizations(server)).to.deep.equal([`Basic ${Buffer.from('ada:pw').toString('base64')}`, 'Custom x']);
  });

  const failures: [string, MlflowSpanExporterConfig, string][] = [
    [
      'throws',
      {
        token: () => {
          throw new TypeError('client_secret=s3cr3t');
        },
      },
      'the token function failed with TypeError',
    ],
    [
      'rejects',
      { headers: () => Promise.reject(Object.assign(new Error('s3cr3t'), { code: 'ECONNREFUSED' })) },
      'the headers function failed with Error (ECONNREFUSED)',
    ],
    [
      'rejects with something else than an Error',
      { token: () => Promise.reject('s3cr3t') },
      'the token function failed with something that is not an error',
    ],
    ['returns undefined', { token: () => undefined as unknown as string }, 'the token function gave no token'],
    ['returns an empty token', { token: () => ' ' }, 'the token function gave no token'],
    [
      'returns two lines',
      { token: () => 's3cr3t\r\nx: y' },
      'the token function gave a token that no HTTP header can carry',
    ],
    [
      'returns text in place of headers',
      { headers: () => 's3cr3t' as unknown as Record<string, string> },
      'the headers function gave no object of headers',
    ],
    [
      'returns a header line as a name',
      { headers: () => ({ 'x-key: s3cr3t': '' }) },
      'the headers function gave a name that is not one of an HTTP header',
    ],
    [
      'returns a header that cannot be sent',
      { headers: () => ({ 'x-key': 's3cr3t\n' }) },
      'the headers function gave a value for "x-key" that no HTTP header can carry',
    ],
  ];
  for (const [what, config, reason] of failures) {
    it(`the exporter reports once, and without a secret, that the function ${what}`, async () => {
      const server = await startServer();
      const exporter = newExporter(server.url, { ...config, retry: { maxRetries: 1, initialBackoffMillis: 1 } });
      const message = `MLflow at ${server.url} gets no credentials: ${reason}`;
      for (const result of [await exportSpans(exporter, oneSpan()), await exportSpans(exporter, oneSpan())]) {
        expect([result.code, result.error?.message, result.calls()]).to.deep.equal([FAILED, message, 1]);
        expect(JSON.stringify(result.error, Object.getOwnPropertyNames(result.error))).not.to.include('s3cr3t');
      }
      expect(log.lines.filter((line) => line.startsWith('error'))).to.deep.equal([
        `error: ${message}. 1 span was not delivered.`,
      ]);
      expect(log.lines.join()).not.to.include('s3cr3t');
      expect(server.requests).to.deep.equal([]);
    });
  }

  it('the exporter calls a function again after it failed, and loses no spans', async () => {
    const server = await startServer();
    let asked = 0;
    const token = async (): Promise<string> => {
      asked += 1;
      if (asked <= 3) throw new Error('token endpoint away');
      return 't0k3n';
    };
    expect((await exportSpans(newExporter(server.url, { token }), oneSpan())).code).to.equal(SUCCESS);
    expect([asked, log.lines]).to.deep.equal([6, []]);
  });

  it('the exporter does not wait for a function beyond the time of the export', async () => {
    const server = await startServer();
    const token = (): Promise<string> => new Promise(() => {});
    const exporter = newExporter(server.url, { token, timeoutMillis: 300 });
    const started = performance.now();
    const { error } = await exportSpans(exporter, oneSpan());
    expect(error?.message).to.equal(
      `MLflow at ${server.url} gets no credentials: the token function gave nothing for 0.3 s`,
    );
    expect(performance.now() - started).to.be.below(1000);
  });

  it('the exporter calls the function once more if the server refuses an expired token', async () => {
    const server = await startServer(({ headers }) =>
      headers.authorization === 'Bearer fresh' ? undefined : { status: 401 },
    );
    let current = 'expired';
    const token = (): string => {
      const given = current;
      current = 'fresh';
      return given;
    };
    expect((await exportSpans(newExporter(server.url, { token }), oneSpan())).code).to.equal(SUCCESS);
    expect(authorizations(server)).to.deep.equal(['Bearer expired', ...Array(3).fill('Bearer fresh')]);
    expect(log.lines).to.deep.equal([]);
  });

  it('the export fails if the server refuses two tokens', async () => {
    const server = await startServer(() => ({ status: 401, body: 'no' }));
    const { error } = await exportSpans(newExporter(server.url, { token: () => 's3cr3t-token' }), oneSpan());
    expect(error?.message).to.equal(
      `MLflow at ${server.url} refuses the credentials (401), and so it did with those that the function of token or headers gave when asked again: correct what it gives.`,
    );
    expect(server.requests).to.have.length(2);
    expect(log.lines).to.have.length(1);
  });

  it('the function runs in a context that suppresses tracing', async () => {
    const server = await startServer();
    traceGlobally(closing);
    const suppressed: boolean[] = [];
    const token = async (): Promise<string> => {
      suppressed.push(isTracingSuppressed(context.active()));
      return 't0k3n';
    };
    await exportSpans(newExporter(server.url, { token }), oneSpan());
    expect(suppressed).to.deep.equal([true, true, true]);
  });

  it('no message shows the credentials, even if the server repeats them', async () => {
    const server = await startServer(({ headers }) => ({
      status: 400,
      body: JSON.stringify({ message: `bad ${headers.authorization} and ${headers['x-gateway-key']}` }),
    }));
    const config = { token: () => 's3cr3t-token', headers: () => ({ 'x-gateway-key': 's3cr3t-key' }) };
    const { error } = await exportSpans(newExporter(server.url, config), oneSpan());
    expect(error?.message).to.equal('bad [redacted] and [redacted]');
    const fixed = { token: 's3cr3t-token', headers: { 'X-Gateway-Key': 's3cr3t-key' } };
    expect((await exportSpans(newExporter(server.url, fixed), oneSpan())).error?.message).to.equal(error?.message);
    expect(log.lines.join()).not.to.include('s3cr3t');
  });

  it('a redirect does not carry the credentials to another server', async () => {
    const other = await startServer();
    const server = await startServer(({ path }) => ({
      status: 307,
      headers: { location: `${other.url}${path}` },
    }));
    const { error } = await exportSpans(newExporter(server.url, { token: 's3cr3t-token' }), oneSpan());
    expect(error?.message).to.equal(
      `${server.url} redirects to ${other.url}/api/2.0/mlflow/experiments/get-by-name, and redirects are not followed: check trackingUri or MLFLOW_TRACKING_URI, and the credentials if that is a login page.`,
    );
    expect(other.requests).to.deep.equal([]);
  });

  it('a redirect to https:// is reported with the setting to change', async () => {
    const server = await startServer(() => ({ status: 308, headers: { location: 'https://127.0.0.1/mlflow' } }));
    const { error } = await exportSpans(newExporter(server.url, {}), oneSpan());
    expect(error?.message).to.equal(
      `${server.url} redirects to https://127.0.0.1/mlflow: use https:// in trackingUri or MLFLOW_TRACKING_URI.`,
    );
  });
});
