import { setMaxListeners } from 'node:events';
import { runningTime } from '../../common/running-time.js';
import { forEachLimited, isOver, type Limit, settledWithin, within } from '../../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import { optional, type Rest } from '../../mlflow/rest.js';
import type { Settling, UnrootedTrace, UploadedTrace } from '../settle/settle.js';
import { isRoot } from '../span/span.js';
import type { Trace } from '../trace/trace.js';
import { type PostponedTrace, PostponedTraces } from './postponed.js';
import { type QUIET_MILLIS, UnrootedTraces } from './unrooted.js';

export interface BacklogParts {
  settling: Settling;
  /** Requests within a limit. */
  connect: (limit: Limit) => Rest;
  /** How long the backlog may take when no export waits for it. */
  timeoutMillis: number;
  /** How many traces are settled at the same time. */
  concurrencyLimit: number;
  /** Receives a number of traces that stay without what they need, and why. */
  giveUp: (traces: number, cause: Failure) => void;
  /** Receives the failure of a trace that is tried again later, and of which no other failure was reported. */
  postponed?: (cause: Failure) => void;
  /** Receives how many records of postponed traces arrived, if none of them failed. */
  recorded?: (traces: number) => void;
  /** Receives a number of traces whose records stay on the server although their spans were lost. */
  leaveEmpty: (traces: number) => void;
  /** How long traces wait for their root. See {@link UnrootedTraces}. */
  quietMillis?: typeof QUIET_MILLIS;
}

/** Traces that are settled later: those for which there was no time, and those that wait for their root. */
export class Backlog {
  readonly #parts: BacklogParts;
  readonly #postponed: PostponedTraces;
  readonly #unrooted: UnrootedTraces;
  /** Set while traces are being settled. */
  #catchingUp: { done: Promise<void>; ending: AbortController } | undefined;
  #leftEmpty = 0;
  #isClosed = false;

  constructor(parts: BacklogParts) {
    this.#parts = parts;
    this.#postponed = new PostponedTraces((trace) => this.#giveUp(trace, trace.cause));
    this.#unrooted = new UnrootedTraces({
      ...optional('quietMillis', parts.quietMillis),
      onDue: () => this.resume({ deadline: runningTime() + parts.timeoutMillis }),
      giveUp: (unrooted) => this.#giveUpUnrooted(unrooted, unrooted.cause),
    });
  }

  /** The trace with this id if it waits for its root. */
  waitingForRoot(traceId: string): Trace | undefined {
    return this.#unrooted.get(traceId);
  }

  /** Takes a trace whose spans arrived, until its root has its record. */
  waitForRoot({ trace, spans, experimentId }: UploadedTrace): void {
    if (trace.record.kind !== 'none') {
      this.#unrooted.delete(trace);
    } else if (!spans.some(isRoot)) {
      trace.arrivedWithoutRoot(spans);
      this.#keepUnrooted({ trace, experimentId });
    }
  }

  /** Takes a trace for which there was no time. */
  postpone(trace: PostponedTrace): void {
    if (this.#isClosed) {
      this.#giveUp(trace, trace.cause);
      return;
    }
    const roots = trace.spans.filter(isRoot);
    // If the roots are here, only the record is missing, and it does not need the other spans.
    this.#postponed.add(roots.length > 0 ? { ...trace, spans: roots } : trace);
  }

  /**
   * Starts to settle postponed traces, and those that have waited for their root long enough, without waiting for it.
   * Called when the server accepts spans again, and when traces are due.
   */
  resume(limit: Limit): void {
    if (this.#catchingUp !== undefined) return;
    if (this.#postponed.size > 0 || this.#unrooted.areDue()) void this.#begin(limit, () => this.#unrooted.takeDue());
  }

  /** Settles traces until not too many wait, so that exports do not get ahead of the server without end. */
  async relieve(limit: Limit): Promise<void> {
    for (let { excess } = this.#unrooted; excess > 0 && !isOver(limit); ) {
      const running = this.#catchingUp?.done ?? this.#begin(limit, () => this.#unrooted.takeDue());
      await settledWithin(limit, [running]);
      // The server does not take them at the moment.
      if (this.#unrooted.excess >= excess) return;
      excess = this.#unrooted.excess;
    }
  }

  /**
   * Settles as many postponed traces, and traces without a root, as the limit allows. Work that {@link resume} began also
   * ends at this limit, although its own limit is later.
   */
  async catchUp(limit: Limit): Promise<void> {
    for (let running = this.#catchingUp; running !== undefined; running = this.#catchingUp) {
      if (await settledWithin(limit, [running.done])) continue;
      running.ending.abort();
      await running.done;
    }
    await this.#begin(limit, () => this.#unrooted.takeAll());
  }

  /** Gives up what is still postponed. */
  close(): void {
    this.#isClosed = true;
    this.#unrooted.disarm();
    for (const trace of this.#postponed.takeAll()) this.#giveUp(trace, trace.cause);
    if (this.#leftEmpty > 0) this.#parts.leaveEmpty(this.#leftEmpty);
    for (const unrooted of this.#unrooted.takeAll()) this.#giveUpUnrooted(unrooted, unrooted.cause);
  }

  #begin(limit: Limit, takeUnrooted: () => UnrootedTrace[]): Promise<void> {
    const ending = new AbortController();
    // One listener for each trace that is being settled, and one for each of its requests.
    setMaxListeners(0, ending.signal);
    const done = this.#settleWaiting({ ...limit, signal: ending.signal }, takeUnrooted).finally(() => {
      this.#catchingUp = undefined;
      if (!this.#isClosed) this.#unrooted.rearm();
    });
    this.#catchingUp = { done, ending };
    return done;
  }

  async #settleWaiting(limit: Limit, takeUnrooted: () => UnrootedTrace[]): Promise<void> {
    const { settling, connect, concurrencyLimit } = this.#parts;
    const rest = connect(limit);
    const aborted = { ...limit, deadline: Number.POSITIVE_INFINITY };
    let isAway = false;
    const settleOne = async (
      settle: () => Promise<Failure | undefined>,
      keep: (cause?: Failure) => void,
      giveUp: (cause: Failure) => void,
    ): Promise<void> => {
      if (isAway || isOver(limit)) return keep();
      // Requests end at the deadline by themselves, and then know the cause. Only other waiting must be ended here.
      const { failure } = (await within(
        aborted,
        settle().then((failure) => ({ failure })),
      )) ?? { failure: OUT_OF_TIME };
      if (failure?.kind === 'retryable') {
        // Status 500 may be about this trace alone.
        isAway ||= failure.status !== 500;
        keep(failure === OUT_OF_TIME ? undefined : failure);
      } else if (failure !== undefined) {
        giveUp(failure);
      }
    };
    let recorded = 0;
    await forEachLimited(this.#postponed.takeAll(), concurrencyLimit, (trace) =>
      settleOne(
        async () => {
          const failure = await settling.uploaded(trace, rest);
          if (failure === undefined && trace.spans.some(isRoot)) recorded += 1;
          return failure;
        },
        (cause = trace.cause) => this.postpone({ ...trace, cause }),
        (cause) => this.#giveUp(trace, cause),
      ),
    );
    if (recorded > 0 && this.#postponed.size === 0) this.#parts.recorded?.(recorded);
    // Roots may be among the postponed ones, so this comes afterwards.
    await forEachLimited(takeUnrooted(), concurrencyLimit, (unrooted) =>
      settleOne(
        () => this.#settleUnrooted(unrooted, rest),
        (cause = unrooted.cause) => {
          if (cause !== undefined && unrooted.cause === undefined) this.#parts.postponed?.(cause);
          this.#keepUnrooted({ ...unrooted, ...optional('cause', cause) });
        },
        (cause) => this.#giveUpUnrooted(unrooted, cause),
      ),
    );
  }

  /** A trace that has a record, but not the span of its root, waits once more: the root may be on its way. */
  async #settleUnrooted(unrooted: UnrootedTrace, rest: Rest): Promise<Failure | undefined> {
    const { trace, experimentId } = unrooted;
    const before = trace.provisionalRecords;
    const failure = await this.#parts.settling.withoutRoot(unrooted, rest);
    const mayChange = trace.provisionalRecords > before || (trace.lacksRootSpan && !unrooted.isRecorded);
    if (failure === undefined && mayChange && !this.#isClosed && this.#unrooted.excess === 0)
      this.#unrooted.add({ trace, experimentId, isRecorded: true });
    return failure;
  }

  #keepUnrooted(unrooted: UnrootedTrace): void {
    if (this.#isClosed) this.#giveUpUnrooted(unrooted, unrooted.cause);
    // New spans may have come since.
    else if (!unrooted.isRecorded || this.#unrooted.get(unrooted.trace.id) === undefined) this.#unrooted.add(unrooted);
  }

  #giveUpUnrooted({ isRecorded }: UnrootedTrace, cause: Failure = OUT_OF_TIME): void {
    if (!isRecorded) this.#parts.giveUp(1, cause);
  }

  #giveUp({ spans }: PostponedTrace, cause: Failure): void {
    if (spans.length === 0) this.#leftEmpty += 1;
    else this.#parts.giveUp(1, cause);
  }
}
