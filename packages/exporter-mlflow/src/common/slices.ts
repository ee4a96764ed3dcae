import { performance } from 'node:perf_hooks';
import { createTurns } from './waiting.js';

/**
 * Work that keeps the processor busy, in pieces: it yields between two of them. {@link Slices.run} lets the application
 * work in between, {@link finish} does not.
 */
export type Work<T> = Generator<void, T>;

// With the longest piece that is usual, a conversation of some megabytes, a turn stays below 100 ms.
const SLICE_MILLIS = 20;

/** Divides work of this package into turns of the event loop, so that the application can go on. */
export class Slices {
  readonly #nextTurn: () => Promise<void>;
  readonly #now: () => number;
  #begin: number;

  /**
   * @param nextTurn resolves in a turn of its own
   * @param now a monotonic clock, in milliseconds
   */
  constructor(nextTurn: () => Promise<void> = createTurns(), now: () => number = () => performance.now()) {
    this.#nextTurn = nextTurn;
    this.#now = now;
    this.#begin = now();
  }

  /** Resolves in a turn of its own. */
  async next(): Promise<void> {
    await this.#nextTurn();
    this.#begin = this.#now();
  }

  /** Resolves at once, or in the next turn if work has lasted for about 20 ms. */
  async pause(): Promise<void> {
    if (this.#isOver) await this.next();
  }

  /** Does the work, and goes on in the next turn after about 20 ms. Rejects if the work throws. */
  async run<T>(work: Work<T>): Promise<T> {
    for (;;) {
      const piece = work.next();
      if (piece.done) return piece.value;
      if (this.#isOver) await this.next();
    }
  }

  get #isOver(): boolean {
    return this.#now() - this.#begin >= SLICE_MILLIS;
  }
}

/** Does the work at once. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const piece = work.next();
    if (piece.done) return piece.value;
  }
}
