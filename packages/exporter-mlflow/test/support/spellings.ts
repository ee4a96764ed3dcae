/** Spellings in which servers repeat a secret, and a reader that undoes them. It shares no code with the exporter. */

const bytesOf = (text: string): string[] => [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0'));
const units = (text: string): number[] => Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
const hex4 = (unit: number): string => unit.toString(16).padStart(4, '0');
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const NAMED: Record<string, string> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  ä: 'auml',
  ß: 'szlig',
};

const inHtml = (text: string): string => text.replace(/[&<>]/g, (c) => `&${NAMED[c]};`);

/** Each takes a secret, and returns how a server might write it. */
export const SPELLINGS: Record<string, (secret: string) => string> = {
  plain: (secret) => secret,
  'with other case': (secret) =>
    [...secret].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join(''),
  JSON: inJson,
  'JSON in JSON': (secret) => inJson(inJson(secret)),
  'JSON with escaped slashes': (secret) => inJson(secret).replaceAll('/', '\\/'),
  'JSON in ASCII': (secret) =>
    inJson(secret).replace(/[^\x20-\x7e]/g, (c) => `\\u${hex4(c.charCodeAt(0)).toUpperCase()}`),
  'escaped units': (secret) =>
    units(secret)
      .map((unit) => `\\u${hex4(unit)}`)
      .join(''),
  'double-escaped units': (secret) =>
    units(secret)
      .map((unit) => `\\\\u${hex4(unit)}`)
      .join(''),
  'escaped bytes': (secret) =>
    bytesOf(secret)
      .map((byte) => `\\x${byte}`)
      .join(''),
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'percent-encoded as a whole': (secret) =>
    bytesOf(secret)
      .map((byte) => `%${byte}`)
      .join(''),
  'percent-encoded in part': (secret) => secret.replace(/[%&]/g, encodeURIComponent),
  'as in a form': (secret) => new URLSearchParams({ x: secret }).toString().slice(2),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  'base64 after a name': (secret) => Buffer.from(`name=${secret}`).toString('base64'),
  'base64 for addresses': (secret) => Buffer.from(secret).toString('base64url'),
  'base64 in JSON': (secret) => Buffer.from(JSON.stringify({ token: secret })).toString('base64'),
  'base64, percent-encoded': (secret) => encodeURIComponent(Buffer.from(secret).toString('base64')),
  'base64 of an escaped text': (secret) => Buffer.from(encodeURIComponent(secret)).toString('base64'),
  'a list of bytes': (secret) => JSON.stringify([...Buffer.from(secret)]),
  'a list of hexadecimal bytes': (secret) =>
    bytesOf(secret)
      .map((byte) => `0x${byte}`)
      .join(', '),
  hexadecimal: (secret) => bytesOf(secret).join(''),
  'named entities': (secret) => secret.replace(/[&<>"'äß]/g, (c) => `&${NAMED[c]};`),
  'decimal entities': (secret) =>
    units(secret)
      .map((unit) => `&#${unit};`)
      .join(''),
  'hexadecimal entities': (secret) =>
    units(secret)
      .map((unit) => `&#x${unit.toString(16)};`)
      .join(''),
  'quoted-printable': (secret) =>
    bytesOf(secret)
      .map((byte) => `=${byte.toUpperCase()}`)
      .join(''),
  'with colours': (secret) => [...secret].join('\u001b[1m'),
  'with invisible characters': (secret) => [...secret].join('\u200b'),
  'with marks below': (secret) => [...secret].join('\u0332'),
  'a list of characters': (secret) => JSON.stringify([...secret]),
  'a list of bytes with spaces': (secret) => [...Buffer.from(secret)].join(' '),
  'parts of a sum': (secret) => secret.replace(/.{5}(?=.)/g, '$&" + "'),
  'lines of a quote': (secret) => secret.replace(/.{6}(?=.)/g, '$&\n> '),
  'pieces of base64': (secret) =>
    Buffer.from(secret)
      .toString('base64')
      .replace(/.{6}(?=.)/g, "$&'\n b'")
      .replace(/.*/s, "b'$&'"),
  'between tags': (secret) => [...secret].map((c) => `<b>${inHtml(c)}</b>`).join(''),
  'sections of XML': (secret) => secret.replace(/.{5}(?=.)/g, '$&]]><![CDATA['),
  'wide letters': (secret) => secret.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
  'octal bytes': (secret) => [...Buffer.from(secret)].map((byte) => `\\${byte.toString(8)}`).join(''),
  'entities with zeros': (secret) =>
    units(secret)
      .map((unit) => `&#${String(unit).padStart(12, '0')};`)
      .join(''),
};

const UNDO: ((text: string) => string)[] = [
  (text) => text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll('%', ''), 'hex').toString()),
  (text) => text.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  (text) =>
    text.replace(/(?:\\x[0-9a-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll('\\x', ''), 'hex').toString()),
  (text) => text.replace(/\\(["'\\/])/g, '$1'),
  (text) => text.replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  (text) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
  (text) => Object.entries(NAMED).reduce((read, [character, name]) => read.replaceAll(`&${name};`, character), text),
  (text) => text.replaceAll('+', ' '),
  (text) => text.replace(/(?:=[0-9a-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll('=', ''), 'hex').toString()),
  (text) =>
    text.replace(/(?:\w{1,4}[, ]{1,2})+\w{1,4}/g, (list) => Buffer.from(list.split(/[, ]+/).map(Number)).toString()),
  (text) => text.replace(/[\w+/-]{4,}={0,2}/g, (code) => Buffer.from(code, 'base64').toString()),
  (text) => text.replace(/(?:[0-9a-f]{2}){3,}/gi, (code) => Buffer.from(code, 'hex').toString()),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what servers send
  (text) => text.replace(/\u001b\[1m|\u200b/g, ''),
  (text) => text.replace(/<[^<>]+>|\]\]>/g, ''),
  (text) =>
    text.replace(/(?:\\[0-7]{1,3})+/g, (codes) =>
      Buffer.from(codes.split('\\').map((code) => Number.parseInt(code, 8))).toString(),
    ),
  (text) => text.replaceAll("'\n b'", '').replaceAll("' b'", ''),
];

/** Letters of ASCII and digits. */
const lettersOf = (text: string): string => text.normalize('NFKC').replace(/[^a-z0-9]/g, '');

/** Whether a reader can find the secret in the text with at most three steps of decoding. */
export function reveals(text: string, secret: string): boolean {
  const wanted = secret.toLowerCase();
  const letters = lettersOf(wanted);
  let level = new Set([text]);
  for (let step = 0; step <= 3; step++) {
    if ([...level].some((read) => read.toLowerCase().includes(wanted))) return true;
    if (letters.length >= 8 && [...level].some((read) => lettersOf(read.toLowerCase()).includes(letters))) return true;
    level = new Set([...level].flatMap((read) => UNDO.map((undo) => undo(read)).filter((undone) => undone !== read)));
  }
  return false;
}
