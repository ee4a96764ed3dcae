import { MlflowError } from '../../common/error.js';
import { ownText } from '../../common/shown-text.js';
import { authorizeByFunctions } from '../exchange/provided-headers.js';
import { secretsOfAddress } from '../redact/secrets.js';
import type { MlflowConnectionConfig } from '../settings/config.js';
import { readEnvironment } from '../settings/environment.js';
import { requireHeaderValue } from '../settings/header.js';
import type { Destination } from './destination.js';

/**
 * A server at an address of its own, with basic or bearer authentication.
 *
 * @throws MlflowError if the address or its credentials cannot work
 */
export function resolveHttp(uri: string, config: MlflowConnectionConfig, env: NodeJS.ProcessEnv): Destination {
  const address = parseUri(uri);
  const { username, password, token } = config;
  const authorization = resolveAuthorization(config, env, address);
  requireHeaderValue(authorization ?? '', 'token or MLFLOW_TRACKING_TOKEN');
  const asksForToken = typeof token === 'function' && !(username && password);
  return {
    service: 'mlflow',
    address,
    headers: authorization === undefined ? {} : { authorization },
    secrets: secretsOfAddress(address),
    authorizers: asksForToken ? [authorizeByFunctions({ token })] : [],
  };
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
