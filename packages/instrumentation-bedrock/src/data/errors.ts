/** Texts of errors, fit to be recorded: whatever was thrown, and without the caller's credentials. */

/**
 * When a signature or a token is wrong, AWS quotes the `Authorization` header it got, or the whole canonical request
 * with the session token in it.
 */
const CREDENTIALS: readonly RegExp[] = [
  // Not "Bearer token" or "Bearer authentication", which are prose.
  /\b((?:Bearer|Basic)\s+)(?!(?:tokens?|auth\w*|scheme|credentials?)\b)[^\s,'"]+/gi,
  /\b((?:X-Amz-)?(?:Credential|Signature)\s*=\s*)[^\s,&'"]+/gi,
  /\b(x-amz-security-token['"]?\s*[:=]\s*['"]?)[^\s,&'"\\]+/gi,
  // Access key ids, and the API keys of Bedrock.
  /\b()(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b|(?:ABSK|bedrock-api-key-)[\w+/=-]{8,})/g,
];

/** Where the SDK itself takes secrets from; these are known exactly, however they are quoted. */
const SECRET_VARIABLES = ['AWS_BEARER_TOKEN_BEDROCK', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
/** Shorter values are no secrets, and words of the text might be the same. */
const SHORTEST_SECRET = 8;

const REDACTED = '[redacted]';

/** The text without credentials, signatures and tokens. */
export function redactCredentials(text: string): string {
  let redacted = text;
  for (const pattern of CREDENTIALS) redacted = redacted.replace(pattern, `$1${REDACTED}`);
  for (const name of SECRET_VARIABLES) {
    const secret = process.env[name];
    if (secret !== undefined && secret.length >= SHORTEST_SECRET) redacted = redacted.replaceAll(secret, REDACTED);
  }
  return redacted;
}

/** What an error says; anything can be thrown, and reading it can throw again. */
export function errorMessage(error: unknown): string {
  return textOf(() => (isError(error) ? error.message : error)) ?? '';
}

export function errorStack(error: unknown): string | undefined {
  return textOf(() => (isError(error) ? error.stack : undefined));
}

/** By its shape: an error of another realm (a test runner's, a sandbox's) is no `Error` of this one. */
function isError(error: unknown): error is Error {
  return typeof (error as Partial<Error> | null | undefined)?.message === 'string';
}

function textOf(read: () => unknown): string | undefined {
  try {
    const value = read();
    return value === undefined ? undefined : redactCredentials(String(value));
  } catch {
    return undefined; // Whatever it is, it has no text.
  }
}
