import { MlflowError } from '../common/error.js';
import { ownText, type ShownText } from '../common/shown-text.js';
import { type HeaderProviders, isHeaderName, isHeaderValue, type Provided } from './credentials.js';
import { type HttpProxy, resolveProxy } from './proxy.js';
import { type Secret, secretsOfAddress, secretsOfEnvironment, secretsOfHeaders } from './redact/secrets.js';
import { readTls, type TlsSettings } from './tls.js';

/**
 * How to reach an MLflow tracking server. Exporter and client share these options. An option in code wins over its
 * environment variable. An empty variable counts as unset.
 */
export interface MlflowConnectionConfig {
  /**
   * Address of the server: `http:` or `https:`, with a path if the server is below one.
   * Environment: `MLFLOW_TRACKING_URI`. Default: `http://localhost:5000`.
   */
  trackingUri?: string;
  /**
   * Headers for every request, or a function that returns them. The exporter calls such a function as it calls that of
   * `token`. These headers win over the ones that other options make. They do not win over the headers of a single
   * request, such as `content-type` and `x-mlflow-experiment-id`. Headers about the connection, such as `keep-alive` and
   * `content-length`, are ignored. Default: none.
   */
  headers?: Provided<Record<string, string>>;
  /** User name for basic authentication, together with `password`. Environment: `MLFLOW_TRACKING_USERNAME`. */
  username?: string;
  /** Password for basic authentication. Environment: `MLFLOW_TRACKING_PASSWORD`. */
  password?: string;
  /**
   * Token for bearer authentication, or a function that returns one. The function is called before every request, so
   * it should cache a token while that is valid. It is called once more if the server refuses the token (401). If it
   * fails or takes longer than 10 s, it is called again within `timeoutMillis`. Its spans are not recorded. If both are
   * set, user name and password win, as in MLflow's own client. Environment: `MLFLOW_TRACKING_TOKEN`.
   */
  token?: Provided<string>;
  /** Workspace, for servers with workspaces enabled. Environment: `MLFLOW_WORKSPACE`. Default: none. */
  workspace?: string;
  /** Accepts any certificate. For experiments only. Environment: `MLFLOW_TRACKING_INSECURE_TLS`. Default: `false`. */
  insecureTls?: boolean;
  /**
   * PEM file with the authorities to trust. Environment: `MLFLOW_TRACKING_SERVER_CERT_PATH`. Default: those of Node.js.
   */
  serverCertPath?: string;
  /**
   * PEM file with the client certificate and its unencrypted key, in any order.
   * Environment: `MLFLOW_TRACKING_CLIENT_CERT_PATH`. Default: none.
   */
  clientCertPath?: string;
  /**
   * Time for one export or one client call including all retries, in milliseconds. The default ends just before the
   * export timeout of `BatchSpanProcessor`. Time in which the process was suspended does not count. Default: 29000.
   */
  timeoutMillis?: number;
  /**
   * Time for one attempt, in milliseconds. An attempt without an answer ends then, and the next one uses another
   * connection. The last attempt that fits gets all that is left of `timeoutMillis`, because a slow server still answers
   * (a locked SQLite takes 20 s). Default: 10000.
   */
  attemptTimeoutMillis?: number;
  /** Repetitions after an outage, a timeout, or status 408, 429, 500, 502, 503, 504. */
  retry?: MlflowRetryConfig;
}

/**
 * How often and after which pauses a request is repeated. Pauses grow exponentially with full jitter. A `Retry-After` of
 * the server makes a pause longer. `timeoutMillis` limits everything together.
 */
export interface MlflowRetryConfig {
  /**
   * Attempts after the first; 0 for none. Environment: `MLFLOW_HTTP_REQUEST_MAX_RETRIES`. Default: no limit but
   * `timeoutMillis`.
   */
  maxRetries?: number;
  /** Upper limit of the first pause, in milliseconds. Default: 500. */
  initialBackoffMillis?: number;
  /** Upper limit of every pause, in milliseconds. Default: 5000. */
  maxBackoffMillis?: number;
}

/** The validated settings of a connection, with environment and defaults applied. */
export interface ResolvedConnection {
  /** Without credentials, query and trailing slash: fit for messages. */
  url: ShownText;
  /** What no message may show: the credentials of all settings. */
  secrets: readonly Secret[];
  headers: Record<string, string>;
  /** Functions that return further headers before every request; absent if all headers are known. */
  providers?: HeaderProviders;
  /** Absent if the server is reached directly. */
  proxy?: HttpProxy;
  tls: TlsSettings;
  timeoutMillis: number;
  attemptTimeoutMillis: number;
  retry: Required<MlflowRetryConfig>;
  /** How many connections may be open at the same time. */
  maxSockets: number;
}

const DEFAULT_TRACKING_URI = 'http://localhost:5000';
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
  const uri = parseUri(config.trackingUri || readEnvironment(env, 'MLFLOW_TRACKING_URI') || DEFAULT_TRACKING_URI);
  const timeoutMillis = config.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS;
  const attemptTimeoutMillis = config.attemptTimeoutMillis ?? DEFAULT_ATTEMPT_TIMEOUT_MILLIS;
  for (const [option, value] of Object.entries({ timeoutMillis, attemptTimeoutMillis })) {
    if (!(typeof value === 'number' && value >= 1 && value <= MAX_TIMEOUT_MILLIS)) {
      throw new MlflowError(
        `MLflow: ${option} is ${value}, it must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MILLIS}.`,
      );
    }
  }
  const providers = resolveProviders(config);
  const proxy = resolveProxy(uri, env);
  const headers = resolveHeaders(config, env, uri);
  return {
    url: ownText(`${uri.origin}${uri.pathname.replace(/\/+$/, '')}`),
    secrets: [
      ...secretsOfHeaders(headers),
      ...secretsOfHeaders({ 'proxy-authorization': proxy?.authorization ?? '' }),
      ...secretsOfAddress(uri),
      ...secretsOfEnvironment(env),
    ],
    headers,
    ...(providers === undefined ? {} : { providers }),
    ...(proxy === undefined ? {} : { proxy }),
    tls: resolveTls(config, env),
    timeoutMillis,
    attemptTimeoutMillis,
    retry: resolveRetry(config.retry ?? {}, env),
    maxSockets: config.maxSockets ?? DEFAULT_MAX_SOCKETS,
  };
}

/** Returns the value of an environment variable, or undefined if it is unset or empty. */
export function readEnvironment(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

const PERCENT_ENCODE = 'percent-encode special characters in its user name and password';

function parseUri(uri: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isHttp = /^https?:/i.test(uri);
  // If an "@" follows the host, a password with "/", "?" or "#" was cut there and the user name became the host.
  if (url && isHttp && !`${url.pathname}${url.search}${url.hash}`.includes('@')) return url;
  // The rest may hold a password (postgresql://user:password@…), so the message shows the scheme only.
  const [scheme, rest] = uri.split('://', 2);
  if (isHttp || (url === undefined && rest !== undefined)) {
    throw new MlflowError(
      `MLflow tracking URI "${isHttp ? uri.split(':')[0] : scheme}://…" cannot be read: ${PERCENT_ENCODE}, check host and port, and correct trackingUri or MLFLOW_TRACKING_URI.`,
    );
  }
  const shown = url ? `${url.protocol}…` : uri.includes('@') ? '…' : ownText(uri.replace(/[^\w./\\ -].*$/s, '…'));
  throw new MlflowError(
    `MLflow tracking URI "${shown}" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.`,
  );
}

function resolveHeaders(config: MlflowConnectionConfig, env: NodeJS.ProcessEnv, uri: URL): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'opentelemetry-exporter-mlflow' };
  const authorization = resolveAuthorization(config, env, uri);
  if (authorization !== undefined) headers['authorization'] = authorization;
  requireHeaderValue(authorization ?? '', 'token or MLFLOW_TRACKING_TOKEN');
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

function requireHeaderName(name: string): void {
  if (isHeaderName(name)) return;
  // If the name is a whole header line, a secret may follow its colon.
  const shown = /^[\w-]*/.exec(name)?.[0];
  throw new MlflowError(`MLflow: headers has a name "${shown}…" that is not one of an HTTP header: correct it.`);
}

/** @throws MlflowError if no HTTP header can carry the value; the message does not show it, because it may be secret */
export function requireHeaderValue(value: string, setting: string): void {
  if (isHeaderValue(value)) return;
  throw new MlflowError(
    `MLflow: the value of ${setting} is missing or not fit for an HTTP header: use one without line breaks and characters beyond Latin-1.`,
  );
}

function resolveProviders({ username, password, token, headers }: MlflowConnectionConfig): HeaderProviders | undefined {
  const asksForToken = typeof token === 'function' && !(username && password);
  if (!asksForToken && typeof headers !== 'function') return undefined;
  return { ...(asksForToken ? { token } : {}), ...(typeof headers === 'function' ? { headers } : {}) };
}

function resolveAuthorization(config: MlflowConnectionConfig, env: NodeJS.ProcessEnv, uri: URL): string | undefined {
  const basic = (username: string, password: string): string =>
    `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  // Any credentials in code win over all credentials in the environment.
  if (config.username && config.password) return basic(config.username, config.password);
  // The function is called for each request.
  if (typeof config.token === 'function') return undefined;
  if (config.token) return `Bearer ${config.token}`;
  if (uri.username) return basic(decode(uri.username), decode(uri.password));
  const username = config.username ?? readEnvironment(env, 'MLFLOW_TRACKING_USERNAME');
  const password = config.password ?? readEnvironment(env, 'MLFLOW_TRACKING_PASSWORD');
  if (username && password) return basic(username, password);
  const token = readEnvironment(env, 'MLFLOW_TRACKING_TOKEN');
  return token === undefined ? undefined : `Bearer ${token}`;
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new MlflowError(
      `MLflow tracking URI has a "%" in its credentials that encodes nothing: ${PERCENT_ENCODE} ("%" is "%25") in trackingUri or MLFLOW_TRACKING_URI.`,
    );
  }
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
