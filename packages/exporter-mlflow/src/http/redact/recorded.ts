import type { Range } from './range.js';
import { withoutServerWords } from './server-words.js';
import { decodingsOf, type View } from './spellings.js';

// So many letters and digits in a row are no coincidence: two or three words.
const RUN_LENGTH = 12;
// In scripts with a syllable or a word in each character.
const DENSE_RUN_LENGTH = 5;
const FIRST_DENSE_CODE = 0x2e80;
// Shorter words are in any text, so they count only as a whole value.
const MIN_QUOTE_LENGTH = 4;
// Longer quotes are found as runs.
const MAX_QUOTE_LENGTH = 100;
// What is longer is found as a run.
const MAX_SHORT_LENGTH = 40;
const MIN_SHORT_LENGTH = 3;
const SHORT_JSON_TEXT = /"([^"\\]{3,40})"/g;
const MAX_JSON_LENGTH = 200_000;
// Keys and values of JSON, models, and what else the words of a server may have in common with a span.
const IDENTIFIER = /^(?:[a-z][\w.:/-]*|[A-Z][A-Z_]*|[\d.,:-]*)$/;
const WORD = /[\p{L}\p{N}]/u;
// Searching a million characters takes about 15 ms. If a request has more, messages quote nothing of the answer.
const MAX_SEARCHED_LENGTH = 8_000_000;
// What a message may have around a value, up to its own end if the message was cut.
const QUOTES = [
  /"([^"]+)/g,
  /(?<![\p{L}\p{N}])'(.+?)(?:'(?![\p{L}\p{N}])|$)/gu,
  /`([^`]+)/g,
  /[“„«‹「]([^”“»›」]+)/g,
  /(?<![\p{L}\p{N}])[‘‚](.+?)(?:’(?![\p{L}\p{N}])|$)/gu,
  /\(([^()]+)/g,
  /\[([^[\]]+)/g,
  /=([^\s,;&=]+)/g,
];

/**
 * Finds what a text quotes of recorded values: runs of letters and digits that a value has, too, whatever is between
 * them and however both are escaped, shorter values between quotes or brackets, and short values that are no identifiers.
 * Words that servers use anyway are no quotes.
 */
export function findRecorded(text: string, values: Iterable<string>): Range[] {
  const views = decodingsOf(text);
  const runs = new Runs(RUN_LENGTH, views, () => true);
  const dense = new Runs(DENSE_RUN_LENGTH, views, (code) => code >= FIRST_DENSE_CODE);
  const quotes = new Map([...quotesOf(text)].map(([quote, ranges]) => [spellingsOfQuote(quote), ranges]));
  const quoted: Range[] = [];
  let searched = 0;
  for (const value of values) {
    searched += value.length;
    if (searched > MAX_SEARCHED_LENGTH) return [[0, text.length]];
    runs.search(value);
    dense.search(value);
    for (const short of shortTexts(value)) quoted.push(...placesOf(short, text));
    for (const [spellings, ranges] of quotes) {
      if (!spellings.some((spelling) => holds(value, spelling))) continue;
      quoted.push(...ranges);
      quotes.delete(spellings);
    }
  }
  const clip = withoutServerWords(text);
  return joined([...quoted, ...runs.found, ...dense.found], text).flatMap((range) => {
    const clipped = clip(range);
    return clipped === undefined ? [] : [clipped];
  });
}

/** The value if it is short, or the short texts in it if it is JSON, except what may be the name of something. */
function* shortTexts(value: string): Generator<string> {
  const isJson = value.length <= MAX_JSON_LENGTH && /^\s*[[{"]/.test(value);
  const texts = isJson ? [...value.matchAll(SHORT_JSON_TEXT)].map(([, text = '']) => text) : [value];
  for (const text of texts) if (text.length <= MAX_SHORT_LENGTH && !IDENTIFIER.test(text)) yield text.trim();
}

/** Where the text has these words. */
function placesOf(words: string, text: string): Range[] {
  const places: Range[] = [];
  if (words.length < MIN_SHORT_LENGTH || !/[\p{L}\p{N}]/u.test(words)) return places;
  for (let start = text.indexOf(words); start >= 0; start = text.indexOf(words, start + 1)) {
    const end = start + words.length;
    if (!WORD.test(text.slice(start - 1, start)) && !WORD.test(text.charAt(end))) places.push([start, end]);
  }
  return places;
}

/** Ranges that overlap or have nothing between them but punctuation are one. */
function joined(ranges: Range[], text: string): Range[] {
  const merged: [from: number, to: number][] = [];
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    const isNext = last !== undefined && from - last[1] <= 3 && !WORD.test(text.slice(last[1], from));
    if (isNext) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

function quotesOf(text: string): Map<string, Range[]> {
  const quotes = new Map<string, Range[]>();
  for (const pattern of QUOTES) {
    for (const match of text.matchAll(pattern)) {
      const [whole, inside = ''] = match;
      const quote = inside.replace(/[\\….\s]+$/, '');
      if (quote.length > MAX_QUOTE_LENGTH || !/[\p{L}\p{N}]/u.test(quote)) continue;
      const from = match.index + whole.indexOf(inside);
      const range: Range = [from, from + quote.length];
      quotes.set(quote.trim(), [...(quotes.get(quote.trim()) ?? []), range]);
    }
  }
  return quotes;
}

/** The quote, what it stands for if it is escaped, and the same as JSON has it. */
function spellingsOfQuote(quote: string): string[] {
  const decodings = decodingsOf(quote).map(({ text }) => text);
  return [...decodings, ...decodings.map((text) => JSON.stringify(text).slice(1, -1))];
}

/** Whether the value is the quote, or has it in a JSON text, or has it anywhere if it is long enough. */
function holds(value: string, quote: string): boolean {
  if (value.trim() === quote || value.includes(`"${quote}"`)) return true;
  return quote.length >= MIN_QUOTE_LENGTH && value.includes(quote);
}

const BASE = 0x01000193;
const BITMAP_SHIFT = 16;

/** The parts of a text that are runs of letters and digits of this length, to be searched in other texts. */
class Runs {
  readonly #length: number;
  /** What the first unit of a run counts for in its hash when it leaves. */
  readonly #leaving: number;
  readonly #ranges = new Map<string, Range[]>();
  readonly #hashes = new Set<number>();
  // A look into it takes a fraction of one into a set, and long values have millions of runs.
  readonly #bitmap = new Uint8Array(1 << BITMAP_SHIFT);
  // Among millions of runs, some have the hash of another one.
  readonly #hits = new Set<string>();

  constructor(length: number, views: readonly View[], accepts: (code: number) => boolean) {
    this.#length = length;
    this.#leaving = Array.from({ length }).reduce<number>((power) => Math.imul(power, BASE), 1);
    for (const view of views) {
      const places: number[] = [];
      const codes: number[] = [];
      this.#each(view.text, (hash, code, place, run) => {
        places.push(place);
        codes.push(code);
        const first = codes.length - length;
        if (first < 0 || !codes.slice(first).every(accepts)) return;
        const range: Range = [view.from[places[first] ?? 0] ?? 0, view.to[place] ?? 0];
        this.#ranges.set(run(), [...(this.#ranges.get(run()) ?? []), range]);
        this.#hashes.add(hash);
        this.#bitmap[hash >>> BITMAP_SHIFT] = 1;
      });
    }
  }

  /** The parts that are in one of the searched texts. */
  get found(): Range[] {
    return [...this.#hits].flatMap((run) => this.#ranges.get(run) ?? []);
  }

  search(text: string): void {
    if (this.#ranges.size === 0) return;
    const [bitmap, hashes, hits] = [this.#bitmap, this.#hashes, this.#hits];
    this.#each(text, (hash, _code, _place, run) => {
      if (bitmap[hash >>> BITMAP_SHIFT] === 1 && hashes.has(hash)) hits.add(run());
    });
  }

  /**
   * Calls back after each letter or digit with the hash of the latest ones. `place`: the last unit of its spelling.
   * `run`: returns the latest ones.
   */
  #each(text: string, visit: (hash: number, code: number, place: number, run: () => string) => void): void {
    const length = this.#length;
    const leaving = this.#leaving;
    const latest = new Int32Array(length);
    let slot = 0;
    let hash = 0;
    const run = (): string => String.fromCharCode(...latest.subarray(slot), ...latest.subarray(0, slot));
    for (let place = 0; place < text.length; place++) {
      let unit = text.charCodeAt(place);
      if (unit === BACKSLASH) {
        const escaped = text.charAt(place + 1);
        const digits = escaped === 'u' ? text.slice(place + 2, place + 6) : '';
        if (/^[0-9a-f]{4}$/i.test(digits)) {
          unit = Number.parseInt(digits, 16);
          place += 5;
        } else if (ESCAPED.has(escaped)) place += 1;
      }
      const code = unit < 0x80 ? (ASCII[unit] as number) : otherCode(unit);
      if (code === 0) continue;
      hash = (Math.imul(hash, BASE) + code - Math.imul(latest[slot] as number, leaving)) | 0;
      latest[slot] = code;
      slot = slot + 1 === length ? 0 : slot + 1;
      visit(hash, code, place, run);
    }
  }
}

const BACKSLASH = 0x5c;
const ESCAPED = new Set('nrtbfv');
/** Letters in lower case and digits as they are, and 0 for everything else. */
const ASCII = Uint16Array.from({ length: 0x80 }, (_, unit) => {
  const character = String.fromCharCode(unit).toLowerCase();
  return /[a-z0-9]/.test(character) ? character.charCodeAt(0) : 0;
});

/** 0 for punctuation and signs. Half of a surrogate pair counts as a letter. */
function otherCode(unit: number): number {
  const isSign =
    unit < 0xc0 ||
    (unit >= 0x2000 && unit < 0x2070) ||
    (unit >= 0x3000 && unit < 0x3040) ||
    (unit >= 0xff00 && unit < 0xff10);
  return isSign ? 0 : unit;
}
