/** Makes the content of a call shorter: cuts the longest texts and leaves out the largest media. */

import { isMediaNote, type TextLimits } from './cut.js';
import { asObject, isObject, type JsonObject, type JsonValue, limitMember, setMember } from './json.js';
import { stringify } from './numbers.js';

/** In characters. Shorter texts would gain too little from a cut, because the note about it needs room. */
const SHORTEST_CUT = 128;
/** In characters. About the length of a note. */
const NOTE_LENGTH = 40;

const BYTES_OF_BASE64 = 3 / 4;

/** A text that can become shorter. */
interface Candidate {
  readonly text: string;
  /** The name of the member that holds the text or the list with the text. */
  readonly key: string | undefined;
  readonly isMedia: boolean;
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
  return (shortened.size > 0 ? replace(values, undefined, shortened) : values) as Values;
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
    shorter = shrink(shorter, written ? limit / written.length : FRACTION_OF_TOO_LONG);
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
  if (least.length < text.length) candidates.push({ text, key, isMedia: isMediaNote(least) });
}

/** Media that is too long becomes a note, whatever its size is: the length of base64 does not tell it exactly. */
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

function savedAt({ text, isMedia }: Candidate, level: number): number {
  if (text.length <= level) return 0;
  return Math.max(0, text.length - NOTE_LENGTH - (isMedia ? 0 : level));
}

/** Shortens texts, in their order, until `excess` characters are saved. Returns them by key and text. */
function shorten(candidates: readonly Candidate[], level: number, excess: number): Shortened {
  const shortened: Shortened = new Map();
  let saved = 0;
  for (const { text, key, isMedia } of candidates) {
    if (saved >= excess) break;
    if (text.length <= level) continue;
    const ofKey = shortened.get(key) ?? new Map<string, string>();
    shortened.set(key, ofKey);
    const shorter = ofKey.get(text) ?? limitMember(text, limitsAt(level, isMedia), key);
    ofKey.set(text, shorter);
    saved += text.length - shorter.length;
  }
  return shortened;
}

type Shortened = Map<string | undefined, Map<string, string>>;

function replace(value: JsonValue | undefined, key: string | undefined, shortened: Shortened): JsonValue | undefined {
  if (typeof value === 'string') return value.length > SHORTEST_CUT ? (shortened.get(key)?.get(value) ?? value) : value;
  if (Array.isArray(value)) return value.map((item) => replace(item, key, shortened) ?? null);
  const object = asObject(value);
  if (!object) return value;
  const copy: JsonObject = {};
  for (const name of Object.keys(object)) setMember(copy, name, replace(object[name], name, shortened));
  return copy;
}
