/** Text that arrives in pieces. */

const PIECES = 64;

/**
 * Joins pieces of a stream. A string that grows piece by piece stays a tree of its pieces, and each node is larger than
 * the few letters it holds. Joining 64 pieces at a time keeps a long answer as small as its letters.
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

/** Appends a piece to the text. Creates the text if there is none yet. */
export function addPiece(text: StreamedText | undefined, piece: string): StreamedText {
  const extended = text ?? new StreamedText();
  extended.add(piece);
  return extended;
}
