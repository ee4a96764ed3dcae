// Any other header may hold the key for a gateway.
const HARMLESS_HEADER = /^(user-agent|host|accept.*|content-.*|x-mlflow-.*)$/;
// Shorter values are no secrets, and ordinary words would contain them.
const MIN_SECRET_LENGTH = 6;

/** Returns a function that replaces the credentials of these headers in a text from a server by `[redacted]`. */
export function createRedactor(headers: Readonly<Record<string, string>>): (text: string) => string {
  const secrets = Object.entries(headers)
    .filter(([name]) => !HARMLESS_HEADER.test(name))
    .flatMap(([, value]) => [value, ...partsOf(value)])
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    // The longest come first, or replacing a part would leave the rest of the whole.
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text);
}

/** Returns the credentials of `Basic …` and `Bearer …` without the first word, and the password that `Basic` encodes. */
function partsOf(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(.*)$/.exec(value) ?? [];
  if (!/^basic$/i.test(scheme)) return [credentials];
  const pair = Buffer.from(credentials, 'base64').toString();
  return [credentials, pair, pair.slice(pair.indexOf(':') + 1)];
}
