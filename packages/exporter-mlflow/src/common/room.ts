import { callAt } from './running-time.js';

/** Limits how much is under way at the same time, such as bytes or requests. */
export interface Room {
  /**
   * Waits until this amount fits; work gets room in its order. Work larger than the room runs alone. Resolves to false if
   * `deadline`, on the clock of `runningTime()`, comes first.
   */
  take(amount: number, deadline: number): Promise<boolean>;
  /** Returns what `take` reserved. */
  free(amount: number): void;
}

export function createRoom(size: number): Room {
  let taken = 0;
  const waiting = new Set<{ amount: number; proceed: () => void }>();
  const fits = (amount: number): boolean => taken === 0 || taken + amount <= size;
  return {
    async take(amount, deadline) {
      if (waiting.size === 0 && fits(amount)) {
        taken += amount;
        return true;
      }
      return new Promise((resolve) => {
        const stopTimer = callAt(deadline, () => {
          waiting.delete(own);
          resolve(false);
        });
        const proceed = (): void => {
          stopTimer();
          resolve(true);
        };
        const own = { amount, proceed };
        waiting.add(own);
      });
    },
    free(amount) {
      taken -= amount;
      for (const next of waiting) {
        if (!fits(next.amount)) return;
        waiting.delete(next);
        taken += next.amount;
        next.proceed();
      }
    },
  };
}
