import { addNewest } from '../../common/maps.js';
import { MAX_SHOWN_LENGTH, oneLine, type Show, type ShownText, shorten } from '../../common/shown-text.js';
import { type Range, replaceRanges } from './range.js';
import { findRecorded } from './recorded.js';
import { type Secret, secretsOfHeaders } from './secrets.js';
import { decodingsOf, spellingsOf, type View } from './spellings.js';

/** The single place where foreign text becomes text that a message may show. */
export interface Redactor {
  /**
   * The text of a server, a proxy or an error on one line, shortened. `[redacted]` replaces credentials in any spelling,
   * and `[recorded]` what it quotes of the recorded values.
   */
  show: Show;
  /** Adds the credentials in the headers of a request. The oldest are forgotten. */
  learn(headers: Readonly<Record<string, string>>): void;
}

const REDACTED = '[redacted]';
const RECORDED = '[recorded]';
const SCHEME = /\b(?:basic|bearer) \[redacted\]/gi;
// A message shows 300 characters. The rest is for what is replaced by less.
const MAX_READ_LENGTH = 2048;
const MAX_QUOTING_LENGTH = 2 * MAX_SHOWN_LENGTH;
// What is left of a secret, or of a quoted value, at the end of a text that was cut there.
const CUT_REST_LENGTH = 64;
// A part of a secret with so many characters is hidden, too: some servers shorten what they repeat.
const PART_LENGTH = 8;
// A shorter secret may be a part of ordinary words.
const MIN_LENGTH_IN_WORDS = 6;
const MIN_FOLDED_LENGTH = 4;
// Requests of several exports may be under way while a token changes.
const MAX_LEARNED = 16;

/** Creates a redactor that knows these secrets, and learns those of later requests. */
export function createRedactor(secrets: readonly Secret[] = []): Redactor {
  const learned = new Map<string, readonly Secret[]>();
  const indexed = new Set<string>();
  let index = indexOf(secrets);
  let latest: { text: string; recorded: Parameters<Show>[1]; shown: ShownText } | undefined;
  // Signatures change with each request. A new index of all that is learned takes 0.2 s if it is long.
  const indexLearned = (): void => {
    const isFull = indexed.size > 2 * MAX_LEARNED;
    if (isFull) {
      index = indexOf(secrets);
      indexed.clear();
    }
    for (const [key, added] of learned) {
      if (indexed.has(key)) continue;
      indexed.add(key);
      addToIndex(index, added);
      latest = undefined;
    }
  };
  return {
    show(text, recorded) {
      indexLearned();
      // During an outage, each repetition of a request gets the same answer.
      if (latest?.text !== text || latest.recorded !== recorded) {
        latest = { text, recorded, shown: show(text, index, recorded) };
      }
      return latest.shown;
    },
    learn(headers) {
      const key = JSON.stringify(headers);
      addNewest(learned, key, learned.get(key) ?? secretsOfHeaders(headers), MAX_LEARNED);
    },
  };
}

function show(text: string, index: SecretIndex, recorded?: () => Iterable<string>): ShownText {
  const beginning = text.slice(0, 2 * MAX_READ_LENGTH);
  const line = oneLine(beginning);
  const read = line.slice(0, MAX_READ_LENGTH);
  const secrets = findSecrets(read, index);
  if (secrets === 'everywhere') return REDACTED as ShownText;
  const replaced = replaceRanges(read, secrets, REDACTED).replace(SCHEME, REDACTED);
  const redacted = withoutRest(replaced, line.length > read.length || text.length > beginning.length);
  if (recorded === undefined) return shorten(redacted) as ShownText;
  const quoting = redacted.slice(0, MAX_QUOTING_LENGTH);
  const shown = replaceRanges(quoting, findRecorded(quoting, recorded()), RECORDED);
  return shorten(withoutRest(shown, redacted.length > quoting.length)) as ShownText;
}

/** Without the end of a text that was cut, where a part of a secret may be too short to be found. */
function withoutRest(text: string, isCut: boolean): string {
  return isCut ? `${text.slice(0, -CUT_REST_LENGTH)}…` : text;
}

/** Secrets in a form in which a text can be searched for all of them at once. */
interface SecretIndex {
  /** Secrets, or parts of longer ones, by their length. */
  parts: Map<number, Set<string>>;
  /** Short secrets, and whether they are credentials. */
  words: Map<string, boolean>;
}

function indexOf(secrets: readonly Secret[]): SecretIndex {
  const index: SecretIndex = { parts: new Map(), words: new Map() };
  addToIndex(index, secrets);
  return index;
}

function addToIndex({ parts, words }: SecretIndex, secrets: readonly Secret[]): void {
  for (const { text, isCredential, isWhole = false } of secrets) {
    for (const folded of formsOf(text)) {
      // Without its white space, a secret that is long enough may be shorter.
      const isShort = folded.length < (text.length < MIN_LENGTH_IN_WORDS ? MIN_LENGTH_IN_WORDS : MIN_FOLDED_LENGTH);
      if (isShort) {
        words.set(folded, isCredential || words.get(folded) === true);
        // In base64, ordinary text would hold short secrets by chance.
        for (const code of codesOf(text)) words.set(code, false);
        continue;
      }
      const length = isWhole ? folded.length : Math.min(folded.length, PART_LENGTH);
      const known = parts.get(length) ?? new Set();
      parts.set(length, known);
      for (let start = 0; start + length <= folded.length; start++) known.add(folded.slice(start, start + length));
    }
  }
}

/** The secret as texts are compared. It may look encoded itself, so that decoding a text changes it. */
function formsOf(secret: string): Set<string> {
  // The scheme of an address is in other addresses, too.
  const text = secret.replace(/^https?:\/\//i, '');
  const [plain = { text }, ...decoded] = decodingsOf(oneLine(text));
  // Servers that read a header in another character set replace letters.
  const lossy = { text: text.replace(/[^ -~]/g, '?') };
  const longForms = [
    ...[plain, lossy, ...decoded].map((view) => lettersOf(view)),
    ...[lossy, ...decoded].map((view) => fold(view)),
  ].filter((form) => form.text.length >= MIN_LENGTH_IN_WORDS);
  return new Set([fold(plain), ...longForms].map((form) => form.text).filter((form) => form !== ''));
}

function codesOf(short: string): string[] {
  const bytes = Buffer.from(short);
  return [bytes.toString('base64url'), bytes.toString('base64'), bytes.toString('hex')]
    .filter(({ length }) => length >= 4)
    .map((text) => fold({ text }).text);
}

/** Finds secrets in all spellings. `everywhere` if one is so short that hiding it in a word would show it. */
function findSecrets(text: string, { parts, words }: SecretIndex): Range[] | 'everywhere' {
  const found: Range[] = [];
  if (parts.size === 0 && words.size === 0) return found;
  for (const view of spellingsOf(text)) {
    const note = ({ places }: Form, start: number, length: number): void => {
      const [first = 0, last = 0] = [places[start], places[start + length - 1]];
      found.push([view.from[first] ?? 0, view.to[last] ?? 0]);
    };
    const form = fold(view);
    // Decoded bytes have nothing between the units of a text, and take most of the time.
    for (const searched of view.layers > 0 ? [form] : [form, lettersOf(view)]) {
      for (const [length, known] of parts) {
        for (let start = 0; start + length <= searched.text.length; start++) {
          if (known.has(searched.text.slice(start, start + length))) note(searched, start, length);
        }
      }
    }
    if (view.layers > 0) continue;
    const { text: folded, places } = form;
    for (const [word, isCredential] of words) {
      for (let start = folded.indexOf(word); start >= 0; start = folded.indexOf(word, start + 1)) {
        const isWord = isAlone(view.text, places[start] ?? 0, places[start + word.length - 1] ?? 0);
        if (isWord) note(form, start, word.length);
        else if (isCredential) return 'everywhere';
      }
    }
  }
  return found;
}

/** Whether no letter or digit continues the word from `first` to `last`. */
function isAlone(text: string, first: number, last: number): boolean {
  const continues = (inside: number, outside: number): boolean =>
    /[\p{L}\p{N}]/u.test(text.charAt(inside)) && /[\p{L}\p{N}]/u.test(text.charAt(outside));
  return !continues(first, first - 1) && !continues(last, last + 1);
}

/** A text as it is compared, and the place of each of its units in the original. */
interface Form {
  text: string;
  places: number[];
}

const DROPPED = /[\s+\p{Cc}\p{Cf}]/u;

/** Without case, control characters, white space and the plus signs that stand for it in forms. */
function fold({ text }: Pick<View, 'text'>): Form {
  return replaceUnits(text, (unit) => {
    if (DROPPED.test(unit)) return '';
    const lower = unit.toLowerCase();
    return lower.length === 1 ? lower : unit;
  });
}

/** Only letters without case and accents, and digits: whatever a server puts between them, it is the same text. */
function lettersOf({ text }: Pick<View, 'text'>): Form {
  return replaceUnits(text, (unit) =>
    /[a-z0-9]/.test(unit)
      ? unit
      : unit
          .normalize('NFKD')
          .toLowerCase()
          .replace(/[^\p{L}\p{N}]/gu, ''),
  );
}

function replaceUnits(text: string, replace: (unit: string) => string): Form {
  const replacements = new Map<string, string>();
  let replaced = '';
  const places: number[] = [];
  for (let place = 0; place < text.length; place++) {
    const unit = text.charAt(place);
    const replacement = replacements.get(unit) ?? replace(unit);
    replacements.set(unit, replacement);
    replaced += replacement;
    for (let count = 0; count < replacement.length; count++) places.push(place);
  }
  return { text: replaced, places };
}
