import type { ReadableSpan } from '../../common/sdk-types.js';
import { type Limit, Queue, settledWithin } from '../../common/waiting.js';
import type { Failure } from '../../http/outcome.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { type ObservedSpan, observeSpan, type TraceFacts } from './facts.js';
import { Topmost } from './topmost.js';

/** What this process knows of the record of a trace. */
export type RecordState =
  | { kind: 'none' }
  /** This process sent it, for a trace from `start` to `end` in nanoseconds of the epoch. */
  | { kind: 'sent'; info: WireTraceInfo; start: bigint; end: bigint }
  /** The ledger forgot the trace, except that its root was here. Only the server knows the rest. */
  | { kind: 'forgotten' };

/**
 * What is known of one trace between the batches that bring its spans: children often arrive before their root. Only the
 * trace itself changes its state.
 */
export class Trace {
  /** 32 hexadecimal digits, as in OpenTelemetry. */
  readonly id: string;
  readonly #facts: TraceFacts;
  readonly #uploads = new Set<Promise<unknown>>();
  readonly #queue = new Queue();
  #record: RecordState;
  #topmost: Topmost | undefined;
  #provisionalRecords = 0;

  /** @param isForgotten whether the ledger forgot the trace after its root was here */
  constructor(id: string, isForgotten = false) {
    this.id = id;
    this.#record = { kind: isForgotten ? 'forgotten' : 'none' };
    this.#facts = { isRooted: isForgotten };
  }

  get facts(): Readonly<TraceFacts> {
    return this.#facts;
  }

  /** The record of its root. */
  get record(): RecordState {
    return this.#record;
  }

  /** What is known instead of the root; undefined if no span arrived without it. */
  get topmost(): Topmost | undefined {
    return this.#topmost;
  }

  /** How many records this process sent in place of that of the root. */
  get provisionalRecords(): number {
    return this.#provisionalRecords;
  }

  /** Notes spans that arrived without the root. */
  arrivedWithoutRoot(spans: readonly ReadableSpan[]): void {
    this.#topmost ??= new Topmost();
    for (const span of spans) this.#topmost.add(span);
  }

  /** Notes a record in place of that of the root. */
  recordedProvisionally(): void {
    this.#provisionalRecords += 1;
  }

  /** Notes from a span everything that the record of the trace needs. */
  observe(span: ObservedSpan): void {
    observeSpan(this.#facts, span);
  }

  /** Notes that an upload carries spans of this trace. */
  uploading(upload: Promise<unknown>): void {
    this.#uploads.add(upload);
    const settled = (): void => void this.#uploads.delete(upload);
    upload.then(settled, settled);
  }

  /** Waits until no upload carries spans of this trace, at the latest until the limit. */
  async uploaded(limit: Limit): Promise<void> {
    if (this.#uploads.size > 0) await settledWithin(limit, this.#uploads);
  }

  /** Does work about this trace after all earlier work about it. See {@link Queue.run}. */
  inTurn<T>(limit: Limit, work: (inTime: boolean) => Promise<T>): Promise<T> {
    return this.#queue.run(limit, work);
  }

  /** Sends a record. It becomes the record of this trace unless that fails. */
  async recording(
    record: Extract<RecordState, { kind: 'sent' }>,
    send: () => Promise<Failure | undefined>,
  ): Promise<Failure | undefined> {
    const earlier = this.#record;
    // Set before the answer: spans that the server accepts from here on may come too late for the totals.
    this.#record = record;
    const failure = await send();
    if (failure === undefined) this.#topmost = undefined;
    else this.#record = earlier;
    return failure;
  }
}
