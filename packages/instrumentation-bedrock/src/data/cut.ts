/** Cuts text that is too long. Base64 is never cut: it is kept whole, or a note replaces it. */

import { counted } from './counted.js';
import { once } from './once.js';

export interface TextLimits {
  /** In characters. */
  readonly maxStringLength: number;
  /** In bytes. */
  readonly maxMediaBytes: number;
}

/**
 * Returns the text if it is within the limits, else a shorter text that ends with a note.
 *
 * @param key the name of the member that holds the text or the list with the text. It can show that a text is media.
 */
export function limitText(text: string, limits: TextLimits, key?: string): string {
  const { maxStringLength, maxMediaBytes } = limits;
  if (text.length <= maxStringLength && text.length <= maxMediaBytes) return text;
  const media = dataUrlBytes(text) ?? memberBytes(text, key);
  if (media !== undefined) return media > maxMediaBytes ? mediaNote(media) : text;
  const bytes = base64Bytes(text);
  if (bytes > Math.max(maxMediaBytes, SHORT_TEXT) && isBase64(text) && isMixed(text)) return mediaNote(bytes);
  if (text.length <= maxStringLength || isProbablyBase64(text, key) || isMediaNote(text)) return text;
  const end = cutPosition(text, maxStringLength);
  return `${text.slice(0, end)}… [${counted(text.length - end, 'more character')} not recorded]`;
}

/** The part of the record of a call that each text about a failure can have. */
const FAILURE_PART = 1 / 16;

/** Returns a text about a failure, shortened if it is long for a record of `maxRecordLength` characters. */
export function limitFailureText(text: string, maxRecordLength: number): string {
  const maxLength = Math.floor(maxRecordLength * FAILURE_PART);
  return limitText(text, { maxStringLength: maxLength, maxMediaBytes: maxLength });
}

/** In characters. Shorter text that could be base64 can be a word. */
const SHORT_TEXT = 1024;

/** In characters. Words and names are shorter. */
const LONGEST_WORD = 64;

/** In characters. A shorter value of `image` can be a name. */
const SHORTEST_MEDIA = 32;

/** Members for images, documents, video and audio in the formats of all providers, such as `source.bytes` and `maskImage`. */
const MEDIA_KEY = /(?:data|bytes|base64(?:string)?|b64_json|images?|audio|video|document|mask)$/i;
/** Those that hold nothing but base64. */
const BASE64_KEY = /(?:bytes|base64(?:string)?|b64_json)$/i;
/** Members for what only the provider can read, such as `thinking.signature`. */
const OPAQUE_KEY = /signature$|^encrypted|^redacted/i;

const DATA_URL = /^data:[^,]{0,128};base64,/i;
const NOT_BASE64 = /[^A-Za-z0-9+/=\r\n]/;
const NOT_ANY_BASE64 = /[^A-Za-z0-9+/_=\r\n-]/;
const BASE64_CHARACTER = /[A-Za-z0-9+/_=-]/;

/** Returns the size of the data in a data URL; undefined for any other text. */
function dataUrlBytes(text: string): number | undefined {
  const [scheme] = DATA_URL.exec(text) ?? [];
  if (scheme === undefined || NOT_ANY_BASE64.test(text.slice(scheme.length))) return undefined;
  return base64Bytes(text, scheme.length);
}

/** Returns the size of a text that its place shows to be media in base64; else undefined. */
function memberBytes(text: string, key: string | undefined): number | undefined {
  const isMedia = text.length < SHORTEST_MEDIA ? BASE64_KEY.test(key ?? '') : MEDIA_KEY.test(key ?? '');
  return isMedia && !NOT_BASE64.test(text) ? base64Bytes(text) : undefined;
}

function base64Bytes(text: string, start = 0): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor(((text.length - start) * 3) / 4) - padding);
}

/** True for base64 of both alphabets, also in lines. Prose contains spaces, and lists of words have short lines. */
function isBase64(text: string): boolean {
  const firstLine = text.search(/[\r\n]/);
  return (firstLine === -1 || firstLine >= LONGEST_WORD) && !NOT_ANY_BASE64.test(text);
}

/** True for base64 that is no media by its place, or too short for a note. */
function isProbablyBase64(text: string, key: string | undefined): boolean {
  if (!isBase64(text)) return false;
  const isMember = key !== undefined && (OPAQUE_KEY.test(key) || MEDIA_KEY.test(key));
  return isMember || (text.length >= LONGEST_WORD && isMixed(text.slice(0, SHORT_TEXT)));
}

/** Base64 of more than a few bytes contains all three kinds of characters. */
function isMixed(text: string): boolean {
  return /[A-Z]/.test(text) && /[a-z]/.test(text) && /\d/.test(text);
}

/** Returns the last position up to `limit` that is neither inside of a character nor inside of base64. */
function cutPosition(text: string, limit: number): number {
  return characterStart(text, base64Start(text, limit) ?? limit);
}

/** Returns the start of the base64 that surrounds a position, with the scheme of its data URL; undefined if there is none. */
function base64Start(text: string, position: number): number | undefined {
  let start = position;
  while (start > 0 && BASE64_CHARACTER.test(text[start - 1] as string)) start--;
  let end = position;
  while (end - start < SHORT_TEXT && end < text.length && BASE64_CHARACTER.test(text[end] as string)) end++;
  const run = text.slice(start, Math.min(end, start + SHORT_TEXT));
  if (end === position || run.length < LONGEST_WORD || !isMixed(run)) return undefined;
  const [scheme = ''] = /data:[^,\s]{0,128};base64,$/i.exec(text.slice(Math.max(0, start - 150), start)) ?? [];
  return start - scheme.length;
}

/** In UTF-16 units on both sides of a cut. Emoji that are joined from several have up to 30. */
const CHARACTER_WINDOW = 64;

/**
 * Returns the start of the character that surrounds a position. A character is what a reader takes for one: an emoji with
 * its skin tone, a letter with its accents.
 */
export function characterStart(text: string, position: number): number {
  if (isAscii(text, position - 1) && isAscii(text, position)) return position;
  const from = Math.max(0, position - CHARACTER_WINDOW);
  const window = text.slice(from, position + CHARACTER_WINDOW);
  const start =
    from +
    (graphemes()
      .segment(window)
      .containing(position - from)?.index ?? 0);
  if (start > from || from === 0) return start;
  // The window is too small for a letter with dozens of accents.
  const isHalf = Number(text.codePointAt(position - 1)) > 0xffff;
  return isHalf ? position - 1 : position;
}

function isAscii(text: string, position: number): boolean {
  return text.charCodeAt(position) < 0x80;
}

// Most applications cut nothing, and creating a segmenter takes milliseconds.
const graphemes = once(() => new Intl.Segmenter('en', { granularity: 'grapheme' }));

/** Returns the note in the place of media. It is text, so that `contentHook` gets plain JSON. */
export function mediaNote(bytes: number): string {
  return `[${counted(bytes, 'byte')} not recorded]`;
}

/** True for the text that `toJson` puts in the place of media beyond the limit. */
export function isMediaNote(text: string): boolean {
  return /^\[\d+ bytes? not recorded\]$/.test(text);
}
