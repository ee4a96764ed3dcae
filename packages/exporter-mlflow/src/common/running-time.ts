import { performance } from 'node:perf_hooks';

// Waiting code looks at the clock at least this often.
const TICK_MILLIS = 250;
// Longer than a busy event loop delays a timer, as a rule. A longer gap means that the process could not run.
const LONGEST_GAP_MILLIS = 1_000;

/**
 * Measures the time in which this process was able to run. It leaves out the time in which the process was stopped, its
 * virtual machine was frozen, or its event loop was blocked: deadlines must not pass in that time, because no request
 * could be sent.
 *
 * The operating system does not report a suspension, so the clock takes a gap between two looks at it for one. While
 * anything waits for a point in time, {@link RunningClock.callAt} looks at the clock regularly. While nothing waits, gaps
 * do not matter.
 */
export class RunningClock {
  readonly #systemTime: () => number;
  #lastLook: number;
  #suspendedMillis = 0;

  /** @param systemTime a monotonic clock in milliseconds, which may go on during a suspension */
  constructor(systemTime: () => number = () => performance.now()) {
    this.#systemTime = systemTime;
    this.#lastLook = systemTime();
  }

  /** The time on this clock, in milliseconds. */
  now(): number {
    const time = this.#systemTime();
    const gap = time - this.#lastLook;
    if (gap > LONGEST_GAP_MILLIS) this.#suspendedMillis += gap - TICK_MILLIS;
    this.#lastLook = time;
    return time - this.#suspendedMillis;
  }

  /**
   * Calls back when this clock shows `time`, and not before the next turn. Returns a function that cancels the call.
   *
   * @param options `keepsAlive`: whether the process waits for it. Default: `true`.
   */
  callAt(time: number, callback: () => void, { keepsAlive = true }: { keepsAlive?: boolean } = {}): () => void {
    const wait = (): NodeJS.Timeout => {
      const timer = setTimeout(look, Math.min(TICK_MILLIS, Math.max(0, time - this.now())));
      return keepsAlive ? timer : timer.unref();
    };
    const look = (): void => {
      if (this.now() >= time) callback();
      else timer = wait();
    };
    let timer = wait();
    return () => clearTimeout(timer);
  }
}

const clock = new RunningClock();

/** The clock of all deadlines in this package, in milliseconds. See {@link RunningClock}. */
export function runningTime(): number {
  return clock.now();
}

/** Calls back at a time of {@link runningTime}. See {@link RunningClock.callAt}. */
export function callAt(time: number, callback: () => void, options: { keepsAlive?: boolean } = {}): () => void {
  return clock.callAt(time, callback, options);
}
