/** Makes the content of a call shorter: cuts the longest texts and leaves out the largest media. */

import { isMediaNote, type TextLimits } from './cut.js';
import { asObject, isObject, type JsonObject, type JsonValue, limitMember, setMember } from './json.js';
import { stringify } from './numbers.js';

/** In characters. Shorter texts would gain too little from a cut, because the note about it needs room. */
const SHORTEST_CUT = 128;
/** In characters. About the length of a note. */
const NOTE_LENGTH = 40;

const BYTES_OF_BASE64 = 3 / 4;

/** A text that is long enough for a cut. Candidates are in the order in which values are visited. */
interface Candidate {
  readonly text: string;
  /** The name of the member that holds the text or the list with the text. */
  readonly key: string | undefined;
  /** `fixed` cannot become shorter: signatures and other base64 that is no media. */
  readonly kind: 'text' | 'media' | 'fixed';
}

/**
 * Returns copies that have about `fraction` of the characters: longer if texts that can be cut are too few. Texts are cut
 * to one common length, and media beyond that length become notes, the first ones first. Values that stay as they are
 * are not copied.
 */
export function shrink<Values extends Readonly<Record<string, JsonValue | undefined>>>(
  values: Values,
  fraction: number,
): Values {
  const candidates: Candidate[] = [];
  const length = collect(values, undefined, candidates);
  const excess = length * (1 - fraction);
  const level = levelFor(candidates, excess);
  const shortened = shorten(candidates, level, excess);
  return (shortened.size > 0 ? replace(values, { shortened, next: 0 }) : values) as Values;
}

/** A text that is cut can be written with more characters than it has, so one cut may not be enough. */
const MAX_CUTS = 4;
/** The part that is kept of content that is longer than a string can be. */
const FRACTION_OF_TOO_LONG = 1 / 8;

/**
 * Writes values that have at most `limit` characters. Cuts them as long as they have more, a few times at most.
 *
 * @param write returns the length of what it has written. A RangeError means that a text is longer than a string can be.
 * @returns the result of the last call of `write`; undefined if it threw a RangeError.
 */
export function writeWithin<
  Values extends Readonly<Record<string, JsonValue | undefined>>,
  Written extends { readonly length: number },
>(values: Values, limit: number, write: (values: Values) => Written): Written | undefined {
  let written = attempt(() => write(values));
  let shorter = values;
  for (let cuts = 0; cuts < MAX_CUTS && (written?.length ?? Number.POSITIVE_INFINITY) > limit; cuts++) {
    const previous = shorter;
    shorter = shrink(previous, written ? limit / written.length : FRACTION_OF_TOO_LONG);
    if (shorter === previous) break; // All texts are short.
    written = attempt(() => write(shorter));
  }
  return written;
}

/** Writes JSON of at most `limit` characters. If cuts are not enough, a note replaces the value. */
export function stringifyWithin(value: JsonValue, limit: number): string {
  const text = writeWithin({ value }, limit, (values) => stringify(values.value));
  if (text !== undefined && text.length <= limit) return text;
  return JSON.stringify(contentNote(text?.length));
}

/** The note in the place of content that has too many parts to be cut. */
export function contentNote(length: number | undefined): string {
  return `[content${length === undefined ? '' : ` of ${length} characters`} not recorded]`;
}

function attempt<Written>(write: () => Written): Written | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Returns the length of all texts, and adds those that can be cut to `candidates`. */
function collect(value: JsonValue | undefined, key: string | undefined, candidates: Candidate[]): number {
  if (typeof value === 'string') {
    if (value.length > SHORTEST_CUT) addCandidate(value, key, candidates);
    return value.length;
  }
  let length = 2;
  if (Array.isArray(value)) for (const item of value) length += 1 + collect(item, key, candidates);
  else if (isObject(value)) {
    for (const name in value) length += name.length + 4 + collect(value[name], name, candidates);
  }
  return length;
}

function addCandidate(text: string, key: string | undefined, candidates: Candidate[]): void {
  const least = limitMember(text, limitsAt(0, true), key);
  const kind = least.length >= text.length ? 'fixed' : isMediaNote(least) ? 'media' : 'text';
  candidates.push({ text, key, kind });
}

/** Media that is too long becomes a note, also below `maxMediaBytes`: the length of base64 is not the exact size. */
function limitsAt(level: number, isMedia: boolean): TextLimits {
  return { maxStringLength: level, maxMediaBytes: isMedia ? 0 : Math.floor(level * BYTES_OF_BASE64) };
}

/** Returns the greatest length to which texts can be cut so that `excess` characters are saved; 0 if there is none. */
function levelFor(candidates: readonly Candidate[], excess: number): number {
  let fits = 0;
  let tooLong = candidates.reduce((longest, { text }) => Math.max(longest, text.length), 0);
  while (tooLong - fits > 1) {
    const level = Math.floor((fits + tooLong) / 2);
    const saved = candidates.reduce((sum, candidate) => sum + savedAt(candidate, level), 0);
    if (saved >= excess) fits = level;
    else tooLong = level;
  }
  return fits;
}

function savedAt({ text, kind }: Candidate, level: number): number {
  if (text.length <= level || kind === 'fixed') return 0;
  return Math.max(0, text.length - NOTE_LENGTH - (kind === 'media' ? 0 : level));
}

/** Shortens texts, in their order, until `excess` characters are saved. Returns them by the position of the candidate. */
function shorten(candidates: readonly Candidate[], level: number, excess: number): Map<number, string> {
  const shortened = new Map<number, string>();
  let saved = 0;
  for (const [position, { text, key, kind }] of candidates.entries()) {
    if (saved >= excess) break;
    if (text.length <= level || kind === 'fixed') continue;
    const shorter = limitMember(text, limitsAt(level, kind === 'media'), key);
    shortened.set(position, shorter);
    saved += text.length - shorter.length;
  }
  return shortened;
}

interface Replacement {
  readonly shortened: ReadonlyMap<number, string>;
  /** The position of the next candidate. */
  next: number;
}

/** Visits values in the order of {@link collect}. */
function replace(value: JsonValue | undefined, replacement: Replacement): JsonValue | undefined {
  if (typeof value === 'string') {
    return value.length > SHORTEST_CUT ? (replacement.shortened.get(replacement.next++) ?? value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => replace(item, replacement) ?? null);
  const object = asObject(value);
  if (!object) return value;
  const copy: JsonObject = {};
  for (const name in object) setMember(copy, name, replace(object[name], replacement));
  return copy;
}
