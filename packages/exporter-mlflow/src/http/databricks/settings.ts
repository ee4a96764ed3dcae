import { MlflowError } from '../../common/error.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { readEnvironment } from '../settings/environment.js';
import { requireHeaderValue } from '../settings/header.js';
import { type Profile, readProfile } from './config-file.js';

/** How requests to a workspace are authorized, and where that is set, for messages. */
export type Method =
  | { kind: 'token'; token: string; source: ShownText }
  | { kind: 'oauth'; clientId: string; clientSecret: string; source: ShownText };

/** What environment and profile say about a workspace. */
export interface WorkspaceSettings {
  host: string | undefined;
  /** Routes requests at hosts that serve several workspaces. */
  workspaceId: string | undefined;
  /** Undefined if nothing is set that this package can use. */
  method: Method | undefined;
  /** A way to authorize that the settings ask for, but this package does not have; undefined if they ask for none. */
  unusable: ShownText | undefined;
}

const VARIABLES = {
  host: 'DATABRICKS_HOST',
  token: 'DATABRICKS_TOKEN',
  client_id: 'DATABRICKS_CLIENT_ID',
  client_secret: 'DATABRICKS_CLIENT_SECRET',
  auth_type: 'DATABRICKS_AUTH_TYPE',
  workspace_id: 'DATABRICKS_WORKSPACE_ID',
} as const;
type Key = keyof typeof VARIABLES;
/** One of these in the environment is enough to ignore the file, unless a profile is named. */
const SUFFICIENT: readonly Key[] = ['host', 'token', 'client_id', 'client_secret'];

/**
 * Reads the settings in the order of Databricks' SDKs: each from its variable, or else from the profile. The file counts
 * only if a profile is named, or if the environment has neither host nor credentials.
 *
 * @param profileOfUri the profile in the tracking URI. Default: `DATABRICKS_CONFIG_PROFILE`.
 * @throws MlflowError if the profile cannot be read, or a value cannot be sent
 */
export function readWorkspace(profileOfUri: string | undefined, env: NodeJS.ProcessEnv): WorkspaceSettings {
  const name = profileOfUri ?? readEnvironment(env, 'DATABRICKS_CONFIG_PROFILE');
  const variable = (key: Key): string | undefined => readEnvironment(env, VARIABLES[key]);
  const isSet = SUFFICIENT.some((key) => variable(key) !== undefined);
  const profile = name === undefined && isSet ? undefined : readProfile(name, env);
  const value = (key: Key): string | undefined => variable(key) ?? (profile?.values[key] || undefined);
  const authType = value('auth_type');
  const sourceOf = (key: Key): ShownText => describeSource(key, variable(key) !== undefined, profile);
  return {
    host: value('host'),
    workspaceId: value('workspace_id'),
    method: findMethod(authType, value, sourceOf),
    unusable: authType === undefined || /^(?:pat|oauth-m2m)$/.test(authType) ? undefined : ownText(authType),
  };
}

function findMethod(
  authType: string | undefined,
  value: (key: Key) => string | undefined,
  sourceOf: (key: Key) => ShownText,
): Method | undefined {
  const [token, clientId, clientSecret] = [value('token'), value('client_id'), value('client_secret')];
  if (token !== undefined && (authType ?? 'pat') === 'pat') {
    requireHeaderValue(token, sourceOf('token'));
    return { kind: 'token', token, source: sourceOf('token') };
  }
  const isOAuth = (authType ?? 'oauth-m2m') === 'oauth-m2m';
  if (clientId === undefined || clientSecret === undefined || !isOAuth) return undefined;
  return { kind: 'oauth', clientId, clientSecret, source: sourceOf('client_secret') };
}

function describeSource(key: Key, isVariable: boolean, profile: Profile | undefined): ShownText {
  return isVariable || profile === undefined ? ownText(VARIABLES[key]) : say`${ownText(key)} in ${profile.label}`;
}

/**
 * The address of a workspace: `https:` if nothing else is given, without query, fragment and slash at the end. People
 * copy them from the browser.
 *
 * @throws MlflowError if the text is no address
 */
export function parseHost(host: string): URL {
  const text = host.includes('://') ? host : `https://${host}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new MlflowError(
      'Databricks: the host of the workspace is no address: set DATABRICKS_HOST, or host in the profile, to an address such as https://dbc-a1b2345c-d6e7.cloud.databricks.com.',
    );
  }
  return new URL(`${url.origin}${url.pathname.replace(/\/+$/, '')}`);
}
