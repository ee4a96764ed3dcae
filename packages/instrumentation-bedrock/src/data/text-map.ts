/** A map with texts as keys, whose work is linear in the length of the texts. */

/** In characters. V8 hashes longer strings by their length only, so a `Map` compares all of one length with each other. */
const LONGEST_HASHED = 10_000;
/** How many known texts of the same length a text is compared with. */
const COMPARED = 4;

interface SameLength {
  readonly texts: string[];
  readonly values: string[];
  /** The position after the text that was found last. Texts are often looked up in the order in which they were set. */
  next: number;
}

/** Can forget a long text if there are many of its length. */
export class TextMap {
  readonly #hashed = new Map<string, string>();
  readonly #long = new Map<number, SameLength>();

  get(text: string): string | undefined {
    if (text.length <= LONGEST_HASHED) return this.#hashed.get(text);
    const known = this.#long.get(text.length);
    if (!known) return undefined;
    const { texts, values, next } = known;
    for (let step = 0; step < Math.min(COMPARED, texts.length); step++) {
      const at = (next + step) % texts.length;
      if (texts[at] !== text) continue;
      known.next = at + 1;
      return values[at];
    }
    return undefined;
  }

  set(text: string, value: string): void {
    if (text.length <= LONGEST_HASHED) {
      this.#hashed.set(text, value);
      return;
    }
    const known = this.#long.get(text.length);
    if (known) {
      known.texts.push(text);
      known.values.push(value);
    } else {
      this.#long.set(text.length, { texts: [text], values: [value], next: 0 });
    }
  }
}
