import type { OutgoingHttpHeaders } from 'node:http';

// Any other header may be the one that a gateway takes for a key.
const HARMLESS_HEADER = /^(user-agent|host|accept.*|content-.*|x-mlflow-.*)$/;
// Shorter ones are no secrets, and would blacken ordinary words.
const MIN_SECRET_LENGTH = 6;

/** Blackens the credentials among these headers, for texts that a server wrote and people will read. */
export function createRedactor(headers: Readonly<OutgoingHttpHeaders>): (text: string) => string {
  const secrets = Object.entries(headers)
    .filter(([name]) => !HARMLESS_HEADER.test(name))
    .flatMap(([, value]) => [String(value), ...partsOf(String(value))])
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    // The longest first, or a part would leave the rest of its whole.
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text);
}

/** `Basic …` and `Bearer …` without their first word, and the password that the former encodes. */
function partsOf(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(.*)$/.exec(value) ?? [];
  if (!/^basic$/i.test(scheme)) return [credentials];
  const pair = Buffer.from(credentials, 'base64').toString();
  return [credentials, pair, pair.slice(pair.indexOf(':') + 1)];
}
