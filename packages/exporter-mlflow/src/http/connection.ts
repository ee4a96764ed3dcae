import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { MlflowError } from '../common/error.js';
import { type HeaderProviders, isHeaderName, isHeaderValue, type Provided } from './credentials.js';
import { type HttpProxy, resolveProxy } from './proxy.js';

/**
 * How to reach an MLflow tracking server; shared by exporter and client. An option given in code wins over its
 * environment variable; an empty variable counts as unset.
 */
export interface MlflowConnectionConfig {
  /**
   * Address of the server, `http:` or `https:`, with a path when it is served under one.
   * Environment: `MLFLOW_TRACKING_URI`. Default: `http://localhost:5000`.
   */
  trackingUri?: string;
  /**
   * Sent with every request, or a function that gives them, asked as that of `token` is. They win over the headers that
   * other options make, but not over those that belong to a request itself, such as `content-type` and
   * `x-mlflow-experiment-id`. Default: none.
   */
  headers?: Provided<Record<string, string>>;
  /** Basic authentication, together with `password`. Environment: `MLFLOW_TRACKING_USERNAME`. */
  username?: string;
  /** Environment: `MLFLOW_TRACKING_PASSWORD`. */
  password?: string;
  /**
   * Bearer authentication: a token, or a function that gives one. The function is asked before every request, so it
   * should keep a token for as long as that is valid; once more when the server refuses what it gave (401); and again,
   * within `timeoutMillis`, when it fails or gives nothing for 10 s. Spans that it makes are not recorded. As in
   * MLflow's own client, username and password win when both are set. Environment: `MLFLOW_TRACKING_TOKEN`.
   */
  token?: Provided<string>;
  /** Workspace on servers that have workspaces enabled. Environment: `MLFLOW_WORKSPACE`. */
  workspace?: string;
  /** Accept any certificate: for experiments only. Environment: `MLFLOW_TRACKING_INSECURE_TLS`. Default: `false`. */
  insecureTls?: boolean;
  /** PEM file with the authorities to trust. Environment: `MLFLOW_TRACKING_SERVER_CERT_PATH`. */
  serverCertPath?: string;
  /** PEM file with client certificate and unencrypted key, one after the other. Environment: `MLFLOW_TRACKING_CLIENT_CERT_PATH`. */
  clientCertPath?: string;
  /**
   * Time for one export or one client call, all retries included, in milliseconds. The default, 29000, ends just
   * before the export timeout of `BatchSpanProcessor`.
   */
  timeoutMillis?: number;
  /**
   * Time for one attempt, in milliseconds: without an answer until then, the request is sent again on a fresh
   * connection. The last attempt that fits gets all the time that is left of `timeoutMillis`, so that a slow server
   * (a locked SQLite answers after 20 s) is waited for, too. Default: 10000.
   */
  attemptTimeoutMillis?: number;
  /** When to send again after an outage, a timeout or status 408, 429, 500, 502, 503, 504. */
  retry?: MlflowRetryConfig;
}

/** Pauses grow exponentially with full jitter; a `Retry-After` of the server makes one longer; `timeoutMillis` limits all. */
export interface MlflowRetryConfig {
  /**
   * Attempts after the first; 0 for none. Environment: `MLFLOW_HTTP_REQUEST_MAX_RETRIES`. Default: as many as
   * `timeoutMillis` has room for.
   */
  maxRetries?: number;
  /** Upper limit of the first pause, in milliseconds. Default: 500. */
  initialBackoffMillis?: number;
  /** Upper limit of every pause, in milliseconds. Default: 5000. */
  maxBackoffMillis?: number;
}

export interface ResolvedConnection {
  /** Without credentials, query and trailing slash: fit for messages. */
  url: string;
  headers: Record<string, string>;
  /** Asked for more headers before every request; absent when all are known. */
  providers?: HeaderProviders;
  /** The way to the server; absent when it is reached directly. */
  proxy?: HttpProxy;
  tls: { rejectUnauthorized: boolean; ca?: Buffer; cert?: Buffer; key?: Buffer };
  timeoutMillis: number;
  attemptTimeoutMillis: number;
  retry: Required<MlflowRetryConfig>;
  maxSockets: number;
}

const DEFAULT_TRACKING_URI = 'http://localhost:5000';
const DEFAULT_TIMEOUT_MILLIS = 29_000;
const DEFAULT_ATTEMPT_TIMEOUT_MILLIS = 10_000;
// With jitter, any number of them may be used up before a server that starts again is back.
const DEFAULT_MAX_RETRIES = Number.POSITIVE_INFINITY;
const DEFAULT_INITIAL_BACKOFF_MILLIS = 500;
const DEFAULT_MAX_BACKOFF_MILLIS = 5_000;
const DEFAULT_MAX_SOCKETS = 4;
// What a timer of Node.js can hold; beyond it they fire at once.
const MAX_TIMEOUT_MILLIS = 2 ** 31 - 1;

/**
 * Applies environment and defaults.
 *
 * @throws MlflowError that says what is wrong and what to do, never with credentials in it
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
  return {
    url: `${uri.origin}${uri.pathname.replace(/\/+$/, '')}`,
    headers: resolveHeaders(config, env, uri),
    ...(providers === undefined ? {} : { providers }),
    ...(proxy === undefined ? {} : { proxy }),
    tls: resolveTls(config, env),
    timeoutMillis,
    attemptTimeoutMillis,
    retry: resolveRetry(config.retry ?? {}, env),
    maxSockets: config.maxSockets ?? DEFAULT_MAX_SOCKETS,
  };
}

/** The value of an environment variable; an empty one counts as unset. */
export function readEnvironment(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

const PERCENT_ENCODE = 'percent-encode special characters in its user name and password';

function parseUri(uri: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isHttp = /^https?:/i.test(uri);
  // An "@" after the host: a password with "/", "?" or "#" in it was cut there, and the user name taken for the host.
  if (url && isHttp && !`${url.pathname}${url.search}${url.hash}`.includes('@')) return url;
  // What follows the scheme may hold a password (postgresql://user:password@…), so it is never repeated.
  const [scheme, rest] = uri.split('://', 2);
  if (isHttp || (url === undefined && rest !== undefined)) {
    throw new MlflowError(
      `MLflow tracking URI "${isHttp ? uri.split(':')[0] : scheme}://…" cannot be read: ${PERCENT_ENCODE}, check host and port, and correct trackingUri or MLFLOW_TRACKING_URI.`,
    );
  }
  const shown = url ? `${url.protocol}…` : uri.includes('@') ? '…' : uri;
  throw new MlflowError(
    `MLflow tracking URI "${shown}" is not supported, traces are sent to an MLflow server: start one with "mlflow server" and set trackingUri or MLFLOW_TRACKING_URI to its http:// or https:// address.`,
  );
}

function resolveHeaders(config: MlflowConnectionConfig, env: NodeJS.ProcessEnv, uri: URL): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'opentelemetry-exporter-mlflow' };
  const authorization = resolveAuthorization(config, env, uri);
  if (authorization !== undefined) headers['authorization'] = authorization;
  requireHeaderValue('authorization', authorization ?? '', 'token or MLFLOW_TRACKING_TOKEN');
  const workspace = config.workspace ?? readEnvironment(env, 'MLFLOW_WORKSPACE');
  if (workspace !== undefined) headers['x-mlflow-workspace'] = workspace;
  requireHeaderValue('x-mlflow-workspace', workspace ?? '', 'workspace or MLFLOW_WORKSPACE');
  if (typeof config.headers === 'function') return headers;
  for (const [name, value] of Object.entries(config.headers ?? {})) {
    requireHeaderName(name);
    requireHeaderValue(name, value, `headers["${name}"]`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function requireHeaderName(name: string): void {
  if (isHeaderName(name)) return;
  // A whole header line in place of the name may hold a secret behind its colon.
  const shown = /^[\w-]*/.exec(name)?.[0];
  throw new MlflowError(`MLflow: headers has a name "${shown}…" that is not one of an HTTP header: correct it.`);
}

/** @throws MlflowError when HTTP cannot carry the value, which may be secret and is not shown */
export function requireHeaderValue(name: string, value: string, setting: string): void {
  if (isHeaderValue(name, value)) return;
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
  // What is set in code wins over the environment as a whole: a token in code beats a username in the environment.
  if (config.username && config.password) return basic(config.username, config.password);
  // Comes with each request.
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

function resolveTls(config: MlflowConnectionConfig, env: NodeJS.ProcessEnv): ResolvedConnection['tls'] {
  const insecure = config.insecureTls ?? /^(true|1)$/i.test(env['MLFLOW_TRACKING_INSECURE_TLS'] ?? '');
  const serverCert = config.serverCertPath ?? readEnvironment(env, 'MLFLOW_TRACKING_SERVER_CERT_PATH');
  const clientCert = config.clientCertPath ?? readEnvironment(env, 'MLFLOW_TRACKING_CLIENT_CERT_PATH');
  const tls: ResolvedConnection['tls'] = { rejectUnauthorized: !insecure };
  if (serverCert) {
    const setting = 'serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH';
    tls.ca = readPem(serverCert, setting);
    const { ca } = tls;
    const advice = `set ${setting} to a PEM file with the certificates of the authorities to trust`;
    // A TLS context takes a file without certificates, and trusts nobody then.
    requireUsable(() => new X509Certificate(ca), serverCert, advice);
  }
  if (clientCert) {
    const setting = 'clientCertPath or MLFLOW_TRACKING_CLIENT_CERT_PATH';
    tls.cert = readPem(clientCert, setting);
    tls.key = tls.cert;
    const advice = `set ${setting} to one PEM file with the client certificate and its unencrypted key`;
    requireUsable(() => createSecureContext({ cert: tls.cert, key: tls.key }), clientCert, advice);
  }
  return tls;
}

function requireUsable(read: () => unknown, path: string, advice: string): void {
  try {
    read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unusable';
    throw new MlflowError(`MLflow: cannot use ${path} (${code}): ${advice}.`);
  }
}

function readPem(path: string, setting: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new MlflowError(`MLflow: cannot read ${path} (${code}): set ${setting} to a readable PEM file.`);
  }
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
