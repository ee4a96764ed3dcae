/** Calls that wait for their result. Several can have the same id, because one answer of a model can ask for several. */

import type { StepLife } from './step-life.js';

export class OpenCalls<Call extends { readonly life: StepLife }> {
  readonly #waiting = new Map<string, Call[]>();

  open(key: string, call: Call): void {
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.push(call);
    else this.#waiting.set(key, [call]);
  }

  /**
   * Removes and returns the call that a result belongs to: the one that began next to `start`, else the first one.
   *
   * @returns undefined if none waits.
   */
  take(key: string, start?: Date): Call | undefined {
    const waiting = this.#waiting.get(key) ?? [];
    let nearest = 0;
    // Few calls run at once. A trace with more of them than can be meant is taken in order.
    const compared = Math.min(waiting.length, MAX_COMPARED);
    for (let at = 1; at < compared; at++) {
      if (distance(waiting[at], start) < distance(waiting[nearest], start)) nearest = at;
    }
    const [call] = waiting.splice(nearest, 1);
    if (waiting.length === 0) this.#waiting.delete(key);
    return call;
  }
}

const MAX_COMPARED = 64;

function distance(call: { readonly life: StepLife } | undefined, start: Date | undefined): number {
  return call?.life.distanceTo(start) ?? Number.POSITIVE_INFINITY;
}
