import { performance } from 'node:perf_hooks';

/** What a class of causes has logged since its budget was last full. */
interface Spent {
  since: number;
  lines: number;
  texts: Set<string>;
  /** How many reports were not logged since the latest line. */
  heldBack: number;
}

const REFILL_MILLIS = 10 * 60_000;
// Answers that differ only in the trace they name have one cause.
const TRACE_ID = /\b(?:tr-)?[0-9a-f]{32}\b/gi;

/**
 * Decides which reports become lines of the log. Each class of causes has a budget of its own, so that no class silences
 * another. Within its class, a text is logged once until the budget is full again: after ten minutes, or at a
 * {@link LineBudget.refill}.
 *
 * Classes must be a closed set. Texts need not be: a server can word each of its answers differently.
 */
export class LineBudget {
  readonly #now: () => number;
  readonly #spent = new Map<string, Spent>();

  /** @param now a monotonic clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Takes one line of the budget of this class.
   *
   * @param maxLines how many lines the class may log until its budget is full again
   * @param again whether the text may be logged although it was before. Default: `false`.
   * @returns how many reports of the class were not logged since its latest line; undefined if this one must not be logged
   */
  take(cause: string, text: string, maxLines: number, again = false): number | undefined {
    const now = this.#now();
    let spent = this.#spent.get(cause);
    if (spent === undefined) {
      spent = { since: now, lines: 0, texts: new Set(), heldBack: 0 };
      this.#spent.set(cause, spent);
    }
    if (now - spent.since >= REFILL_MILLIS) {
      spent.texts.clear();
      spent.lines = 0;
      spent.since = now;
    }
    const known = text.replace(TRACE_ID, '');
    if ((spent.texts.has(known) && !again) || spent.lines >= maxLines) {
      spent.heldBack += 1;
      return undefined;
    }
    spent.texts.add(known);
    spent.lines += 1;
    const { heldBack } = spent;
    spent.heldBack = 0;
    return heldBack;
  }

  /** Fills the budgets of all classes with this beginning. */
  refill(beginning: string): void {
    for (const cause of this.#spent.keys()) if (cause.startsWith(beginning)) this.#spent.delete(cause);
  }
}
