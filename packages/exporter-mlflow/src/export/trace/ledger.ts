import { setMaxListeners } from 'node:events';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { forEachLimited, isOver, type Limit, settledWithin, within } from '../../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../../http/outcome.js';
import type { Rest } from '../../mlflow/rest.js';
import { groupByTrace } from '../span/span.js';
import { type PostponedTrace, PostponedTraces } from './postponed.js';
import type { Settle, UploadedTrace } from './settle.js';
import { type Origin, Trace } from './trace.js';

export interface LedgerParts {
  /** Sends what a trace needs after its spans. */
  settle: Settle;
  /** Requests within a limit. */
  connect: (limit: Limit) => Rest;
  /** Whether the record of a trace is sent with this span. */
  isRoot: (span: ReadableSpan) => boolean;
  /** How many traces are settled at the same time. */
  concurrencyLimit: number;
  /** Receives a number of traces that stay without what they need, and why. */
  giveUp: (traces: number, cause: Failure) => void;
  /** How many traces are remembered in full. Default: 1000, a few kilobytes each at most. */
  capacity?: number;
  /** For how many traces before those it remembers where they came from. Default: 50,000, about 100 bytes each. */
  origins?: number;
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
  readonly #maxOrigins: number;
  readonly #traces = new Map<string, Trace>();
  /** Origins of forgotten traces. A late span of such a trace must correct the totals. */
  readonly #origins = new Map<string, Origin>();
  readonly #postponed: PostponedTraces;
  /** Set while postponed traces are being settled. */
  #catchingUp: { done: Promise<void>; ending: AbortController } | undefined;
  #forgotWithoutRoot = false;
  #isClosed = false;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.#capacity = parts.capacity ?? 1000;
    this.#maxOrigins = parts.origins ?? 50_000;
    this.#postponed = new PostponedTraces(({ cause }) => parts.giveUp(1, cause));
  }

  /** Returns the trace with this id, or a new one if it is not known. */
  of(traceId: string): Trace {
    const trace = this.#traces.get(traceId) ?? this.#recall(traceId);
    // A Map keeps the order of insertion: deleting first makes this trace the newest.
    this.#traces.delete(traceId);
    this.#traces.set(traceId, trace);
    if (this.#traces.size > this.#capacity) {
      const [oldest] = this.#traces.values();
      if (oldest !== undefined) this.#forget(oldest);
    }
    return trace;
  }

  /** Traces of this process whose root has not come. MLflow shows them as in progress. */
  get withoutRoot(): { traces: number; mayBeMore: boolean } {
    // The root of a forgotten trace may have come since.
    return { traces: [...this.#traces.values()].filter(lacksRoot).length, mayBeMore: this.#forgotWithoutRoot };
  }

  /**
   * Adds the facts of spans to their traces, and returns the spans by trace.
   *
   * @param forRecord whether the traces get records. Otherwise only their parents matter.
   */
  observe(spans: readonly ReadableSpan[], forRecord: boolean): SpanBatch {
    const batch = new Map<Trace, readonly ReadableSpan[]>();
    for (const [traceId, group] of groupByTrace(spans)) {
      const trace = this.of(traceId);
      batch.set(trace, group);
      for (const span of group) {
        if (forRecord) trace.observe(span);
        else trace.observeParent(span);
      }
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
      const failure = await this.#parts.settle(trace, rest);
      if (failure?.kind === 'retryable') {
        settlement.postponed.push(failure);
        this.#postpone({ ...trace, cause: failure });
      } else if (failure !== undefined) {
        settlement.failures.push(failure);
      }
    });
    return settlement;
  }

  /** Starts to settle postponed traces, without waiting for it. Called when the server accepts spans again. */
  resume(limit: Limit): void {
    if (this.#postponed.size > 0 && this.#catchingUp === undefined) void this.catchUp(limit);
  }

  /**
   * Settles as many postponed traces as the limit allows. Work that {@link resume} began also ends at this limit,
   * although its own limit is later.
   */
  async catchUp(limit: Limit): Promise<void> {
    for (let running = this.#catchingUp; running !== undefined; running = this.#catchingUp) {
      if (await settledWithin(limit, [running.done])) continue;
      running.ending.abort();
      await running.done;
    }
    const ending = new AbortController();
    // One listener for each trace that is being settled, and one for each of its requests.
    setMaxListeners(0, ending.signal);
    const done = this.#settlePostponed({ ...limit, signal: ending.signal }).finally(() => {
      this.#catchingUp = undefined;
    });
    this.#catchingUp = { done, ending };
    await done;
  }

  /** Gives up what is still postponed. */
  close(): void {
    this.#isClosed = true;
    for (const { cause } of this.#postponed.takeAll()) this.#parts.giveUp(1, cause);
  }

  async #settlePostponed(limit: Limit): Promise<void> {
    const { settle, connect, concurrencyLimit, giveUp } = this.#parts;
    const rest = connect(limit);
    const aborted = { ...limit, deadline: Number.POSITIVE_INFINITY };
    let isAway = false;
    await forEachLimited(this.#postponed.takeAll(), concurrencyLimit, async (trace) => {
      if (isAway || isOver(limit)) return this.#postpone(trace);
      // Requests end at the deadline by themselves, and then know the cause. Only other waiting must be ended here.
      const settling = settle(trace, rest).then((failure) => ({ failure }));
      const { failure } = (await within(aborted, settling)) ?? { failure: OUT_OF_TIME };
      if (failure?.kind === 'retryable') {
        // Status 500 may be about this trace alone.
        isAway ||= failure.status !== 500;
        this.#postpone(failure === OUT_OF_TIME ? trace : { ...trace, cause: failure });
      } else if (failure !== undefined) {
        giveUp(1, failure);
      }
    });
  }

  #postpone(trace: PostponedTrace): void {
    if (this.#isClosed) {
      this.#parts.giveUp(1, trace.cause);
      return;
    }
    const roots = trace.spans.filter(this.#parts.isRoot);
    // If the roots are here, only the record is missing, and it does not need the other spans.
    this.#postponed.add(roots.length > 0 ? { ...trace, spans: roots } : trace);
  }

  #forget(trace: Trace): void {
    this.#traces.delete(trace.id);
    if (lacksRoot(trace)) {
      this.#forgotWithoutRoot = true;
      return;
    }
    this.#origins.set(trace.id, trace.facts.isRooted ? 'rooted' : 'remote');
    if (this.#origins.size > this.#maxOrigins) {
      const [oldest] = this.#origins.keys();
      if (oldest !== undefined) this.#origins.delete(oldest);
    }
  }

  #recall(traceId: string): Trace {
    const origin = this.#origins.get(traceId);
    this.#origins.delete(traceId);
    return new Trace(traceId, origin);
  }
}

function lacksRoot({ facts }: Trace): boolean {
  return !facts.isRooted && !facts.isRemote;
}
