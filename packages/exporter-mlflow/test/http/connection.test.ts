import { expect } from 'chai';
import { resolveConfig } from '../../src/config.js';
import { MlflowClient, MlflowError, MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { startLocalServer } from '../support/local-server.js';
import { exportSpans, FAILED, recordSpans } from '../support/tracing.js';

describe('configuration', () => {
  it('the exporter sends to the local server and the experiment Default if no option is set', () => {
    const config = resolveConfig({}, {});
    expect(config.connection.url).to.equal('http://localhost:5000');
    expect(config).to.deep.include({
      experiment: { name: 'Default' },
      runId: undefined,
      compression: 'gzip',
      concurrencyLimit: 4,
      traceInfo: 'full',
    });
    expect(config.connection).to.deep.include({
      timeoutMillis: 29_000,
      retry: { maxRetries: Number.POSITIVE_INFINITY, initialBackoffMillis: 500, maxBackoffMillis: 5000 },
      tls: { rejectUnauthorized: true },
    });
    expect(config.connection.headers).not.to.have.property('authorization');
  });

  it('the exporter reads MLflow’s environment variables', () => {
    const config = resolveConfig(
      {},
      {
        MLFLOW_TRACKING_URI: 'https://mlflow.example.com/team/',
        MLFLOW_EXPERIMENT_NAME: 'bedrock',
        MLFLOW_RUN_ID: 'run-1',
        MLFLOW_TRACKING_TOKEN: 'secret',
        MLFLOW_WORKSPACE: 'blue',
        MLFLOW_TRACKING_INSECURE_TLS: 'true',
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2',
      },
    );
    expect(config.connection.url).to.equal('https://mlflow.example.com/team');
    expect(config).to.deep.include({ experiment: { name: 'bedrock' }, runId: 'run-1' });
    expect(config.connection.headers).to.deep.include({ authorization: 'Bearer secret', 'x-mlflow-workspace': 'blue' });
    expect(config.connection.tls.rejectUnauthorized).to.equal(false);
    expect(config.connection.retry.maxRetries).to.equal(2);
  });

  it('an empty variable counts as unset', () => {
    const env = { MLFLOW_TRACKING_URI: '', MLFLOW_EXPERIMENT_ID: ' ', MLFLOW_TRACKING_TOKEN: '' };
    const config = resolveConfig({}, env);
    expect(config.connection.url).to.equal('http://localhost:5000');
    expect(config.experiment).to.deep.equal({ name: 'Default' });
    expect(config.connection.headers).not.to.have.property('authorization');
  });

  it('an option in code wins over its environment variable, and an id over a name', () => {
    const env = { MLFLOW_EXPERIMENT_ID: '5', MLFLOW_EXPERIMENT_NAME: 'env', MLFLOW_TRACKING_URI: 'http://env' };
    expect(resolveConfig({}, env).experiment).to.deep.equal({ id: '5' });
    expect(resolveConfig({ experimentName: 'code' }, env).experiment).to.deep.equal({ name: 'code' });
    expect(resolveConfig({ experimentName: 'code', experimentId: '6' }, env).experiment).to.deep.equal({ id: '6' });
    expect(resolveConfig({ trackingUri: 'http://code' }, env).connection.url).to.equal('http://code');
  });

  const problems: [string, Parameters<typeof resolveConfig>[0], string][] = [
    [
      'a database',
      { trackingUri: 'postgresql://user:password@db/mlflow' },
      'MLflow tracking URI "postgresql:…" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.',
    ],
    [
      'a folder',
      { trackingUri: './mlruns' },
      'MLflow tracking URI "./mlruns" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.',
    ],
    [
      'Databricks',
      { trackingUri: 'databricks://profile' },
      'MLflow tracking URI "databricks://profile" needs the address of a Databricks workspace: set DATABRICKS_HOST, or host in profile "profile" of ~/.databrickscfg.',
    ],
    [
      'an experiment name in place of its id',
      { experimentId: 'bedrock' },
      'MLflow experiment id "bedrock" is not a number: use the number from the experiment\'s page, or experimentName or MLFLOW_EXPERIMENT_NAME for a name.',
    ],
    [
      'a limit that lets nothing through',
      { concurrencyLimit: 0 },
      'MLflow exporter: concurrencyLimit is 0, it must be a whole number from 1.',
    ],
    [
      'no room for spans that wait',
      { maxWaitingBytes: 0 },
      'MLflow exporter: maxWaitingBytes or MLFLOW_TRACE_MAX_WAITING_BYTES is 0, it must be a number of bytes from 1.',
    ],
    [
      'no time at all',
      { timeoutMillis: 0 },
      'MLflow: timeoutMillis is 0, it must be a number of milliseconds from 1 to 2147483647.',
    ],
    [
      '“#” in the password',
      { trackingUri: 'http://ada:sec#ret@mlflow:5000' },
      'MLflow tracking URI "http://…" cannot be read: percent-encode special characters in its user name and password, check host and port, and correct trackingUri or MLFLOW_TRACKING_URI.',
    ],
    [
      '“/” in the password',
      { trackingUri: 'http://ada:sec/ret@mlflow:5000' },
      'MLflow tracking URI "http://…" cannot be read: percent-encode special characters in its user name and password, check host and port, and correct trackingUri or MLFLOW_TRACKING_URI.',
    ],
    [
      'a password that looks like a port',
      { trackingUri: 'http://ada:12/ret@mlflow' },
      'MLflow tracking URI "http://…" cannot be read: percent-encode special characters in its user name and password, check host and port, and correct trackingUri or MLFLOW_TRACKING_URI.',
    ],
    [
      'an impossible port',
      { trackingUri: 'http://ada:secret@mlflow:999999' },
      'MLflow tracking URI "http://…" cannot be read: percent-encode special characters in its user name and password, check host and port, and correct trackingUri or MLFLOW_TRACKING_URI.',
    ],
    [
      '“%” in the password',
      { trackingUri: 'http://ada:sec%ret@mlflow' },
      'MLflow tracking URI has a "%" in its credentials that encodes nothing: percent-encode special characters in its user name and password ("%" is "%25") in trackingUri or MLFLOW_TRACKING_URI.',
    ],
    [
      'a token of two lines',
      { token: 'sec\nret' },
      'MLflow: the value of token or MLFLOW_TRACKING_TOKEN is missing or not fit for an HTTP header: use one without line breaks and characters beyond Latin-1.',
    ],
    [
      'a workspace that no header can hold',
      { workspace: '€' },
      'MLflow: the value of workspace or MLFLOW_WORKSPACE is missing or not fit for an HTTP header: use one without line breaks and characters beyond Latin-1.',
    ],
    [
      'a run that no header can hold',
      { runId: '€' },
      'MLflow: the value of runId or MLFLOW_RUN_ID is missing or not fit for an HTTP header: use one without line breaks and characters beyond Latin-1.',
    ],
    [
      'a header without value',
      { headers: { 'x-team': undefined as unknown as string } },
      'MLflow: the value of headers["x-team"] is missing or not fit for an HTTP header: use one without line breaks and characters beyond Latin-1.',
    ],
    [
      'a header line in place of a name',
      { headers: { 'Authorization: secret': '' } },
      'MLflow: headers has a name "Authorization…" that is not one of an HTTP header: correct it.',
    ],
    [
      'a time beyond all timers',
      { timeoutMillis: 2 ** 31 },
      'MLflow: timeoutMillis is 2147483648, it must be a number of milliseconds from 1 to 2147483647.',
    ],
    [
      'no end of time',
      { timeoutMillis: Number.POSITIVE_INFINITY },
      'MLflow: timeoutMillis is Infinity, it must be a number of milliseconds from 1 to 2147483647.',
    ],
    [
      'a wrong number of retries',
      { retry: { maxRetries: -1 } },
      'MLflow: retry.maxRetries is -1, it must be a number from 0.',
    ],
    [
      'a certificate file that is not there',
      { serverCertPath: '/does/not/exist.pem' },
      'MLflow: cannot read /does/not/exist.pem (ENOENT): set serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH to a readable PEM file.',
    ],
    [
      'a word it does not know',
      { compression: 'zip' as 'gzip' },
      'MLflow exporter: compression is "zip", it must be one of: gzip, none.',
    ],
  ];
  for (const [problem, config, message] of problems) {
    it(`a message says what is wrong with ${problem}`, () => {
      expect(() => resolveConfig(config, {})).to.throw(MlflowError, message);
    });
  }

  it('the constructor never throws: the exporter reports a wrong setting once and fails every export', async () => {
    const log = collectDiag();
    try {
      const exporter = new MlflowSpanExporter({ trackingUri: 'sqlite:///mlflow.db' });
      const spans = recordSpans((tracer) => tracer.startSpan('span').end());
      const results = [await exportSpans(exporter, spans), await exportSpans(exporter, spans)];
      expect(results.map(({ code }) => code)).to.deep.equal([FAILED, FAILED]);
      const message =
        'MLflow tracking URI "sqlite:…" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.';
      expect(results[0]?.error?.message).to.equal(message);
      await exporter.forceFlush();
      await exporter.shutdown();
      expect(log.lines).to.deep.equal([`error: ${message}`]);
    } finally {
      log.stop();
    }
  });

  it('the constructor never throws, also if an option cannot be read', async () => {
    const log = collectDiag();
    try {
      const exporter = new MlflowSpanExporter({
        get trackingUri(): string {
          throw new RangeError('secret');
        },
      });
      const spans = recordSpans((tracer) => tracer.startSpan('span').end());
      const message = (await exportSpans(exporter, spans)).error?.message;
      expect(message).to.match(/^The MLflow exporter cannot start: RangeError at connection\.test\.ts:\d+\.$/);
      expect(log.lines).to.deep.equal([`error: ${message}`]);
    } finally {
      log.stop();
    }
  });
});

describe('credentials', () => {
  async function authorizationOf(config: ConstructorParameters<typeof MlflowClient>[0], path = ''): Promise<unknown> {
    const server = await startLocalServer();
    const trackingUri = config?.trackingUri?.replace('SERVER', new URL(server.url).host) ?? `${server.url}${path}`;
    const client = new MlflowClient({ ...config, trackingUri });
    try {
      await client.getExperimentByName('local');
      expect(server.requests[0]?.path).to.match(new RegExp(`^${path}/api/2.0/mlflow/experiments/get-by-name`));
      return server.requests[0]?.headers.authorization;
    } finally {
      client.close();
      await server.close();
    }
  }
  const ada = `Basic ${Buffer.from('ada:pässword').toString('base64')}`;

  it('user name and password are sent as basic authentication', async () => {
    expect(await authorizationOf({ username: 'ada', password: 'pässword' })).to.equal(ada);
    expect(await authorizationOf({ trackingUri: 'http://ada:p%C3%A4ssword@SERVER' })).to.equal(ada);
  });

  it('a token is sent as bearer authentication', async () => {
    expect(await authorizationOf({ token: 't0k3n' })).to.equal('Bearer t0k3n');
  });

  it('user name and password win over a token, and headers win over both', async () => {
    const both = { username: 'ada', password: 'pässword', token: 't0k3n' };
    expect(await authorizationOf(both)).to.equal(ada);
    expect(await authorizationOf({ ...both, headers: { Authorization: 'Custom x' } })).to.equal('Custom x');
  });

  it('headers about the connection are ignored, so that they cannot break every request', async () => {
    const headers = { 'Keep-Alive': 'timeout=5', expect: '100-continue', 'content-length': '3', upgrade: 'h2c' };
    const sent = { ...headers, 'transfer-encoding': 'chunked', connection: 'close', authorization: 'Custom x' };
    expect(await authorizationOf({ headers: sent })).to.equal('Custom x');
    expect(await authorizationOf({ headers: () => sent })).to.equal('Custom x');
  });

  it('a server below a path receives the credentials, too', async () => {
    expect(await authorizationOf({ token: 't0k3n' }, '/team/mlflow')).to.equal('Bearer t0k3n');
  });

  it('no message contains the credentials', async () => {
    const server = await startLocalServer(() => ({ status: 500, body: 'oops' }));
    const trackingUri = server.url.replace('//', '//ada:secret@');
    const log = collectDiag();
    const exporter = new MlflowSpanExporter({ trackingUri, token: 't0k3n', retry: { maxRetries: 0 } });
    try {
      const result = await exportSpans(
        exporter,
        recordSpans((tracer) => tracer.startSpan('span').end()),
      );
      expect(result.error?.message).to.equal(`MLflow at ${server.url} answered 500 (oops)`);
      expect(log.lines.join()).not.to.match(/secret|t0k3n/);
      expect(exporter).not.to.have.property('headers');
    } finally {
      log.stop();
      await exporter.shutdown();
      await server.close();
    }
  });
});
