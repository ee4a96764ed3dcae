import { MlflowError } from '../../common/error.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { WorkspaceCredentials } from '../databricks/credentials.js';
import { explainWorkspace } from '../databricks/refusals.js';
import { type Method, parseHost, readWorkspace, type WorkspaceSettings } from '../databricks/settings.js';
import { authorizeByFunctions } from '../exchange/provided-headers.js';
import type { Secret } from '../redact/secrets.js';
import type { MlflowConnectionConfig } from '../settings/config.js';
import { requireHeaderValue } from '../settings/header.js';
import { isLoopback } from '../settings/loopback.js';
import type { Destination } from './destination.js';

/** Whether a tracking URI is meant for Databricks. */
export function isDatabricksUri(uri: string): boolean {
  return /^databricks(?:-uc)?(?::|$)/i.test(uri);
}

/**
 * A workspace of Databricks: `databricks`, or `databricks://<profile>`. Credentials in code win over those of environment
 * and profile.
 *
 * @throws MlflowError that says what to do if a setting is missing or cannot work
 */
export function resolveDatabricks(uri: string, config: MlflowConnectionConfig, env: NodeJS.ProcessEnv): Destination {
  const profile = parseProfile(uri);
  const settings = readWorkspace(profile, env);
  if (settings.host === undefined) {
    throw new MlflowError(
      `MLflow tracking URI "${ownText(uri)}" needs the address of a Databricks workspace: set DATABRICKS_HOST, or host in profile "${ownText(profile ?? 'DEFAULT')}" of ~/.databrickscfg.`,
    );
  }
  const { workspaceId } = settings;
  const address = parseHost(settings.host);
  requireHeaderValue(workspaceId ?? '', 'DATABRICKS_WORKSPACE_ID');
  const destination = {
    service: 'databricks',
    address,
    // Databricks' own tools use such an address, too.
    ...(address.protocol === 'https:' || isLoopback(address) ? {} : { warning: explainPlain(address) }),
    headers: workspaceId === undefined ? {} : { 'x-databricks-org-id': workspaceId },
    secrets: [] as readonly Secret[],
    explain: explainWorkspace(() => undefined),
  } as const;
  const own = authorizeInCode(config);
  if (own !== undefined) return { ...destination, ...own, headers: { ...destination.headers, ...own.headers } };
  // A function for headers may return the authorization, too.
  if (settings.method === undefined && typeof config.headers === 'function') return { ...destination, authorizers: [] };
  const method = requireMethod(settings, uri);
  const credentials = new WorkspaceCredentials(method, () => {
    try {
      const now = readWorkspace(profile, env);
      // Those of another workspace must not get to this one.
      return now.host === settings.host ? now.method : undefined;
    } catch {
      // A file that is being written keeps what was read before.
      return undefined;
    }
  });
  return {
    ...destination,
    secrets: [{ text: method.kind === 'token' ? method.token : method.clientSecret, isCredential: true }],
    authorizers: [credentials],
    explain: explainWorkspace(() => credentials.source),
  };
}

function explainPlain({ origin }: URL): ShownText {
  return say`Databricks: requests to ${ownText(origin)} are not encrypted, so the network sees the token: use https:// in DATABRICKS_HOST, or in host of the profile.`;
}

/** Undefined if the profile is set elsewhere. */
function parseProfile(uri: string): string | undefined {
  if (/^databricks-uc/i.test(uri)) {
    throw new MlflowError(
      `MLflow tracking URI "${ownText(uri)}" is the address of a model registry: use "databricks" or "databricks://<profile>" in trackingUri or MLFLOW_TRACKING_URI.`,
    );
  }
  if (/^databricks$/i.test(uri)) return undefined;
  const [, profile = '', prefix] = /^databricks:\/\/([^/?#:]*)(:[^/?#]*)?/i.exec(uri) ?? [];
  if (prefix !== undefined) {
    throw new MlflowError(
      'MLflow tracking URI "databricks://<scope>:<prefix>" names secrets that only notebooks of Databricks can read: use "databricks" or "databricks://<profile>" in trackingUri or MLFLOW_TRACKING_URI.',
    );
  }
  if (profile !== '') return profile;
  throw new MlflowError(
    `MLflow tracking URI "${ownText(uri)}" names no profile: use "databricks" or "databricks://<profile>" in trackingUri or MLFLOW_TRACKING_URI.`,
  );
}

/** Undefined if the application gives no credentials of its own. */
function authorizeInCode(config: MlflowConnectionConfig): Pick<Destination, 'headers' | 'authorizers'> | undefined {
  const { username, password, token, headers } = config;
  if (username && password) {
    const pair = Buffer.from(`${username}:${password}`).toString('base64');
    return { headers: { authorization: `Basic ${pair}` }, authorizers: [] };
  }
  if (typeof token === 'function') return { headers: {}, authorizers: [authorizeByFunctions({ token })] };
  if (token) {
    requireHeaderValue(token, 'token');
    return { headers: { authorization: `Bearer ${token}` }, authorizers: [] };
  }
  const names = typeof headers === 'object' ? Object.keys(headers) : [];
  const isAuthorized = names.some((name) => name.toLowerCase() === 'authorization');
  return isAuthorized ? { headers: {}, authorizers: [] } : undefined;
}

function requireMethod({ method, unusable }: WorkspaceSettings, uri: string): Method {
  if (method !== undefined) return method;
  const why =
    unusable === undefined
      ? 'needs credentials'
      : `needs credentials of another kind than "${unusable}" (auth_type or DATABRICKS_AUTH_TYPE), which only Databricks' own tools can use`;
  throw new MlflowError(
    `MLflow tracking URI "${ownText(uri)}" ${why}: set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or token, or client_id and client_secret in the profile of ~/.databrickscfg, or the option token.`,
  );
}
