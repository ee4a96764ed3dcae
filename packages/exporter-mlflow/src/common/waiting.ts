import { setImmediate as nextTurn } from 'node:timers/promises';
import { callAt, runningTime } from './running-time.js';

/** When to give up: whichever comes first. */
export interface Limit {
  /** On the clock of {@link runningTime}, in milliseconds. */
  deadline: number;
  signal?: AbortSignal;
}

/** Whether the limit is reached. */
export function isOver({ deadline, signal }: Limit): boolean {
  return signal?.aborted === true || runningTime() >= deadline;
}

/** The result of `work`; undefined if the limit comes first. The work itself goes on. */
export function within<T>({ deadline, signal }: Limit, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stopWaiting = (): void => {
      stopTimer();
      signal?.removeEventListener('abort', end);
    };
    const end = (): void => {
      stopWaiting();
      resolve(undefined);
    };
    const isEndless = deadline === Number.POSITIVE_INFINITY;
    const stopTimer = isEndless ? (): void => {} : callAt(deadline, end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    work.then(resolve, reject).finally(stopWaiting);
  });
}

/** Waits for a time on the clock of {@link runningTime}, in milliseconds, or until the signal. */
export async function pause(millis: number, signal?: AbortSignal): Promise<void> {
  const deadline = runningTime() + millis;
  await within(signal === undefined ? { deadline } : { deadline, signal }, new Promise<never>(() => {}));
}

/** Waits for all of them, whether they fulfill or reject; false if the limit comes first. */
export async function settledWithin(limit: Limit, promises: Iterable<Promise<unknown>>): Promise<boolean> {
  return (await within(limit, Promise.allSettled(promises))) !== undefined;
}

/** Runs one piece of work at a time, in the order of the calls. */
export class Queue {
  #last: Promise<unknown> | undefined;

  /**
   * Runs `work` when all earlier work is over, or when the limit comes. `inTime` is false in the second case.
   */
  run<T>(limit: Limit, work: (inTime: boolean) => Promise<T>): Promise<T> {
    const earlier = this.#last;
    const own = (async (): Promise<T> => {
      const isFree = earlier === undefined || (await settledWithin(limit, [earlier]));
      return work(isFree && !isOver(limit));
    })();
    // The next work also waits for earlier work, even if this work stopped waiting for it.
    this.#last = earlier === undefined ? own : Promise.allSettled([earlier, own]);
    return own;
  }
}

/** A {@link Queue} for each key, for as long as work waits or runs there. */
export class Queues {
  readonly #queues = new Map<string, { queue: Queue; runs: number }>();

  /** See {@link Queue.run}. */
  async run<T>(key: string, limit: Limit, work: (inTime: boolean) => Promise<T>): Promise<T> {
    const entry = this.#queues.get(key) ?? { queue: new Queue(), runs: 0 };
    this.#queues.set(key, entry);
    entry.runs += 1;
    try {
      return await entry.queue.run(limit, work);
    } finally {
      entry.runs -= 1;
      if (entry.runs === 0) this.#queues.delete(key);
    }
  }
}

/** Runs `work` for every item, at most `limit` at a time. */
export async function forEachLimited<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  // All workers draw from the same iterator, so that each item is taken once.
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

/**
 * Spreads work that keeps the processor busy for some milliseconds. Each call resolves in its own turn of the event
 * loop, so that the application can work in between.
 */
export function createTurns(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => nextTurn());
    return last;
  };
}
