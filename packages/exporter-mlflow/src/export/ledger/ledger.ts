import { addNewest } from '../../common/maps.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { finish, Slices, type Work } from '../../common/slices.js';
import { forEachLimited, isOver } from '../../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import type { Rest } from '../../mlflow/rest.js';
import type { Settling, UploadedTrace } from '../settle/settle.js';
import { groupByTrace, isRoot } from '../span/span.js';
import { type ForgottenTrace, Trace, type TracePlace } from '../trace/trace.js';
import type { Backlog } from './backlog.js';

export interface LedgerParts {
  settling: Settling;
  /** Takes traces for which it is too early or too late. */
  backlog: Backlog;
  /** How many traces are settled at the same time. */
  concurrencyLimit: number;
  /** Default: slices of its own. */
  slices?: Slices;
  /** How many traces are remembered in full. Default: 1000, a few kilobytes each at most. */
  capacity?: number;
  /** For how many traces before those it remembers that their root was here. Default: 50,000, about 100 bytes each. */
  forgotten?: number;
}

/** Spans of one export by their traces. While an export holds it, the state of these traces stays. */
export type SpanBatch = ReadonlyMap<Trace, readonly ReadableSpan[]>;

/** The result of settling the traces of one export. */
interface Settlement {
  /** Why traces stay without what they need, one cause for each. */
  failures: Failure[];
  /** Why traces are settled later, one cause for each. */
  postponed: Failure[];
  /** How many traces have the record of their root now. */
  recorded: number;
}

/**
 * Owns the state of all traces. It keeps only the most recent ones, which bounds memory. It settles a trace after its
 * spans were uploaded: at once, or later through the {@link Backlog}.
 */
export class TraceLedger {
  readonly #parts: LedgerParts;
  readonly #capacity: number;
  readonly #maxForgotten: number;
  readonly #slices: Slices;
  readonly #traces = new Map<string, Trace>();
  /** Forgotten traces whose root was here, or which are files. A late span of such a trace must correct the totals. */
  readonly #forgotten = new Map<string, ForgottenTrace>();
  #forgotProvisional = false;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.#capacity = parts.capacity ?? 1000;
    this.#maxForgotten = parts.forgotten ?? 50_000;
    this.#slices = parts.slices ?? new Slices();
  }

  /** Returns the trace with this id, or a new one if it is not known. */
  of(traceId: string): Trace {
    const trace = this.#traces.get(traceId) ?? this.#parts.backlog.waitingForRoot(traceId) ?? this.#recall(traceId);
    // A Map keeps the order of insertion: deleting first makes this trace the newest.
    this.#traces.delete(traceId);
    this.#traces.set(traceId, trace);
    if (this.#traces.size > this.#capacity) {
      const [oldest] = this.#traces.values();
      if (oldest !== undefined) this.#forget(oldest);
    }
    return trace;
  }

  /** Where the spans of a trace are, without making it known; undefined if this process stored nothing of it. */
  placeOf(traceId: string): TracePlace | undefined {
    const known = this.#traces.get(traceId) ?? this.#parts.backlog.waitingForRoot(traceId);
    return (known ?? this.#forgotten.get(traceId))?.place;
  }

  /** Traces of this process whose record is provisional, because no root arrived under which they could be. */
  get provisional(): { traces: number; mayBeMore: boolean } {
    // The root of a forgotten trace may have come since.
    return { traces: [...this.#traces.values()].filter(isProvisional).length, mayBeMore: this.#forgotProvisional };
  }

  /** Adds the facts of spans to their traces, and returns the spans by trace. */
  observe(spans: readonly ReadableSpan[]): SpanBatch {
    return finish(this.observeEach(spans));
  }

  /** The same in pieces. */
  *observeEach(spans: readonly ReadableSpan[]): Work<SpanBatch> {
    const batch = new Map<Trace, readonly ReadableSpan[]>();
    for (const [traceId, group] of groupByTrace(spans)) {
      const trace = this.of(traceId);
      batch.set(trace, group);
      yield* trace.observeEach(group);
    }
    return batch;
  }

  /**
   * Records the traces that are complete in one of these requests. The server then computes them once and not twice. A
   * trace whose record fails gets it after its spans, as all others do.
   */
  async recordAhead(
    batch: SpanBatch,
    requests: readonly (readonly ReadableSpan[])[],
    experimentId: string,
    rest: Rest,
  ): Promise<void> {
    const divided = dividedTraces(requests);
    const arriving = groupByTrace(requests.flat());
    const complete = [...batch].flatMap(([trace, { length }]): UploadedTrace[] => {
      const spans = arriving.get(trace.id) ?? [];
      const isWhole = spans.length === length && !divided.has(trace.id);
      const isComplete = trace.isNew && trace.record.kind === 'none' && isWhole;
      return isComplete && spans.filter(isRoot).length === 1 ? [{ trace, spans, experimentId }] : [];
    });
    let isAway = false;
    await forEachLimited(complete, this.#parts.concurrencyLimit, async (trace) => {
      if (isAway || isOver(rest.limit)) return;
      const failure = await this.#parts.settling.ahead(trace, rest);
      isAway ||= failure !== undefined && failure.kind !== 'rejected';
    });
  }

  /** Notes that an upload carries the spans of the batch. */
  uploading(batch: SpanBatch, upload: Promise<unknown>): void {
    for (const [trace, spans] of batch) {
      trace.uploading(upload);
      this.#parts.settling.uploading?.(trace, spans);
    }
  }

  /**
   * Settles the traces of a batch whose spans were accepted. After an outage it settles them later.
   *
   * @param requests the accepted spans of each request
   * @param unsent spans that may be sent later; those that never will be belong to {@link TraceLedger.giveUp}
   */
  async settle(
    batch: SpanBatch,
    requests: readonly (readonly ReadableSpan[])[],
    experimentId: string,
    rest: Rest,
    unsent: readonly ReadableSpan[] = [],
  ): Promise<Settlement> {
    const accepted = groupByTrace(requests.flat());
    const divided = dividedTraces(requests);
    const waiting = groupByTrace(unsent);
    const { settling, backlog, concurrencyLimit } = this.#parts;
    const uploaded = [...batch.keys()].flatMap((trace): UploadedTrace[] => {
      const spans = accepted.get(trace.id) ?? [];
      if (spans.length > 0) {
        trace.storedIn('database');
        return [{ trace, spans, experimentId, isDivided: divided.has(trace.id) }];
      }
      if (waiting.has(trace.id)) this.#takeBack(trace);
      else this.#leaveEmpty(trace, experimentId);
      return [];
    });
    const settlement: Settlement = { failures: [], postponed: [], recorded: 0 };
    await forEachLimited(uploaded, concurrencyLimit, async (trace) => {
      await this.#slices.pause();
      const failure = await settling.uploaded(trace, rest);
      backlog.waitForRoot(trace);
      if (failure === undefined && trace.spans.some(isRoot)) settlement.recorded += 1;
      if (failure?.kind === 'retryable') {
        settlement.postponed.push(failure);
        backlog.postpone({ ...trace, cause: failure });
      } else if (failure !== undefined) {
        settlement.failures.push(failure);
      }
    });
    await backlog.relieve(rest.limit);
    return settlement;
  }

  /** Gives up spans that were never sent. */
  giveUp(spans: readonly ReadableSpan[], experimentId: string): void {
    for (const traceId of groupByTrace(spans).keys()) {
      const trace = this.#traces.get(traceId);
      if (trace !== undefined) this.#leaveEmpty(trace, experimentId);
    }
  }

  /** A record without any span must not look like a complete trace. Only a server that answers again can change it. */
  #leaveEmpty(trace: Trace, experimentId: string): void {
    if (trace.ahead === undefined) return;
    this.#parts.backlog.postpone({ trace, spans: [], experimentId, cause: OUT_OF_TIME });
  }

  /** Forgets a trace of which the server has nothing, so that it is new when its spans are sent again. */
  #takeBack(trace: Trace): void {
    if (trace.isNew && trace.ahead === undefined && trace.record.kind === 'none') this.#traces.delete(trace.id);
  }

  #forget(trace: Trace): void {
    this.#traces.delete(trace.id);
    this.#forgotProvisional ||= isProvisional(trace);
    const isRooted = trace.facts.isRooted === true;
    if (!isRooted && trace.place !== 'file') return;
    addNewest(this.#forgotten, trace.id, { isRooted, place: trace.place }, this.#maxForgotten);
  }

  #recall(traceId: string): Trace {
    const forgotten = this.#forgotten.get(traceId);
    this.#forgotten.delete(traceId);
    return new Trace(traceId, forgotten);
  }
}

/** Ids of traces that have spans in more than one request. */
function dividedTraces(requests: readonly (readonly ReadableSpan[])[]): Set<string> {
  const divided = new Set<string>();
  if (requests.length < 2) return divided;
  const requestOf = new Map<string, number>();
  for (const [index, spans] of requests.entries()) {
    for (const span of spans) {
      const { traceId } = span.spanContext();
      if ((requestOf.get(traceId) ?? index) !== index) divided.add(traceId);
      requestOf.set(traceId, index);
    }
  }
  return divided;
}

function isProvisional({ record, provisionalRecords, topmost }: Trace): boolean {
  return record.kind === 'none' && provisionalRecords > 0 && topmost?.isRemote !== true;
}
