import { performance } from 'node:perf_hooks';

/** Places for requests. Each holds one request. */
export interface Slots {
  /**
   * Waits for a free slot; requests get one in their order. Resolves to false if `deadline`, on the clock of
   * `performance.now()`, comes first.
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
        const timer = setTimeout(
          () => {
            waiting.delete(proceed);
            resolve(false);
          },
          Math.max(0, deadline - performance.now()),
        );
        const proceed = (): void => {
          clearTimeout(timer);
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
