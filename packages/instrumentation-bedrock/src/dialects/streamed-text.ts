/** Text that arrives in pieces. */

const PIECES = 64;

/**
 * Joins pieces of a stream. Strings added one by one stay a tree of all their pieces, each several times as large as a
 * few letters: joined by the dozen, a long answer takes the memory of its letters.
 */
export class StreamedText {
  #joined = '';
  #pieces: string[] = [];

  add(piece: string): void {
    this.#pieces.push(piece);
    if (this.#pieces.length < PIECES) return;
    this.#joined += this.#pieces.join('');
    this.#pieces = [];
  }

  toString(): string {
    return this.#joined + this.#pieces.join('');
  }
}

/** The text with one more piece. */
export function addPiece(text: StreamedText | undefined, piece: string): StreamedText {
  const extended = text ?? new StreamedText();
  extended.add(piece);
  return extended;
}
