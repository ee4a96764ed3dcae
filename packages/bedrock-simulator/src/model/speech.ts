/**
 * Speech that the simulator understands. Each letter is a tone of 20 milliseconds whose loudness is the number of the
 * letter; a run of silence ends what the speaker says. It sounds like a fax machine and needs no model.
 */

/** In milliseconds. */
const LETTER = 20;
/** In letters: half a second of silence ends what the speaker says. */
const PAUSE = 25;
/** The loudness of one letter is a multiple of this, so that it survives rounding. */
const LOUDNESS = 64;
const LAST_LETTER = 0x1ff;

export const INPUT_RATE = 16_000;
export const OUTPUT_RATE = 24_000;

/** Returns a text as 16-bit mono PCM. Letters beyond Latin are spoken as `?`. */
export function speak(text: string, sampleRateHertz: number = INPUT_RATE): Buffer {
  const samples = samplesPerLetter(sampleRateHertz);
  const pcm = Buffer.alloc([...text].length * samples * 2);
  [...text].forEach((letter, index) => {
    const code = letter.codePointAt(0) ?? 0;
    const loudness = (code > LAST_LETTER ? 0x3f : code) * LOUDNESS;
    for (let sample = 0; sample < samples; sample++) {
      pcm.writeInt16LE(sample % 2 === 0 ? loudness : -loudness, (index * samples + sample) * 2);
    }
  });
  return pcm;
}

/** Returns silence as 16-bit mono PCM. */
export function silence(milliseconds: number, sampleRateHertz: number = INPUT_RATE): Buffer {
  return Buffer.alloc(Math.round((milliseconds * sampleRateHertz) / 1000) * 2);
}

/** Hears what one speaker says, while it arrives. */
export class Listener {
  readonly #bytesPerLetter: number;
  #rest: Buffer = Buffer.alloc(0);
  #text = '';
  #silent = 0;

  constructor(sampleRateHertz: number) {
    this.#bytesPerLetter = samplesPerLetter(sampleRateHertz) * 2;
  }

  /** Returns what the speaker has said if a pause follows it; else undefined. */
  hear(pcm: Uint8Array): string | undefined {
    this.#rest = Buffer.concat([this.#rest, pcm]);
    let said: string | undefined;
    let offset = 0;
    for (; offset + this.#bytesPerLetter <= this.#rest.length; offset += this.#bytesPerLetter) {
      const code = Math.round(Math.abs(this.#rest.readInt16LE(offset)) / LOUDNESS);
      this.#silent = code === 0 ? this.#silent + 1 : 0;
      if (code > 0) this.#text += String.fromCodePoint(code);
      if (this.#silent === PAUSE && this.#text !== '') said = this.end();
    }
    this.#rest = this.#rest.subarray(offset);
    return said;
  }

  /** Returns what the speaker has said since the last pause; undefined if that is nothing. */
  end(): string | undefined {
    const text = this.#text.trim();
    this.#text = '';
    return text === '' ? undefined : text;
  }
}

function samplesPerLetter(sampleRateHertz: number): number {
  return Math.round((sampleRateHertz * LETTER) / 1000);
}
