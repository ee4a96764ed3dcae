import { callAt } from '../common/running-time.js';

/** Places for requests. Each holds one request. */
export interface Slots {
  /**
   * Waits for a free slot; requests get one in their order. Resolves to false if `deadline`, on the clock of
   * `runningTime()`, comes first.
   */
  take(deadline: number): Promise<boolean>;
  /** Returns a slot that `take` reserved. */
  free(): void;
}

/** Creates `count` slots. */
export function createSlots(count: number): Slots {
  let left = count;
  const waiting = new Set<() => void>();
  return {
    async take(deadline) {
      if (left > 0) {
        left -= 1;
        return true;
      }
      return new Promise((resolve) => {
        const stopTimer = callAt(deadline, () => {
          waiting.delete(proceed);
          resolve(false);
        });
        const proceed = (): void => {
          stopTimer();
          resolve(true);
        };
        waiting.add(proceed);
      });
    },
    free() {
      const [next] = waiting;
      if (next === undefined) {
        left += 1;
        return;
      }
      waiting.delete(next);
      next();
    },
  };
}
