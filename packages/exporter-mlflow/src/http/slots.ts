import { performance } from 'node:perf_hooks';

export interface Slots {
  /** Waits for a free slot, first come, first served; `false` when `deadline` came first. */
  take(deadline: number): Promise<boolean>;
  /** Gives back a slot that was taken. */
  free(): void;
}

/** Something that at most `count` may have at a time. */
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
