/** JSON texts that share their long pieces in memory, until they are sent. */

import { isObject, type JsonObject } from './json.js';
import { stringify } from './numbers.js';
import { TextMap } from './text-map.js';

/** In characters. Sharing a shorter piece costs about as much memory as a second copy of it. */
const SHORTEST_PIECE = 256;
/** In characters. Shorter pieces are not searched for in texts that can contain them. */
const SHORTEST_INNER = 16_384;

const DATA_URL_START = /^data:[^,]{0,128};base64,/i;

/**
 * Writes several values as JSON. A long text, or a long object, that is in more than one of them is written once.
 *
 * V8 does not copy the operands of a concatenation until the characters of the result are read. So the texts refer to the
 * same pieces while they wait. Their `length` costs nothing. A search in such a text, or a regular expression, makes a
 * copy of the whole.
 */
export class SharedJson {
  /** The JSON of long objects. */
  readonly #objects = new Map<unknown, string>();
  /** The JSON of long strings, without its quotes. */
  readonly #texts = new TextMap();
  /** Long strings that are the same in JSON: base64. They are searched for in bodies. */
  readonly #plain: string[] = [];

  /**
   * Writes the text that {@link stringify} writes.
   *
   * @throws RangeError if a text is longer than a string can be.
   */
  write(value: unknown): string {
    const kinds: Kinds = new Map();
    if (measure(value, kinds) < SHORTEST_PIECE) return stringify(value);
    const rope = new Rope();
    this.#add(value, kinds, rope);
    return rope.finish();
  }

  #add(value: unknown, kinds: Kinds, rope: Rope): void {
    if (typeof value === 'string' && value.length >= SHORTEST_PIECE) {
      rope.add('"');
      rope.addPiece(this.#text(value));
      rope.add('"');
      return;
    }
    const kind = kinds.get(value);
    if (kind === 'long') rope.addPiece(this.#object(value));
    else if (kind === undefined) rope.add(stringify(value) ?? 'null');
    else if (Array.isArray(value)) this.#addItems(value, kinds, rope);
    else this.#addMembers(value as Readonly<Record<string, unknown>>, kinds, rope);
  }

  #addItems(items: readonly unknown[], kinds: Kinds, rope: Rope): void {
    let separator = '[';
    for (const item of items) {
      rope.add(separator);
      this.#add(item, kinds, rope);
      separator = ',';
    }
    rope.add(']');
  }

  #addMembers(object: Readonly<Record<string, unknown>>, kinds: Kinds, rope: Rope): void {
    let separator = '{';
    for (const key of Object.keys(object)) {
      if (object[key] === undefined) continue;
      rope.add(`${separator}${JSON.stringify(key)}:`);
      this.#add(object[key], kinds, rope);
      separator = ',';
    }
    rope.add('}');
  }

  #object(object: unknown): string {
    const known = this.#objects.get(object);
    if (known !== undefined) return known;
    const written = stringify(object);
    this.#objects.set(object, written);
    return written;
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const written = this.#writeAround(text) ?? escapeText(text);
    this.#texts.set(text, written);
    // The copy is kept, and not the text: the text can be a small part of a document of the application.
    if (written.length === text.length && text.length >= SHORTEST_INNER) this.#plain.push(written);
    return written;
  }

  /** Writes a text around the pieces inside of it: a data URL, or a body as JSON text. Undefined if there are none. */
  #writeAround(text: string): string | undefined {
    const [scheme] = DATA_URL_START.exec(text) ?? [];
    if (scheme === undefined) return text.startsWith('{') ? this.#writeBody(text) : undefined;
    const media = this.#texts.get(text.slice(scheme.length));
    return media && escapeText(scheme) + media;
  }

  #writeBody(text: string): string | undefined {
    let written = '';
    let end = 0;
    for (const piece of this.#plain) {
      const at = text.indexOf(piece, end);
      // Each search that fails reads the whole text.
      if (at === -1) break;
      written += escapeText(text.slice(end, at)) + piece;
      end = at + piece.length;
    }
    return end === 0 ? undefined : written + escapeText(text.slice(end));
  }
}

/** `split`: a part of it is a piece. `long`: no part of it is, but it is one itself. Short values are missing. */
type Kinds = Map<unknown, 'split' | 'long'>;

/** Returns about the length of the JSON, and finds the pieces. */
function measure(value: unknown, kinds: Kinds): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return measureItems(value, kinds);
  return isObject(value) ? measureMembers(value, kinds) : 4;
}

function measureItems(items: readonly unknown[], kinds: Kinds): number {
  let length = 0;
  let longest = 0;
  for (const item of items) {
    const itemLength = measure(item, kinds);
    if (itemLength > longest) longest = itemLength;
    length += itemLength + 1;
  }
  return classify(items, length, longest, kinds);
}

function measureMembers(object: JsonObject, kinds: Kinds): number {
  let length = 0;
  let longest = 0;
  for (const key in object) {
    const memberLength = measure(object[key], kinds);
    if (memberLength > longest) longest = memberLength;
    length += key.length + memberLength + 4;
  }
  return classify(object, length, longest, kinds);
}

function classify(value: object, length: number, longest: number, kinds: Kinds): number {
  if (longest >= SHORTEST_PIECE) kinds.set(value, 'split');
  else if (length >= SHORTEST_PIECE) kinds.set(value, 'long');
  return length;
}

function escapeText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A text of shared pieces and of short texts between them. */
class Rope {
  #text = '';
  #short: string[] = [];

  add(text: string): void {
    this.#short.push(text);
  }

  addPiece(piece: string): void {
    // Joined, because each operand of a concatenation costs more memory than a few letters.
    this.#text += this.#short.join('');
    this.#text += piece;
    this.#short = [];
  }

  finish(): string {
    return this.#text + this.#short.join('');
  }
}
