/** Parts of a streamed answer, addressed by the index that the service sends with each piece. */

import { asNumber, type JsonValue } from '../../../data/json.js';

/**
 * A map and not an array, because a large index from the service must not size an array. An index that is no number
 * counts as 0.
 */
export class IndexedParts<Part> {
  readonly #parts = new Map<number, Part>();

  get size(): number {
    return this.#parts.size;
  }

  /** Returns the part at the index. Creates it if there is none yet. */
  at(index: JsonValue | undefined, create: () => Part): Part {
    const known = this.get(index);
    if (known !== undefined) return known;
    const part = create();
    this.#parts.set(asNumber(index) ?? 0, part);
    return part;
  }

  get(index: JsonValue | undefined): Part | undefined {
    return this.#parts.get(asNumber(index) ?? 0);
  }

  /** Returns the parts in ascending order of their index. */
  inOrder(): Part[] {
    return [...this.#parts.entries()].sort(([a], [b]) => a - b).map(([, part]) => part);
  }
}

/** Parts that each end with a finish reason, such as the choices of an answer. */
export class FinishedParts<Part extends { reason: string | undefined }> extends IndexedParts<Part> {
  /** Counted, because a look at every part for every chunk would take quadratic time. */
  #finished = 0;

  /** Sets the finish reason of one of the parts. */
  finish(part: Part, reason: string): void {
    if (part.reason === undefined) this.#finished++;
    part.reason = reason;
  }

  /** Whether there are parts, and all of them have their finish reason. */
  get isComplete(): boolean {
    return this.size > 0 && this.#finished === this.size;
  }
}
