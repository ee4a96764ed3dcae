/** Each option of MlflowSpanExporter that has an environment variable, and how an export shows which of them it used. */

import type { IncomingHttpHeaders } from 'node:http';
import type { MlflowSpanExporterConfig } from '../../src/index.js';

/** What one export did. */
export interface Outcome {
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** The message of the failure; empty after a success. */
  readonly error: string;
}

export interface Setting {
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

/** Where the servers of the test listen. */
export interface Addresses {
  readonly plain: string;
  /** The same server under another host name. */
  readonly other: string;
  /** A server with a certificate that Node.js does not trust. */
  readonly encrypted: string;
}

export function exporterSettings({ plain, other, encrypted }: Addresses): readonly Setting[] {
  return [
    {
      option: 'trackingUri',
      variable: 'MLFLOW_TRACKING_URI',
      config: { trackingUri: plain },
      value: other,
      fixed: { experimentId: '1' },
      used: (outcome) => header('host')(outcome)?.split(':')[0],
      byOption: '127.0.0.1',
      byVariable: 'localhost',
    },
    {
      option: 'experimentName',
      variable: 'MLFLOW_EXPERIMENT_NAME',
      config: { experimentName: 'of the option' },
      value: 'of the variable',
      fixed: { trackingUri: plain },
      used: experimentName,
      byOption: 'of the option',
      byVariable: 'of the variable',
    },
    {
      option: 'experimentId',
      variable: 'MLFLOW_EXPERIMENT_ID',
      config: { experimentId: '7' },
      value: '8',
      fixed: { trackingUri: plain },
      used: header('x-mlflow-experiment-id'),
      byOption: '7',
      byVariable: '8',
    },
    {
      option: 'runId',
      variable: 'MLFLOW_RUN_ID',
      config: { runId: 'run-of-option' },
      value: 'run-of-variable',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: header('x-mlflow-run-id'),
      byOption: 'run-of-option',
      byVariable: 'run-of-variable',
    },
    {
      option: 'tracingDestination',
      variable: 'MLFLOW_TRACING_DESTINATION',
      config: { tracingDestination: 'main.option' },
      value: 'main.variable',
      fixed: { trackingUri: 'databricks' },
      fixedEnvironment: { DATABRICKS_HOST: plain, DATABRICKS_TOKEN: 'of-workspace' },
      used: ({ requests }) =>
        requests.map(({ headers }) => headers['x-databricks-uc-table-name']?.toString()).find(Boolean),
      byOption: 'main.option.mlflow_experiment_trace_otel_spans',
      byVariable: 'main.variable.mlflow_experiment_trace_otel_spans',
    },
    {
      option: 'maxWaitingBytes',
      variable: 'MLFLOW_TRACE_MAX_WAITING_BYTES',
      config: { maxWaitingBytes: -7 },
      value: '-8',
      fixed: { trackingUri: plain },
      // The message about a wrong value names it.
      used: ({ error }) => /is (-\d+),/.exec(error)?.[1],
      byOption: '-7',
      byVariable: '-8',
    },
    {
      option: 'modelCatalogUri',
      variable: 'MLFLOW_MODEL_CATALOG_URI',
      config: { modelCatalogUri: `${plain}/of-option` },
      value: `${plain}/of-variable`,
      fixed: { trackingUri: 'databricks', experimentId: '1' },
      fixedEnvironment: { DATABRICKS_HOST: plain, DATABRICKS_TOKEN: 'of-workspace' },
      used: ({ requests }) => requests.find(({ path }) => path.endsWith('/bedrock.json'))?.path,
      byOption: '/of-option/bedrock.json',
      byVariable: '/of-variable/bedrock.json',
    },
    {
      option: 'modelCatalogTtlSeconds',
      variable: 'MLFLOW_MODEL_CATALOG_CACHE_TTL',
      config: { modelCatalogTtlSeconds: -7 },
      value: '-8',
      fixed: { trackingUri: 'databricks', experimentId: '1' },
      fixedEnvironment: { DATABRICKS_HOST: plain, DATABRICKS_TOKEN: 'of-workspace' },
      used: ({ error }) => /is (-\d+),/.exec(error)?.[1],
      byOption: '-7',
      byVariable: '-8',
    },
    {
      option: 'spanFilter',
      variable: 'MLFLOW_SPAN_FILTER',
      config: { spanFilter: 'all' },
      value: 'gen_ai',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: ({ requests }) => requests.some(({ path }) => path === '/v1/traces'),
      byOption: true,
      byVariable: false,
    },
    {
      option: 'username',
      variable: 'MLFLOW_TRACKING_USERNAME',
      config: { username: 'ada' },
      value: 'bob',
      fixed: { trackingUri: plain, experimentId: '1', password: 'secret' },
      used: header('authorization'),
      byOption: basic('ada', 'secret'),
      byVariable: basic('bob', 'secret'),
    },
    {
      option: 'password',
      variable: 'MLFLOW_TRACKING_PASSWORD',
      config: { password: 'of the option' },
      value: 'of the variable',
      fixed: { trackingUri: plain, experimentId: '1', username: 'ada' },
      used: header('authorization'),
      byOption: basic('ada', 'of the option'),
      byVariable: basic('ada', 'of the variable'),
    },
    {
      option: 'token',
      variable: 'MLFLOW_TRACKING_TOKEN',
      config: { token: 'of-option' },
      value: 'of-variable',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: header('authorization'),
      byOption: 'Bearer of-option',
      byVariable: 'Bearer of-variable',
    },
    {
      option: 'workspace',
      variable: 'MLFLOW_WORKSPACE',
      config: { workspace: 'of-option' },
      value: 'of-variable',
      fixed: { trackingUri: plain, experimentId: '1' },
      used: header('x-mlflow-workspace'),
      byOption: 'of-option',
      byVariable: 'of-variable',
    },
    {
      option: 'insecureTls',
      variable: 'MLFLOW_TRACKING_INSECURE_TLS',
      config: { insecureTls: false },
      value: 'true',
      fixed: { trackingUri: encrypted, experimentId: '1', retry: { maxRetries: 0 } },
      used: (outcome) => (outcome.requests.length > 0 ? 'accepts the certificate' : 'refuses the certificate'),
      byOption: 'refuses the certificate',
      byVariable: 'accepts the certificate',
    },
    {
      option: 'serverCertPath',
      variable: 'MLFLOW_TRACKING_SERVER_CERT_PATH',
      config: { serverCertPath: '/option.pem' },
      value: '/variable.pem',
      fixed: { trackingUri: encrypted, experimentId: '1' },
      used: fileInError,
      byOption: '/option.pem',
      byVariable: '/variable.pem',
    },
    {
      option: 'clientCertPath',
      variable: 'MLFLOW_TRACKING_CLIENT_CERT_PATH',
      config: { clientCertPath: '/option.pem' },
      value: '/variable.pem',
      fixed: { trackingUri: encrypted, experimentId: '1' },
      used: fileInError,
      byOption: '/option.pem',
      byVariable: '/variable.pem',
    },
    {
      option: 'retry.maxRetries',
      variable: 'MLFLOW_HTTP_REQUEST_MAX_RETRIES',
      config: { retry: { maxRetries: 0 } },
      value: '1',
      fixed: { trackingUri: `${plain}/unavailable`, experimentId: '1' },
      used: (outcome) => outcome.requests.length,
      byOption: 1,
      byVariable: 2,
    },
    {
      option: 'experimentName',
      variable: 'MLFLOW_EXPERIMENT_ID',
      config: { experimentName: 'of the option' },
      value: '8',
      fixed: { trackingUri: plain },
      used: (outcome) => experimentName(outcome) ?? header('x-mlflow-experiment-id')(outcome),
      byOption: 'of the option',
      byVariable: '8',
    },
    {
      option: 'token',
      variable: 'MLFLOW_TRACKING_USERNAME',
      config: { token: 'of-option' },
      value: 'ada',
      fixed: { trackingUri: plain, experimentId: '1' },
      fixedEnvironment: { MLFLOW_TRACKING_PASSWORD: 'secret' },
      used: header('authorization'),
      byOption: 'Bearer of-option',
      byVariable: basic('ada', 'secret'),
    },
  ];
}
