/** Text that arrives in pieces. */

const PIECES = 64;

/**
 * Joins the pieces of a text. V8 keeps a string that grows piece by piece as a tree, and its nodes are larger than the
 * few letters in each. Joining 64 pieces at a time keeps a long answer as small as its letters.
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

  /** Returns the text so far. Half of a character whose other half did not arrive is replaced. */
  toString(): string {
    return (this.#joined + this.#pieces.join('')).toWellFormed();
  }
}

/** Appends a piece to the text. Creates the text if there is none yet. */
export function addPiece(text: StreamedText | undefined, piece: string): StreamedText {
  const extended = text ?? new StreamedText();
  extended.add(piece);
  return extended;
}
