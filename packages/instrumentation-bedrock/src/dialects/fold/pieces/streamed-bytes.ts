/** Bytes that arrive in pieces. */

import { asBytes, type JsonValue } from '../../../data/json.js';

const PIECES = 64;

/**
 * Joins the pieces. The SDK decodes the pieces of ConverseStream. A model's own JSON has base64 text, and its pieces
 * cannot be joined safely, so the last one counts.
 *
 * The object of a small piece is larger than its bytes, so 64 pieces at a time are joined. A long answer is joined once
 * more at its end.
 */
export class StreamedBytes {
  #joined: Uint8Array[] = [];
  #pieces: Uint8Array[] = [];
  /** The latest piece, if it is no bytes. */
  #other: unknown;

  add(piece: unknown): void {
    const bytes = asBytes(piece);
    if (!bytes) {
      this.#joined = [];
      this.#pieces = [];
      this.#other = piece;
      return;
    }
    this.#other = undefined;
    this.#pieces.push(bytes);
    if (this.#pieces.length < PIECES) return;
    this.#joined.push(Buffer.concat(this.#pieces));
    this.#pieces = [];
  }

  /** Returns bytes in the place of JSON. `toJson` encodes them. */
  finish(): JsonValue | undefined {
    const [only, ...more] = [...this.#joined, ...this.#pieces];
    const bytes = only && more.length > 0 ? Buffer.concat([only, ...more]) : only;
    return (bytes ?? this.#other) as JsonValue | undefined;
  }
}
