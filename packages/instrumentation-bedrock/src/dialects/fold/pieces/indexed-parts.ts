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
    this.set(index, part);
    return part;
  }

  get(index: JsonValue | undefined): Part | undefined {
    return this.#parts.get(asNumber(index) ?? 0);
  }

  set(index: JsonValue | undefined, part: Part): void {
    this.#parts.set(asNumber(index) ?? 0, part);
  }

  /** Returns the parts in ascending order of their index. */
  inOrder(): Part[] {
    return [...this.#parts.entries()].sort(([a], [b]) => a - b).map(([, part]) => part);
  }

  every(isTrue: (part: Part) => boolean): boolean {
    for (const part of this.#parts.values()) if (!isTrue(part)) return false;
    return true;
  }
}
