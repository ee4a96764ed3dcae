import type { ReadableSpan } from '../../common/sdk-types.js';

/** Spans that failed together, and are sent together apart from others. */
type Group = object;

interface Failures {
  times: number;
  /** How many exports had arrived at the latest failure. */
  arrivals: number;
  /** Set if something may be wrong with one of these spans. */
  group?: Group;
}

// One failure with arrivals before and after it can be an outage.
const SUSPICIOUS_FAILURES = 2;
// A span that was sent alone is at fault after so many failures while others arrived.
const MAX_OWN_FAILURES = 5;

/**
 * Finds spans for which an export fails although the server takes others: a gateway may give up on them. Spans that failed
 * before and after others arrived are sent apart, and halved at each further failure, so that none fails with another.
 */
export class Suspects {
  readonly #failures = new WeakMap<ReadableSpan, Failures>();
  #arrivals = 0;

  /** How many exports arrived so far. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Notes that an export arrived. */
  arrived(): void {
    this.#arrivals += 1;
  }

  /** Divides spans into those to send as usual, and groups to send apart. */
  divide(spans: readonly ReadableSpan[]): { usual: ReadableSpan[]; apart: ReadableSpan[][] } {
    const usual: ReadableSpan[] = [];
    const groups = new Map<Group, ReadableSpan[]>();
    for (const span of spans) {
      const group = this.#failures.get(span)?.group;
      const members = group === undefined ? usual : (groups.get(group) ?? []);
      members.push(span);
      if (group !== undefined) groups.set(group, members);
    }
    return { usual, apart: [...groups.values()] };
  }

  /**
   * Notes that these spans failed together.
   *
   * @param before how many exports had arrived when theirs began
   * @returns the spans that are at fault without doubt
   */
  failed(spans: readonly ReadableSpan[], before: number): readonly ReadableSpan[] {
    const [first] = spans;
    if (first === undefined) return [];
    if (this.#failures.get(first)?.group === undefined) {
      this.#suspect(spans);
      return [];
    }
    if (this.#arrivals === before) return [];
    if (spans.length > 1) {
      const half = Math.ceil(spans.length / 2);
      for (const group of [spans.slice(0, half), spans.slice(half)]) this.#setApart(group);
      return [];
    }
    const times = (this.#failures.get(first)?.times ?? 0) + 1;
    this.#failures.set(first, { times, arrivals: this.#arrivals, group: {} });
    return times >= MAX_OWN_FAILURES ? spans : [];
  }

  #suspect(spans: readonly ReadableSpan[]): void {
    const suspicious = spans.filter((span) => {
      const { times = 0, arrivals } = this.#failures.get(span) ?? {};
      const now = arrivals === this.#arrivals ? times : times + 1;
      this.#failures.set(span, { times: now, arrivals: this.#arrivals });
      return now >= SUSPICIOUS_FAILURES;
    });
    this.#setApart(suspicious);
  }

  #setApart(spans: readonly ReadableSpan[]): void {
    const group = {};
    for (const span of spans) this.#failures.set(span, { times: 0, arrivals: this.#arrivals, group });
  }
}
