import { MlflowError } from '../common/error.js';
import { ownText, type ShownText } from '../common/shown-text.js';
import { type AwsAccess, createAwsAccess } from './aws/access.js';
import type { Authorizer } from './exchange/authorizer.js';
import type { Explain } from './exchange/outcome.js';
import { authorizeByFunctions } from './exchange/provided-headers.js';
import { type HttpProxy, resolveProxy } from './proxy.js';
import { type Secret, secretsOfEnvironment, secretsOfHeaders } from './redact/secrets.js';
import type { MlflowConnectionConfig, MlflowRetryConfig } from './settings/config.js';
import { readEnvironment } from './settings/environment.js';
import { requireHeaderName, requireHeaderValue } from './settings/header.js';
import { readTls, type TlsSettings } from './tls.js';
import type { TrackingService } from './tracking-uri/destination.js';
import { resolveDestination } from './tracking-uri/kinds.js';

/** The validated settings of a connection, with environment and defaults applied. */
export interface ResolvedConnection {
  /** Without credentials, query and trailing slash: fit for messages. */
  url: ShownText;
  /** What no message may show: the credentials of all settings. */
  secrets: readonly Secret[];
  /** What messages call the server, if it is not that of the tracking URI. */
  name?: ShownText;
  /** The operator of the server. */
  service: TrackingService;
  headers: Readonly<Record<string, string>>;
  /** Called one after the other for each attempt. */
  authorizers: readonly Authorizer[];
  /** Signs requests to AWS, also to S3 for servers that are not at AWS. */
  aws: AwsAccess;
  /** Reads refusals of a service in front of MLflow. */
  explain?: Explain;
  /** What the user should know before anything is sent. */
  warning?: ShownText;
  /** What to do if the host of the address does not exist. */
  unknownHost?: ShownText;
  /** Absent if the server is reached directly. */
  proxy?: HttpProxy;
  /**
   * The proxy for another address.
   *
   * @throws MlflowError if the variable holds no usable address
   */
  proxyFor: (address: URL) => HttpProxy | undefined;
  tls: TlsSettings;
  timeoutMillis: number;
  attemptTimeoutMillis: number;
  retry: Required<MlflowRetryConfig>;
  /** How many connections may be open at the same time. */
  maxSockets: number;
}

const DEFAULT_TIMEOUT_MILLIS = 29_000;
const DEFAULT_ATTEMPT_TIMEOUT_MILLIS = 10_000;
// With jitter, any finite number of retries may be used up before a restarting server is back.
const DEFAULT_MAX_RETRIES = Number.POSITIVE_INFINITY;
const DEFAULT_INITIAL_BACKOFF_MILLIS = 500;
const DEFAULT_MAX_BACKOFF_MILLIS = 5_000;
const DEFAULT_MAX_SOCKETS = 4;
// The longest time of a Node.js timer; a longer one fires at once.
const MAX_TIMEOUT_MILLIS = 2 ** 31 - 1;

/**
 * Validates the settings and applies environment and defaults.
 *
 * @throws MlflowError if a setting cannot work; the message says what to do and has no credentials
 */
export function resolveConnection(
  config: MlflowConnectionConfig & { maxSockets?: number },
  env: NodeJS.ProcessEnv = process.env,
): ResolvedConnection {
  const aws = createAwsAccess(config.credentials);
  const { service, address, explain, warning, unknownHost, ...destination } = resolveDestination(config, env, aws);
  const timeoutMillis = config.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS;
  const attemptTimeoutMillis = config.attemptTimeoutMillis ?? DEFAULT_ATTEMPT_TIMEOUT_MILLIS;
  for (const [option, value] of Object.entries({ timeoutMillis, attemptTimeoutMillis })) {
    if (!(typeof value === 'number' && value >= 1 && value <= MAX_TIMEOUT_MILLIS)) {
      throw new MlflowError(
        `MLflow: ${option} is ${value}, it must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MILLIS}.`,
      );
    }
  }
  const proxyFor = (target: URL): HttpProxy | undefined => resolveProxy(target, env);
  const proxy = proxyFor(address);
  const headers = resolveHeaders(destination.headers, config, env);
  return {
    service,
    url: ownText(`${address.origin}${address.pathname.replace(/\/+$/, '')}`),
    secrets: [
      ...secretsOfHeaders(headers),
      ...secretsOfHeaders({ 'proxy-authorization': proxy?.authorization ?? '' }),
      ...destination.secrets,
      ...secretsOfEnvironment(env),
    ],
    headers,
    authorizers: [
      ...destination.authorizers,
      ...(typeof config.headers === 'function' ? [authorizeByFunctions({ headers: config.headers })] : []),
      ...(destination.signer === undefined ? [] : [destination.signer]),
    ],
    aws,
    ...(explain === undefined ? {} : { explain }),
    ...(warning === undefined ? {} : { warning }),
    ...(unknownHost === undefined ? {} : { unknownHost }),
    ...(proxy === undefined ? {} : { proxy }),
    proxyFor,
    tls: resolveTls(config, env),
    timeoutMillis,
    attemptTimeoutMillis,
    retry: resolveRetry(config.retry ?? {}, env),
    maxSockets: config.maxSockets ?? DEFAULT_MAX_SOCKETS,
  };
}

/**
 * The settings for another server than that of the tracking URI. It gets no credentials of the tracking server.
 *
 * @throws MlflowError if the variable of a proxy holds no usable address
 */
export function connectionBeside(connection: ResolvedConnection, address: URL): ResolvedConnection {
  const { headers, explain: _explain, unknownHost: _unknownHost, proxy: _proxy, ...shared } = connection;
  const proxy = connection.proxyFor(address);
  return {
    ...shared,
    url: ownText(address.origin),
    headers: { 'user-agent': headers['user-agent'] ?? '' },
    authorizers: [],
    tls: { rejectUnauthorized: true },
    ...(proxy === undefined ? {} : { proxy }),
  };
}

function resolveHeaders(
  authentication: Readonly<Record<string, string>>,
  config: MlflowConnectionConfig,
  env: NodeJS.ProcessEnv,
): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'opentelemetry-exporter-mlflow', ...authentication };
  const workspace = config.workspace ?? readEnvironment(env, 'MLFLOW_WORKSPACE');
  if (workspace !== undefined) headers['x-mlflow-workspace'] = workspace;
  requireHeaderValue(workspace ?? '', 'workspace or MLFLOW_WORKSPACE');
  if (typeof config.headers === 'function') return headers;
  for (const [name, value] of Object.entries(config.headers ?? {})) {
    requireHeaderName(name);
    requireHeaderValue(value, `headers["${name}"]`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function resolveTls(config: MlflowConnectionConfig, env: NodeJS.ProcessEnv): TlsSettings {
  return readTls({
    insecure: config.insecureTls ?? /^(true|1)$/i.test(env['MLFLOW_TRACKING_INSECURE_TLS'] ?? ''),
    serverCertPath: config.serverCertPath ?? readEnvironment(env, 'MLFLOW_TRACKING_SERVER_CERT_PATH'),
    clientCertPath: config.clientCertPath ?? readEnvironment(env, 'MLFLOW_TRACKING_CLIENT_CERT_PATH'),
  });
}

function resolveRetry(retry: MlflowRetryConfig, env: NodeJS.ProcessEnv): Required<MlflowRetryConfig> {
  const variable = readEnvironment(env, 'MLFLOW_HTTP_REQUEST_MAX_RETRIES');
  const resolved = {
    maxRetries: retry.maxRetries ?? (variable === undefined ? DEFAULT_MAX_RETRIES : Number(variable)),
    initialBackoffMillis: retry.initialBackoffMillis ?? DEFAULT_INITIAL_BACKOFF_MILLIS,
    maxBackoffMillis: retry.maxBackoffMillis ?? DEFAULT_MAX_BACKOFF_MILLIS,
  };
  for (const [option, value] of Object.entries(resolved)) {
    if (!(value >= 0)) throw new MlflowError(`MLflow: retry.${option} is ${value}, it must be a number from 0.`);
  }
  return resolved;
}
