import { setMaxListeners } from 'node:events';
import { runningTime } from '../../common/running-time.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { forEachLimited, isOver, type Limit, settledWithin, within } from '../../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../../http/outcome.js';
import type { Rest } from '../../mlflow/rest.js';
import { optional } from '../../mlflow/rest.js';
import { groupByTrace, isRoot } from '../span/span.js';
import { type PostponedTrace, PostponedTraces } from './postponed.js';
import type { Settling, UploadedTrace } from './settle.js';
import { Trace } from './trace.js';
import { type QUIET_MILLIS, type UnrootedTrace, UnrootedTraces } from './unrooted.js';

export interface LedgerParts {
  settling: Settling;
  /** Requests within a limit. */
  connect: (limit: Limit) => Rest;
  /** Time for records that no export waits for. */
  timeoutMillis: number;
  /** How many traces are settled at the same time. */
  concurrencyLimit: number;
  /** Receives a number of traces that stay without what they need, and why. */
  giveUp: (traces: number, cause: Failure) => void;
  /** How many traces are remembered in full. Default: 1000, a few kilobytes each at most. */
  capacity?: number;
  /** For how many traces before those it remembers that their root was here. Default: 50,000, about 100 bytes each. */
  forgotten?: number;
  /** How long traces wait for their root. See {@link UnrootedTraces}. */
  quietMillis?: typeof QUIET_MILLIS;
}

/** Spans of one export by their traces. While an export holds it, the state of these traces stays. */
export type SpanBatch = ReadonlyMap<Trace, readonly ReadableSpan[]>;

/** The result of settling the traces of one export. */
export interface Settlement {
  /** Why traces stay without what they need, one cause for each. */
  failures: Failure[];
  /** Why traces are settled later, one cause for each. */
  postponed: Failure[];
}

/**
 * Owns the state of all traces. It keeps only the most recent ones, which bounds memory. It settles a trace after its
 * spans were uploaded: at once, or later if there is no time.
 */
export class TraceLedger {
  readonly #parts: LedgerParts;
  readonly #capacity: number;
  readonly #maxForgotten: number;
  readonly #traces = new Map<string, Trace>();
  /** Forgotten traces whose root was here. A late span of such a trace must correct the totals. */
  readonly #forgotten = new Set<string>();
  readonly #postponed: PostponedTraces;
  readonly #unrooted: UnrootedTraces;
  /** Set while postponed traces are being settled. */
  #catchingUp: { done: Promise<void>; ending: AbortController } | undefined;
  #forgotProvisional = false;
  #isClosed = false;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.#capacity = parts.capacity ?? 1000;
    this.#maxForgotten = parts.forgotten ?? 50_000;
    this.#postponed = new PostponedTraces(({ cause }) => parts.giveUp(1, cause));
    this.#unrooted = new UnrootedTraces({
      ...optional('quietMillis', parts.quietMillis),
      onDue: () => this.resume({ deadline: runningTime() + parts.timeoutMillis }),
    });
  }

  /** Returns the trace with this id, or a new one if it is not known. */
  of(traceId: string): Trace {
    const trace = this.#traces.get(traceId) ?? this.#unrooted.get(traceId) ?? this.#recall(traceId);
    // A Map keeps the order of insertion: deleting first makes this trace the newest.
    this.#traces.delete(traceId);
    this.#traces.set(traceId, trace);
    if (this.#traces.size > this.#capacity) {
      const [oldest] = this.#traces.values();
      if (oldest !== undefined) this.#forget(oldest);
    }
    return trace;
  }

  /** Traces of this process whose record is provisional, because no root arrived under which they could be. */
  get provisional(): { traces: number; mayBeMore: boolean } {
    // The root of a forgotten trace may have come since.
    return { traces: [...this.#traces.values()].filter(isProvisional).length, mayBeMore: this.#forgotProvisional };
  }

  /** Adds the facts of spans to their traces, and returns the spans by trace. */
  observe(spans: readonly ReadableSpan[]): SpanBatch {
    const batch = new Map<Trace, readonly ReadableSpan[]>();
    for (const [traceId, group] of groupByTrace(spans)) {
      const trace = this.of(traceId);
      batch.set(trace, group);
      for (const span of group) trace.observe(span);
    }
    return batch;
  }

  /** Notes that an upload carries the spans of the batch. */
  uploading(batch: SpanBatch, upload: Promise<unknown>): void {
    for (const trace of batch.keys()) trace.uploading(upload);
  }

  /** Settles the traces of a batch whose spans were accepted. After an outage it settles them later. */
  async settle(
    batch: SpanBatch,
    accepted: readonly ReadableSpan[],
    experimentId: string,
    rest: Rest,
  ): Promise<Settlement> {
    const traces = new Map([...batch.keys()].map((trace) => [trace.id, trace]));
    const uploaded = [...groupByTrace(accepted)].flatMap(([traceId, spans]): UploadedTrace[] => {
      const trace = traces.get(traceId);
      return trace === undefined ? [] : [{ trace, spans, experimentId }];
    });
    const settlement: Settlement = { failures: [], postponed: [] };
    await forEachLimited(uploaded, this.#parts.concurrencyLimit, async (trace) => {
      const failure = await this.#parts.settling.uploaded(trace, rest);
      this.#waitForRoot(trace);
      if (failure?.kind === 'retryable') {
        settlement.postponed.push(failure);
        this.#postpone({ ...trace, cause: failure });
      } else if (failure !== undefined) {
        settlement.failures.push(failure);
      }
    });
    return settlement;
  }

  /**
   * Starts to settle postponed traces, and those that have waited for their root long enough, without waiting for it.
   * Called when the server accepts spans again, and when traces are due.
   */
  resume(limit: Limit): void {
    if (this.#catchingUp !== undefined) return;
    if (this.#postponed.size > 0 || this.#unrooted.areDue()) void this.#begin(limit, () => this.#unrooted.takeDue());
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
    for (const { cause } of this.#postponed.takeAll()) this.#parts.giveUp(1, cause);
    for (const { cause = OUT_OF_TIME } of this.#unrooted.takeAll()) this.#parts.giveUp(1, cause);
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
    const { settling, connect, concurrencyLimit, giveUp } = this.#parts;
    const rest = connect(limit);
    const aborted = { ...limit, deadline: Number.POSITIVE_INFINITY };
    let isAway = false;
    const settleOne = async (settle: () => Promise<Failure | undefined>, keep: (cause?: Failure) => void) => {
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
        giveUp(1, failure);
      }
    };
    await forEachLimited(this.#postponed.takeAll(), concurrencyLimit, (trace) =>
      settleOne(
        () => settling.uploaded(trace, rest),
        (cause = trace.cause) => this.#postpone({ ...trace, cause }),
      ),
    );
    // Roots may be among the postponed ones, so this comes afterwards.
    await forEachLimited(takeUnrooted(), concurrencyLimit, (unrooted) =>
      settleOne(
        () => settling.withoutRoot(unrooted, rest),
        (cause = unrooted.cause) => this.#keepUnrooted({ ...unrooted, ...optional('cause', cause) }),
      ),
    );
  }

  /** A trace without the record of a root waits for it. */
  #waitForRoot({ trace, spans, experimentId }: UploadedTrace): void {
    if (trace.record.kind !== 'none') {
      this.#unrooted.delete(trace);
    } else if (!spans.some(isRoot)) {
      trace.arrivedWithoutRoot(spans);
      this.#keepUnrooted({ trace, experimentId });
    }
  }

  #keepUnrooted(unrooted: UnrootedTrace): void {
    if (this.#isClosed) this.#parts.giveUp(1, unrooted.cause ?? OUT_OF_TIME);
    else this.#unrooted.add(unrooted);
  }

  #postpone(trace: PostponedTrace): void {
    if (this.#isClosed) {
      this.#parts.giveUp(1, trace.cause);
      return;
    }
    const roots = trace.spans.filter(isRoot);
    // If the roots are here, only the record is missing, and it does not need the other spans.
    this.#postponed.add(roots.length > 0 ? { ...trace, spans: roots } : trace);
  }

  #forget(trace: Trace): void {
    this.#traces.delete(trace.id);
    this.#forgotProvisional ||= isProvisional(trace);
    if (!trace.facts.isRooted) return;
    this.#forgotten.add(trace.id);
    if (this.#forgotten.size > this.#maxForgotten) {
      const [oldest] = this.#forgotten;
      if (oldest !== undefined) this.#forgotten.delete(oldest);
    }
  }

  #recall(traceId: string): Trace {
    return new Trace(traceId, this.#forgotten.delete(traceId));
  }
}

function isProvisional({ record, provisionalRecords, topmost }: Trace): boolean {
  return record.kind === 'none' && provisionalRecords > 0 && topmost?.isRemote !== true;
}
