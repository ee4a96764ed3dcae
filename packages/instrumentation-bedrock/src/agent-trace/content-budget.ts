/** How much content of an agent's trace is kept. */

import { type JsonObject, type JsonValue, type ToJsonOptions, toJson } from '../data/json.js';
import { lengthOf } from '../data/json-length.js';
import { writeWithin } from '../data/shrink.js';

export interface ContentOptions extends ToJsonOptions {
  /** False if no content is recorded. Then none is kept. */
  readonly withContent: boolean;
  /** In characters, for the whole trace. */
  readonly maxRecordLength: number;
}

/** In characters, for the objects around each value. */
const OVERHEAD = 16;

/** Copies content until the record of the call is full. The last value that is kept is cut; later ones are left out. */
export class ContentBudget {
  readonly #limits: ToJsonOptions;
  #left: number;
  #leftOut = 0;

  constructor({ withContent, maxRecordLength, maxMediaBytes }: ContentOptions) {
    this.#limits = { maxMediaBytes };
    this.#left = withContent ? maxRecordLength : Number.NEGATIVE_INFINITY;
  }

  /** How many values were left out because the record was full. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** True if no content is recorded at all. */
  get isOff(): boolean {
    return this.#left === Number.NEGATIVE_INFINITY;
  }

  /** Returns content that is not empty; undefined if no content is recorded. */
  whenOn(content: () => JsonObject): JsonObject | undefined {
    if (this.isOff) return undefined;
    const members = Object.entries(content()).filter(([, value]) => value !== undefined);
    return members.length > 0 ? Object.fromEntries(members) : undefined;
  }

  /** @returns undefined if nothing of it is kept. */
  keep(value: JsonObject): JsonObject | undefined {
    return this.#keep(value) as JsonObject | undefined;
  }

  keepText(text: string | undefined): string | undefined {
    return text === undefined ? undefined : (this.#keep(text) as string | undefined);
  }

  #keep(value: JsonValue): JsonValue | undefined {
    if (this.isOff) return undefined;
    if (this.#left <= 0) {
      this.#leftOut++;
      return undefined;
    }
    const limit = this.#left;
    const copy = toJson(value, this.#limits);
    const write = (values: { value: JsonValue | undefined }) => ({ ...values, length: lengthOf(values.value) });
    const kept = writeWithin({ value: copy }, limit, write);
    this.#left -= OVERHEAD + (kept?.length ?? limit);
    // What has many parts and no long text cannot be cut.
    if (kept && kept.length <= limit) return kept.value;
    this.#leftOut++;
    return undefined;
  }
}
