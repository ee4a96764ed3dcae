/** Bytes that arrive in pieces. */

import { asBytes, type JsonValue } from '../../../data/json.js';

/**
 * Joins the pieces. The SDK decodes the pieces of ConverseStream. A model's own JSON has base64 text, and its pieces
 * cannot be joined safely, so the last one counts.
 */
export class StreamedBytes {
  #pieces: unknown[] = [];

  add(piece: unknown): void {
    if (asBytes(piece) && asBytes(this.#pieces[0])) this.#pieces.push(piece);
    else this.#pieces = [piece];
  }

  /** Returns bytes in the place of JSON. `toJson` encodes them. */
  finish(): JsonValue | undefined {
    const bytes = this.#pieces.map(asBytes).filter((piece) => piece !== undefined);
    return (bytes.length > 1 ? Buffer.concat(bytes) : this.#pieces[0]) as JsonValue | undefined;
  }
}
