import { isRecord, parseJson } from '../../common/json.js';

/** A text that no message may show. */
export interface Secret {
  text: string;
  /** Whether it certainly is a secret. A header of a gateway may also hold something harmless, such as `prod`. */
  isCredential: boolean;
  /** Whether a part of it may be shown, because it has a user name. Default: `false`. */
  isWhole?: boolean;
}

// What these headers hold is no secret. Any other header may hold the key for a gateway.
const HARMLESS_HEADERS = new Set([
  ...[
    'user-agent',
    'host',
    'accept',
    'accept-charset',
    'accept-encoding',
    'accept-language',
    'cache-control',
    'pragma',
  ],
  ...['content-type', 'content-encoding', 'content-language', 'content-length'],
  ...['x-amz-date', 'x-amz-content-sha256', 'x-mlflow-sm-tracking-server-arn', 'x-sm-mlflow-app-arn'],
  ...['x-mlflow-workspace', 'x-mlflow-experiment-id', 'x-mlflow-run-id', 'x-databricks-org-id'],
  ...['origin', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'],
]);
// Settings of a gateway, which ordinary messages contain, too.
const SWITCH = /^(?:[a-z0-9]|true|false|yes|no|on|off|https?)$/i;
const CREDENTIAL_HEADER = /auth|token|key|secret|pass|cred|sign/i;
const SCHEME = /^(?:basic|bearer|token|digest|negotiate|ntlm|hawk|dpop|hmac|apikey|api-key|key|aws4-[\w-]+)$/i;
// A list of parameters, as in digests and signatures: https://www.rfc-editor.org/rfc/rfc9110#name-authentication-parameters
const PARAMETERS = /^(?:[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",]+)(?:\s*,\s*|\s+|$)){2,}$/;
const HARMLESS_PARAMETERS =
  /^(?:realm|algorithm|qop|nc|uri|signedheaders|headers|username|charset|path|domain|expires|max-age|samesite|version)$/i;
// Hosting services accept a token as the user name beside one of these.
const PLACEHOLDER = /^(?:x|x-oauth-basic|x-token-auth|oauth2?|api_?token|token)?$/i;
const ENVIRONMENT = [
  ...['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN'],
  ...['DATABRICKS_TOKEN', 'DATABRICKS_CLIENT_SECRET'],
  ...['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_BEARER_TOKEN_BEDROCK'],
];

/** The credentials of an address: those before its host, and the values of its query and fragment. */
export function secretsOfAddress(address: URL): Secret[] {
  // A key may stand there without a name.
  const values = [...address.searchParams].map(([name, value]) => value || name);
  const query = values.filter((text) => !SWITCH.test(text)).map((text) => ({ text, isCredential: false }));
  return [
    ...secretsOfPair(decoded(address.username), decoded(address.password)),
    ...query,
    { text: decoded(address.hash.slice(1)), isCredential: false },
  ].filter(isUsable);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The credentials in the environment, which a library of the application may send. */
export function secretsOfEnvironment(env: NodeJS.ProcessEnv): Secret[] {
  return ENVIRONMENT.map((name) => ({ text: env[name]?.trim() ?? '', isCredential: true })).filter(isUsable);
}

/** All that these headers hold, and the parts of it that a server may repeat alone. */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): Secret[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (HARMLESS_HEADERS.has(name.toLowerCase())) return [];
    const isCookie = /^(?:set-)?cookie2?$/i.test(name);
    if (isCookie)
      return value
        .split(';')
        .flatMap((pair) => parametersOf(pair))
        .filter(isUsable);
    const isCredential = CREDENTIAL_HEADER.test(name);
    if (!isCredential && SWITCH.test(value.trim())) return [];
    return secretsOfValue(value.trim(), isCredential).filter(isUsable);
  });
}

function secretsOfValue(value: string, isCredential: boolean): Secret[] {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(\S.*)$/.exec(value) ?? [];
  const whole = { text: value, isCredential };
  if (!SCHEME.test(scheme)) {
    const withoutScheme = isCredential && rest !== '' ? [{ text: rest, isCredential }] : [];
    return [whole, ...withoutScheme, ...parametersOf(value), ...membersOf(value), ...decodedSecrets(value)];
  }
  if (/^basic$/i.test(scheme)) return [{ text: rest, isCredential: true }, ...decodedSecrets(rest)];
  if (PARAMETERS.test(rest)) return parametersOf(rest, true);
  return [{ text: rest, isCredential: true }, ...decodedSecrets(rest)];
}

/** The values of `name=value` and `name="value"`, such as cookies, digests and signatures. */
function parametersOf(value: string, isCredential = false): Secret[] {
  // Padding of base64 is no parameter.
  if (/^[\w+/.-]+={0,2}$/.test(value)) return [];
  return [...value.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;][^\s,]*))/g)].flatMap(
    ([, name = '', quoted, plain = '']) => {
      if (HARMLESS_PARAMETERS.test(name)) return [];
      const text = quoted?.replace(/\\(.)/g, '$1') ?? plain;
      // AWS writes date, region and service after the id of the key. Messages name the last two.
      if (/^credential$/i.test(name)) return [{ text: text.split('/')[0] ?? '', isCredential }];
      return [{ text, isCredential }];
    },
  );
}

/** The texts in a header that holds JSON. */
function membersOf(value: string): Secret[] {
  const leaves = (json: unknown): Secret[] => {
    if (typeof json === 'string') return [{ text: json, isCredential: false }];
    return Array.isArray(json) || isRecord(json) ? Object.values(json).flatMap(leaves) : [];
  };
  return /^\s*["[{]/.test(value) ? leaves(parseJson(value)) : [];
}

/** What a base64 text stands for, if that is text: the password of a pair, or all of it. */
function decodedSecrets(encoded: string): Secret[] {
  if (!/^[\w+/-]{4,}={0,2}$/.test(encoded)) return [];
  const bytes = Buffer.from(encoded, 'base64');
  const isUtf8 = bytes.equals(Buffer.from(bytes.toString()));
  const text = bytes.toString(isUtf8 ? 'utf8' : 'latin1');
  const [, user, password] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (user !== undefined && password !== undefined) return secretsOfPair(user, password);
  return isUtf8 && /^[\x20-\x7e]{8,}$/.test(text) ? [{ text, isCredential: true }] : [];
}

/** The password, and the user name if that is a token. */
function secretsOfPair(user: string, password: string): Secret[] {
  const isToken = PLACEHOLDER.test(password) || (user.length >= 20 && /\d/.test(user) && !user.includes('@'));
  return [
    { text: password, isCredential: true },
    ...(password === '' ? [] : [{ text: `${user}:${password}`, isCredential: true, isWhole: true }]),
    ...(isToken && !PLACEHOLDER.test(user) ? [{ text: user, isCredential: true }] : []),
  ];
}

function isUsable({ text }: Secret): boolean {
  return /[^\s=]/.test(text);
}
