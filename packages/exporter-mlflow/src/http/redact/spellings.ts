/** A text as a reader may decode it. Each of its UTF-16 units has a range in the original text. */
export interface View {
  text: string;
  from: readonly number[];
  /** Exclusive. */
  to: readonly number[];
  /** How many layers of base64 or hexadecimal code were removed. Beyond 0, most of the text may be noise. */
  layers: number;
}

const MAX_LEVELS = 5;
const MAX_LAYERS = 2;
// A text of 2 KB has less in all spellings.
const MAX_CHARACTERS = 400_000;

/** The text itself. */
function plainView(text: string): View {
  const from = Array.from({ length: text.length }, (_, index) => index);
  return { text, from, to: from.map((index) => index + 1), layers: 0 };
}

/** The text itself, and what it may stand for: each encoding, and encodings of encodings up to a limit. */
export function spellingsOf(text: string): View[] {
  const views = [plainView(text)];
  const known = new Set([text]);
  let characters = text.length;
  let level: readonly View[] = views;
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth++) {
    const next: View[] = [];
    for (const view of level) {
      for (const decode of view.layers < MAX_LAYERS ? DECODERS : TEXT_DECODERS) {
        for (const decoded of decode(view)) {
          if (known.has(decoded.text) || characters > MAX_CHARACTERS) continue;
          known.add(decoded.text);
          characters += decoded.text.length;
          next.push(decoded);
        }
      }
    }
    views.push(...next);
    level = next;
  }
  return views;
}

/** The text and what it stands for if it is percent-encoded, escaped or an entity. */
export function decodingsOf(text: string): View[] {
  const views = [plainView(text)];
  for (let depth = 0; depth < MAX_LEVELS; depth++) {
    const [decoded] = removeEscapes(views.at(-1) as View);
    if (decoded === undefined) break;
    views.push(decoded);
  }
  return views;
}

type Decoder = (view: View) => View[];

// Percent-encoding, the escapes of JSON, JavaScript, Python and shells, entities of HTML and XML,
// UTF-8 that was read as Latin-1, and colours of a terminal.
const ESCAPE = new RegExp(
  [
    /(?<percent>(?:%[0-9a-fA-F]{2})+)/,
    /(?<bytes>(?:\\[xX][0-9a-fA-F]{2})+)/,
    /(?<octal>(?:\\(?:[0-3][0-7]{2}|[0-7]{1,2}))+)/,
    /\\[uU]\{0*(?<braced>[0-9a-fA-F]{1,6})\}/,
    /[\\%][uU](?<unit>[0-9a-fA-F]{4})/,
    /\\U(?<point>[0-9a-fA-F]{8})/,
    /\\(?<control>[nrtbfvNRTBFV])/,
    /\\(?<self>[^\p{L}\p{N}\p{C}\s])/u,
    /&#[xX]0*(?<hex>[0-9a-fA-F]{1,6});?/,
    /&#0*(?<decimal>[0-9]{1,7});?/,
    /&(?<entity>[a-zA-Z][a-zA-Z0-9]{1,30});/,
    /(?<utf8>[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f4][\u0080-\u00bf]{3})/,
    /(?<colour>\p{Cc}\[[0-9;]*[a-zA-Z])/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

const CONTROLS: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };

const removeEscapes: Decoder = (view) =>
  replaceAll(view, ESCAPE, ({ groups = {} }) => {
    const { percent, bytes, octal, braced, unit, point, control, self, hex, decimal, entity, utf8 } = groups;
    if (groups['colour'] !== undefined) return '';
    if (utf8 !== undefined) return Buffer.from(utf8, 'latin1').toString();
    if (percent !== undefined) return fromBytes(Buffer.from(percent.replaceAll('%', ''), 'hex'), 3);
    if (bytes !== undefined) return fromBytes(Buffer.from(bytes.replace(/\\x/gi, ''), 'hex'), 4);
    if (octal !== undefined) {
      const codes = octal.split('\\').slice(1);
      return fromBytes(Buffer.from(codes.map((code) => Number.parseInt(code, 8))), 4);
    }
    const code = unit ?? braced ?? point ?? hex;
    if (code !== undefined) return codePoint(Number.parseInt(code, 16));
    if (decimal !== undefined) return codePoint(Number(decimal));
    if (entity !== undefined) return ENTITIES.get(entity) ?? ENTITIES.get(entity.toLowerCase());
    return self ?? CONTROLS[control?.toLowerCase() ?? ''];
  });

// https://www.rfc-editor.org/rfc/rfc2045#section-6.7. A decoder of its own, because "key=ab" usually is no code.
const readQuotedPrintable: Decoder = (view) =>
  replaceAll(view, /(?:=[0-9a-f]{2})+/gi, ([codes]) => fromBytes(Buffer.from(codes.replaceAll('=', ''), 'hex'), 3));

// A list of bytes, as Node.js, Python and others show them.
const readNumbers: Decoder = (view) =>
  replaceAll(view, /(?:0x[0-9a-f]{1,2}|\d{1,3})(?:[\s,;:|+()[\]-]{1,6}(?:0x[0-9a-f]{1,2}|\d{1,3})){2,}/gi, ([list]) =>
    Buffer.from((list.match(/0x[0-9a-f]{1,2}|\d{1,3}/gi) ?? []).map(Number)).toString('latin1'),
  );

// Tags, comments and sections. A decoder of its own, because attributes of tags hold texts, too.
const removeMarkup: Decoder = (view) => replaceAll(view, /<!\[CDATA\[|\]\]>|<[^<>\p{C}]{1,200}>/gu, () => '');

// The words are joined, because long codes are wrapped. Any unit may be the first one of a code, so all offsets are tried.
const readBase64: Decoder = (view) => readBytes(view, /(?!\b[bru]['"])[\w+/-]+/g, 'base64', 4);
const readHex: Decoder = (view) => readBytes(view, /[0-9a-f]+/gi, 'hex', 2);

const TEXT_DECODERS: readonly Decoder[] = [removeEscapes, readQuotedPrintable, readNumbers, removeMarkup];
const DECODERS: readonly Decoder[] = [...TEXT_DECODERS, readBase64, readHex];

/** A replacement: text, or texts with the number of units that each of them takes the place of. */
type Decoded = string | { text: string; units: number }[] | undefined;

/** Replaces what matches. Undefined keeps a match. Returns nothing if the text stays the same. */
function replaceAll(view: View, pattern: RegExp, decode: (match: RegExpExecArray) => Decoded): View[] {
  let text = '';
  const [from, to]: [number[], number[]] = [[], []];
  let end = 0;
  const keep = (until: number): void => {
    text += view.text.slice(end, until);
    for (; end < until; end++) {
      from.push(view.from[end] ?? 0);
      to.push(view.to[end] ?? 0);
    }
  };
  for (const match of view.text.matchAll(pattern)) {
    const decoded = decode(match);
    if (decoded === undefined) continue;
    keep(match.index);
    for (const part of typeof decoded === 'string' ? [{ text: decoded, units: match[0].length }] : decoded) {
      const [first, last] = [view.from[end] ?? 0, view.to[end + part.units - 1] ?? 0];
      end += part.units;
      text += part.text;
      for (let unit = 0; unit < part.text.length; unit++) {
        from.push(first);
        to.push(last);
      }
    }
  }
  if (end === 0) return [];
  keep(view.text.length);
  return [{ text, from, to, layers: view.layers }];
}

/** Decodes all words together, as Latin-1. What stands for a byte is the whole word that its units belong to. */
function readBytes(view: View, word: RegExp, encoding: 'base64' | 'hex', offsets: number): View[] {
  let units = '';
  const [from, to]: [number[], number[]] = [[], []];
  for (const { 0: text, index } of view.text.matchAll(word)) {
    units += text;
    const [first, last] = [view.from[index] ?? 0, view.to[index + text.length - 1] ?? 0];
    for (let unit = 0; unit < text.length; unit++) {
      from.push(first);
      to.push(last);
    }
  }
  const unitsPerByte = encoding === 'hex' ? 2 : 4 / 3;
  return Array.from({ length: offsets }, (_, offset) => {
    const text = Buffer.from(units.slice(offset), encoding).toString('latin1');
    const place = (byte: number): number => offset + Math.floor(byte * unitsPerByte);
    return {
      text,
      from: Array.from(text, (_, byte) => from[place(byte)] ?? 0),
      to: Array.from(text, (_, byte) => to[offset + Math.ceil((byte + 1) * unitsPerByte) - 1] ?? 0),
      layers: view.layers + 1,
    };
  });
}

/** The characters of bytes in UTF-8, or else in Latin-1. Each byte stands in the text as this many units. */
function fromBytes(bytes: Buffer, unitsPerByte: number): { text: string; units: number }[] {
  const isUtf8 = bytes.equals(Buffer.from(bytes.toString()));
  return Array.from(bytes.toString(isUtf8 ? 'utf8' : 'latin1'), (text) => ({
    text,
    units: unitsPerByte * (isUtf8 ? Buffer.byteLength(text) : 1),
  }));
}

/** Undefined for a number that is no character. */
function codePoint(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

// https://html.spec.whatwg.org/multipage/named-characters.html: ASCII, and Latin-1 from U+00A0 in its order.
const ENTITIES = new Map([
  ...Object.entries({
    ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", sol: '/', bsol: '\\', plus: '+', equals: '=', colon: ':' },
    ...{ semi: ';', comma: ',', period: '.', excl: '!', quest: '?', num: '#', dollar: '$', percnt: '%', ast: '*' },
    ...{ commat: '@', lpar: '(', rpar: ')', lsqb: '[', lbrack: '[', rsqb: ']', rbrack: ']', lcub: '{', lbrace: '{' },
    ...{ rcub: '}', rbrace: '}', verbar: '|', vert: '|', hat: '^', lowbar: '_', grave: '`', tab: '\t', newline: '\n' },
  }),
  ...(
    'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro ' +
    'para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil ' +
    'Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave ' +
    'Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml ' +
    'igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute ' +
    'thorn yuml'
  )
    .split(' ')
    .map((name, index): [string, string] => [name, String.fromCharCode(0xa0 + index)]),
]);
