import { performance } from 'node:perf_hooks';
import { callAt, runningTime } from '../../common/running-time.js';
import type { Failure } from '../../http/exchange/outcome.js';
import type { Watch } from '../../mlflow/rest.js';

/** Requests that fail for this long, without any answer in between, are an outage. Shorter ones stay silent. */
const OUTAGE_MILLIS = 5_000;

/** The clocks of this package. Both are in milliseconds. */
export interface Clocks {
  /** A monotonic clock. */
  now: () => number;
  /** Calls back after this time. Does not keep the process alive. Returns a function that cancels the call. */
  after: (millis: number, callback: () => void) => () => void;
}

export const CLOCKS: Clocks = {
  now: () => performance.now(),
  // The time of a suspended process is no outage.
  after: (millis, callback) => callAt(runningTime() + millis, callback, { keepsAlive: false }),
};

/** Notices that requests fail again and again, while they are still being repeated. */
export class RequestWatch implements Watch {
  readonly #clocks: Clocks;
  readonly #onOutage: (cause: Failure) => void;
  #cause: Failure | undefined;
  #cancel: (() => void) | undefined;
  /** When the first request failed since the latest answer; undefined if none did. */
  since: number | undefined;
  /** When the latest request failed. */
  until: number = Number.NEGATIVE_INFINITY;

  /** @param onOutage called once requests have failed for {@link OUTAGE_MILLIS}, with the latest cause */
  constructor(clocks: Clocks, onOutage: (cause: Failure) => void) {
    this.#clocks = clocks;
    this.#onOutage = onOutage;
  }

  retried(cause: Failure, millis: number): void {
    const now = this.#clocks.now();
    this.since ??= now - millis;
    this.until = now;
    this.#cause = cause;
    this.#cancel ??= this.#clocks.after(Math.max(0, this.since + OUTAGE_MILLIS - now), () => {
      if (this.#cause !== undefined) this.#onOutage(this.#cause);
    });
  }

  answered(): void {
    this.stop();
    this.since = undefined;
  }

  /** Calls back no more until another request fails: nothing is being repeated, or the outage is reported already. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
