import { callAt } from './running-time.js';

/** Limits how much is under way at the same time, in bytes. */
export interface Room {
  /**
   * Waits until this many bytes fit; work gets room in its order. Work larger than the room runs alone. Resolves to false
   * if `deadline`, on the clock of `runningTime()`, comes first.
   */
  take(bytes: number, deadline: number): Promise<boolean>;
  /** Returns what `take` reserved. */
  free(bytes: number): void;
}

export function createRoom(maxBytes: number): Room {
  let taken = 0;
  const waiting = new Set<{ bytes: number; proceed: () => void }>();
  const fits = (bytes: number): boolean => taken === 0 || taken + bytes <= maxBytes;
  return {
    async take(bytes, deadline) {
      if (waiting.size === 0 && fits(bytes)) {
        taken += bytes;
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
        const own = { bytes, proceed };
        waiting.add(own);
      });
    },
    free(bytes) {
      taken -= bytes;
      for (const next of waiting) {
        if (!fits(next.bytes)) return;
        waiting.delete(next);
        taken += next.bytes;
        next.proceed();
      }
    },
  };
}
