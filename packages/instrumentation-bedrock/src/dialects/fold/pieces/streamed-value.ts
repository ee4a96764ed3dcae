/** JSON that arrives in pieces, for members of deltas that a fold does not know. */

import {
  asBytes,
  asNumber,
  asObject,
  isObject,
  type JsonObject,
  type JsonValue,
  setMember,
} from '../../../data/json.js';
import { StreamedBytes } from './streamed-bytes.js';
import { addPiece, StreamedText } from './streamed-text.js';

/** Texts of which the last one counts: names, which a service can repeat with each piece, and base64 text. */
const WHOLE = new Set(['type', 'id', 'name', 'format', 'status', 'role', 'bytes']);

type Streamed = StreamedText | StreamedBytes | StreamedMembers | StreamedList;
type Value = Streamed | JsonValue | undefined;

/**
 * Joins the pieces of an object as OpenAI's own clients join deltas: texts are appended, objects are merged, items of
 * lists are merged by their `index` or appended, and of other values the last one counts.
 */
export class StreamedMembers {
  readonly #members = new Map<string, Value>();

  get size(): number {
    return this.#members.size;
  }

  /** Adds a piece of one member. Null adds nothing. */
  add(name: string, piece: JsonValue | undefined): void {
    if (piece === undefined || piece === null) return;
    const isWhole = typeof piece === 'string' && WHOLE.has(name);
    this.#members.set(name, isWhole ? piece : join(this.#members.get(name), piece));
  }

  addAll(pieces: JsonObject): void {
    for (const name of Object.keys(pieces)) this.add(name, pieces[name]);
  }

  finish(): JsonObject {
    const object: JsonObject = {};
    for (const [name, value] of this.#members) setMember(object, name, finish(value));
    return object;
  }
}

class StreamedList {
  readonly #items: Value[] = [];
  readonly #byIndex = new Map<number, StreamedMembers>();

  addAll(items: readonly JsonValue[]): void {
    for (const item of items) this.#add(item);
  }

  finish(): JsonValue[] {
    return this.#items.map((item) => finish(item) ?? null);
  }

  #add(item: JsonValue): void {
    const index = asNumber(asObject(item)?.['index']);
    if (!isObject(item) || index === undefined) {
      this.#items.push(item);
      return;
    }
    let known = this.#byIndex.get(index);
    if (!known) {
      known = new StreamedMembers();
      this.#byIndex.set(index, known);
      this.#items.push(known);
    }
    known.addAll(item);
  }
}

function join(known: Value, piece: JsonValue): Value {
  if (typeof piece === 'string') return addPiece(known instanceof StreamedText ? known : undefined, piece);
  if (Array.isArray(piece)) {
    const list = known instanceof StreamedList ? known : new StreamedList();
    list.addAll(piece);
    return list;
  }
  if (asBytes(piece)) {
    const bytes = known instanceof StreamedBytes ? known : new StreamedBytes();
    bytes.add(piece);
    return bytes;
  }
  if (!isObject(piece)) return piece;
  const members = known instanceof StreamedMembers ? known : new StreamedMembers();
  members.addAll(piece);
  return members;
}

function finish(value: Value): JsonValue | undefined {
  if (value instanceof StreamedText) return value.toString();
  const isStreamed =
    value instanceof StreamedMembers || value instanceof StreamedList || value instanceof StreamedBytes;
  return isStreamed ? value.finish() : value;
}
