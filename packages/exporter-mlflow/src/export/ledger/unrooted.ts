import { performance } from 'node:perf_hooks';
import type { UnrootedTrace } from '../settle/settle.js';
import type { Trace } from '../trace/trace.js';

interface UnrootedOptions {
  /** Called when traces are due. */
  onDue: () => void;
  /** Receives a trace that is given up because too many wait and cannot be settled. */
  giveUp: (unrooted: UnrootedTrace) => void;
  /** How long a trace waits after its latest spans. Default: {@link QUIET_MILLIS}. */
  quietMillis?: typeof QUIET_MILLIS;
}

/**
 * In milliseconds. `remote`: a service that called this one sends its root within two intervals of its processor,
 * usually. `local`: an agent that still runs has sent its next span by then, usually.
 */
export const QUIET_MILLIS = { remote: 10_000, local: 30_000 };
// From the provisional record on. Most requests to a service end by then.
const RECORDED_MILLIS = 60_000;
// A few kilobytes each at most. Beyond it, traces are due at once.
const MAX_TRACES = 2000;
const MOST_TRACES = 2 * MAX_TRACES;
const MAX_DOUBLINGS = 8;

/**
 * Traces that wait for their root. When no span of a trace has arrived for some time, it is due for a provisional record.
 * Each provisional record doubles the time until the next one, so a trace that runs for hours needs only a few.
 */
export class UnrootedTraces {
  readonly #options: UnrootedOptions;
  readonly #waiting = new Map<string, UnrootedTrace & { due: number }>();
  #timer: { timer: NodeJS.Timeout; at: number } | undefined;

  constructor(options: UnrootedOptions) {
    this.#options = options;
  }

  /** The trace with this id if it waits. */
  get(traceId: string): Trace | undefined {
    return this.#waiting.get(traceId)?.trace;
  }

  /** Adds a trace whose spans arrived now. A waiting trace waits anew. */
  add(unrooted: UnrootedTrace): void {
    const { trace, isRecorded } = unrooted;
    const { remote, local } = this.#options.quietMillis ?? QUIET_MILLIS;
    const quiet = trace.topmost?.isRemote ? remote : local;
    const doublings = Math.min(trace.provisionalRecords, MAX_DOUBLINGS);
    this.#waiting.delete(trace.id);
    const due = performance.now() + (isRecorded ? RECORDED_MILLIS : quiet * 2 ** doublings);
    this.#waiting.set(trace.id, { ...unrooted, due });
    const [oldest] = this.#waiting.values();
    if (oldest !== undefined && this.#waiting.size > MOST_TRACES) {
      this.#options.giveUp(oldest);
      this.#waiting.delete(oldest.trace.id);
    }
    this.#wakeAt(this.excess > 0 ? 0 : due);
  }

  /** How many traces wait beyond the bound. */
  get excess(): number {
    return Math.max(0, this.#waiting.size - MAX_TRACES);
  }

  delete({ id }: Trace): void {
    this.#waiting.delete(id);
  }

  /** Whether traces are due. */
  areDue(now: number = performance.now()): boolean {
    return this.#due(now).length > 0;
  }

  /** Removes the traces that are due: they have waited long enough, or too many wait. */
  takeDue(now: number = performance.now()): UnrootedTrace[] {
    return this.#take(this.#due(now));
  }

  /** Removes all of them. */
  takeAll(): UnrootedTrace[] {
    return this.#take(this.#waiting.values());
  }

  /** Makes sure that a timer runs for the trace that is due next. */
  rearm(): void {
    if (this.#waiting.size > 0) this.#wakeAt(Math.min(...[...this.#waiting.values()].map(({ due }) => due)));
  }

  /** Ends the timer. */
  disarm(): void {
    clearTimeout(this.#timer?.timer);
    this.#timer = undefined;
  }

  #due(now: number): UnrootedTrace[] {
    const { excess } = this;
    return [...this.#waiting.values()].filter(({ due }, index) => index < excess || due <= now);
  }

  #take(taken: Iterable<UnrootedTrace>): UnrootedTrace[] {
    const traces = [...taken];
    for (const { trace } of traces) this.#waiting.delete(trace.id);
    if (this.#waiting.size === 0) this.disarm();
    return traces;
  }

  /** The timer does not keep the process running. */
  #wakeAt(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.disarm();
    const wake = (): void => {
      this.#timer = undefined;
      if (this.areDue()) this.#options.onDue();
      // Spans that arrived since have put the time off.
      else this.rearm();
    };
    const timer = setTimeout(wake, Math.max(0, at - performance.now()));
    timer.unref();
    this.#timer = { timer, at };
  }
}
