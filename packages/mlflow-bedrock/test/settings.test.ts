/** The rule of docs/settings.md, for each option that has an environment variable, in all three packages. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect } from 'chai';
import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { createAuthority } from '../../exporter-mlflow/test/support/certificates.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../src/index.js';
import { NOBODY, usePrograms } from './support/programs.js';

const CONTENT_VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';

/** What one export did. */
interface Outcome {
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** The message of the failure; empty after a success. */
  readonly error: string;
}

interface Setting {
  readonly option: string;
  readonly variable: string;
  readonly config: MlflowSpanExporterConfig;
  readonly value: string;
  /** What both need beside them. */
  readonly fixed?: MlflowSpanExporterConfig;
  readonly fixedEnvironment?: Readonly<Record<string, string>>;
  /** What shows in the outcome which of the two was used. */
  readonly used: (outcome: Outcome) => unknown;
  readonly byOption: unknown;
  readonly byVariable: unknown;
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
const header =
  (name: string) =>
  ({ requests }: Outcome) =>
    requests.at(-1)?.headers[name]?.toString();
const experimentName = ({ requests }: Outcome) =>
  requests.map(({ path }) => new URL(path, 'http://host').searchParams.get('experiment_name')).find(Boolean);
const fileInError = ({ error }: Outcome) => /\/\w+\.pem/.exec(error)?.[0];

describe('an option and its environment variable', function () {
  this.timeout(180_000);
  const programs = usePrograms();
  const servers: Server[] = [];
  let requests: Outcome['requests'][number][] = [];
  let plain = '';
  let other = '';
  let encrypted = '';

  async function listen(server: Server): Promise<string> {
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  before(async () => {
    const answer: RequestListener = ({ url: path = '', headers }, response) => {
      requests.push({ path, headers });
      response.statusCode = path.startsWith('/unavailable') ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      const id = new URL(path, 'http://host').searchParams.get('experiment_id') ?? '1';
      response.end(JSON.stringify({ experiment: { experiment_id: id, name: 'any', lifecycle_stage: 'active' } }));
    };
    plain = `http://${await listen(createServer(answer))}`;
    other = plain.replace('127.0.0.1', 'localhost');
    const { cert, key } = createAuthority().issue('127.0.0.1');
    encrypted = `https://${await listen(createTlsServer({ cert, key }, answer))}`;
  });
  after(() => {
    for (const server of servers) server.close();
  });

  async function exportOne(config: MlflowSpanExporterConfig, env: Readonly<Record<string, string>>): Promise<Outcome> {
    requests = [];
    const before = { ...process.env };
    Object.assign(process.env, env);
    const exporter = new MlflowSpanExporter({ traceInfo: 'otlp-only', timeoutMillis: 5000, ...config });
    process.env = before;
    const memory = new InMemorySpanExporter();
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
      .getTracer('test')
      .startSpan('span')
      .end();
    const error = await new Promise<string>((resolve) => {
      exporter.export(memory.getFinishedSpans(), (result) => resolve(result.error?.message ?? ''));
    });
    await exporter.shutdown();
    return { requests, error };
  }

  /** Functions, because the addresses are known only when the tests run. */
  const SETTINGS: readonly (() => Setting)[] = [
    () => ({
      option: 'trackingUri',
      variable: 'MLFLOW_TRACKING_URI',
      config: { trackingUri: plain },
      value: other,
      fixed: { experimentId: '1' },
      used: (outcome) => header('host')(outcome)?.split(':')[0],
      byOption: '127.0.0.1',
      byVariable: 'localhost',
    }),
    () => ({
      option: 'experimentName',
      variable: 'MLFLOW_EXPERIMENT_NAME',
      config: { experimentName: 'of the option' },
      value: 'of the variable',
      fixed: { trackingUri: plain },
      used: experimentName,
      byOption: 'of the option',
      byVariable: 'of the variable',
    }),
    () => ({
      option: 'experimentId',
      variable: 'MLFLOW_EXPERIMENT_ID',
      config: { experimentId: '7' },
      value: '8',
      fixed: { trackingUri: plain },
      used: header('x-mlflow-experiment-id'),
      byOption: '7',
      byVariable: '8',
    }),
    () => ({
      option: 'runId',
      variable: 'MLFLOW_RUN_ID',
      config: { runId: 'run-of-option' },
      value: 'run-of-variable',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: header('x-mlflow-run-id'),
      byOption: 'run-of-option',
      byVariable: 'run-of-variable',
    }),
    () => ({
      option: 'username',
      variable: 'MLFLOW_TRACKING_USERNAME',
      config: { username: 'ada' },
      value: 'bob',
      fixed: { trackingUri: plain, experimentId: '1', password: 'secret' },
      used: header('authorization'),
      byOption: basic('ada', 'secret'),
      byVariable: basic('bob', 'secret'),
    }),
    () => ({
      option: 'password',
      variable: 'MLFLOW_TRACKING_PASSWORD',
      config: { password: 'of the option' },
      value: 'of the variable',
      fixed: { trackingUri: plain, experimentId: '1', username: 'ada' },
      used: header('authorization'),
      byOption: basic('ada', 'of the option'),
      byVariable: basic('ada', 'of the variable'),
    }),
    () => ({
      option: 'token',
      variable: 'MLFLOW_TRACKING_TOKEN',
      config: { token: 'of-option' },
      value: 'of-variable',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: header('authorization'),
      byOption: 'Bearer of-option',
      byVariable: 'Bearer of-variable',
    }),
    () => ({
      option: 'workspace',
      variable: 'MLFLOW_WORKSPACE',
      config: { workspace: 'of-option' },
      value: 'of-variable',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: header('x-mlflow-workspace'),
      byOption: 'of-option',
      byVariable: 'of-variable',
    }),
    () => ({
      option: 'insecureTls',
      variable: 'MLFLOW_TRACKING_INSECURE_TLS',
      config: { insecureTls: false },
      value: 'true',
      fixed: { trackingUri: encrypted, experimentId: '1', retry: { maxRetries: 0 } },
      used: (outcome) => (outcome.requests.length > 0 ? 'accepts the certificate' : 'refuses the certificate'),
      byOption: 'refuses the certificate',
      byVariable: 'accepts the certificate',
    }),
    () => ({
      option: 'serverCertPath',
      variable: 'MLFLOW_TRACKING_SERVER_CERT_PATH',
      config: { serverCertPath: '/option.pem' },
      value: '/variable.pem',
      fixed: { trackingUri: encrypted, experimentId: '1' },
      used: fileInError,
      byOption: '/option.pem',
      byVariable: '/variable.pem',
    }),
    () => ({
      option: 'clientCertPath',
      variable: 'MLFLOW_TRACKING_CLIENT_CERT_PATH',
      config: { clientCertPath: '/option.pem' },
      value: '/variable.pem',
      fixed: { trackingUri: encrypted, experimentId: '1' },
      used: fileInError,
      byOption: '/option.pem',
      byVariable: '/variable.pem',
    }),
    () => ({
      option: 'retry.maxRetries',
      variable: 'MLFLOW_HTTP_REQUEST_MAX_RETRIES',
      config: { retry: { maxRetries: 0 } },
      value: '1',
      fixed: { trackingUri: `${plain}/unavailable`, experimentId: '1' },
      used: (outcome) => outcome.requests.length,
      byOption: 1,
      byVariable: 2,
    }),
    () => ({
      option: 'experimentName',
      variable: 'MLFLOW_EXPERIMENT_ID',
      config: { experimentName: 'of the option' },
      value: '8',
      fixed: { trackingUri: plain },
      used: (outcome) => experimentName(outcome) ?? header('x-mlflow-experiment-id')(outcome),
      byOption: 'of the option',
      byVariable: '8',
    }),
    () => ({
      option: 'token',
      variable: 'MLFLOW_TRACKING_USERNAME',
      config: { token: 'of-option' },
      value: 'ada',
      fixed: { trackingUri: plain, experimentId: '1' },
      fixedEnvironment: { MLFLOW_TRACKING_PASSWORD: 'secret' },
      used: header('authorization'),
      byOption: 'Bearer of-option',
      byVariable: basic('ada', 'secret'),
    }),
  ];
  for (const setting of SETTINGS) {
    const { option, variable } = setting();
    it(`uses the exporter's option ${option} if ${variable} is set, too`, async () => {
      const { config, value, fixed = {}, fixedEnvironment = {}, used, byOption, byVariable } = setting();
      const env = { ...fixedEnvironment, [variable]: value };
      expect(used(await exportOne(fixed, env)), 'the variable alone').to.equal(byVariable);
      expect(used(await exportOne({ ...fixed, ...config }, env)), 'both').to.equal(byOption);
    });
  }

  const AUTOLOG: readonly (readonly [
    option: Record<string, unknown>,
    env: Record<string, string>,
    used: (run: Awaited<ReturnType<typeof programs.run>>) => unknown,
    byVariable: unknown,
    byOption: unknown,
  ])[] = [
    [
      { serviceName: 'option' },
      { OTEL_SERVICE_NAME: 'variable' },
      ({ traces }) => traces[0]?.info.tags['service.name'],
      'variable',
      'option',
    ],
    [{ sampler: 'always_on' }, { OTEL_TRACES_SAMPLER: 'always_off' }, ({ traces }) => traces.length, 0, 1],
    [{ sampler: 'always_on' }, { MLFLOW_TRACE_SAMPLING_RATIO: '0' }, ({ traces }) => traces.length, 0, 1],
    [
      { propagateSession: false },
      { MLFLOW_BEDROCK_PROPAGATE_SESSION: 'true' },
      ({ stdout }) => stdout.trim(),
      'session.id=session-7 Hi',
      'undefined Hi',
    ],
  ];
  for (const [option, env, used, byVariable, byOption] of AUTOLOG) {
    it(`uses autolog()'s option ${Object.keys(option)} if ${Object.keys(env)} is set, too`, async () => {
      expect(used(await programs.run(['options.cjs', '{}'], { env })), 'the variable alone').to.equal(byVariable);
      expect(used(await programs.run(['options.cjs', JSON.stringify(option)], { env })), 'both').to.equal(byOption);
    });
  }

  it('uses the exporter options of autolog() if their variables are set, too', async () => {
    const option = JSON.stringify({ trackingUri: programs.trackingUri() });
    const { stderr, traces } = await programs.run(['options.cjs', option], { env: { MLFLOW_TRACKING_URI: NOBODY } });
    expect(stderr).to.equal('');
    expect(traces).to.have.length(1);
  });

  for (const [captureMessageContent, variable] of [
    [true, 'false'],
    [false, 'true'],
  ] as const) {
    it(`uses ${CONTENT_VARIABLE}=${variable} in spite of captureMessageContent: ${captureMessageContent}`, async () => {
      const config = resolveConfig({ captureMessageContent }, { [CONTENT_VARIABLE]: variable }, () => undefined);
      expect(config.captureContent).to.equal(!captureMessageContent);
      const option = JSON.stringify({ captureMessageContent });
      const content = async (env: NodeJS.ProcessEnv) => {
        const { traces } = await programs.run(['options.cjs', option], { env });
        return traces[0]?.spans[0]?.inputs !== undefined;
      };
      expect(await content({}), 'the option alone').to.equal(captureMessageContent);
      expect(await content({ [CONTENT_VARIABLE]: variable }), 'both').to.equal(!captureMessageContent);
    });
  }

  it('are the pairs that docs/settings.md lists, with the one that wins', () => {
    const page = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `([^`]+)` \| `([^`]+)`.*\| the (\w+) \|$/gm)].map((row) => row.slice(1));
    const tested = [
      ['captureMessageContent', CONTENT_VARIABLE, 'variable'],
      ...AUTOLOG.map(([option, env]) => [Object.keys(option)[0], Object.keys(env)[0], 'option']),
      // The last two show that options win over variables of other options.
      ...SETTINGS.slice(0, -2).map((setting) => [setting().option, setting().variable, 'option']),
    ];
    expect(documented).to.have.deep.members(tested);
  });
});
