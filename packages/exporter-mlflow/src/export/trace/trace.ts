import type { ReadableSpan } from '../../common/sdk-types.js';
import { finish, type Work } from '../../common/slices.js';
import { type Limit, Queue, settledWithin } from '../../common/waiting.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { optional } from '../../mlflow/rest.js';
import { type ObservedSpan, observeSpan, type RecordFacts, type TraceFacts } from './facts.js';
import type { RecordSource, TraceRecord } from './record.js';
import { Requests } from './requests.js';
import { Topmost } from './topmost.js';

/** A record that this process sent, for a trace from `start` to `end` in nanoseconds of the epoch. */
export interface SentRecord {
  kind: 'sent';
  info: TraceRecord;
  /** Id of the local root that it shows. */
  localRootId: string | undefined;
  start: bigint;
  end: bigint;
}

/** What this process knows of the record of a trace. */
type RecordState =
  | { kind: 'none' }
  | SentRecord
  /** The ledger forgot the trace, except that its root was here. Only the server knows the rest. */
  | { kind: 'forgotten' };

/** Where the server keeps the spans of a trace: in its database, or in a file beside it. It reads only one of both. */
export type TracePlace = 'database' | 'file';

/** What remains of a trace that the ledger forgot. */
export interface ForgottenTrace {
  isRooted: boolean;
  place: TracePlace | undefined;
}

/**
 * What the server had of a trace when its record was sent ahead of its spans: nothing, spans of another process, perhaps
 * with a provisional record, or unknown, because the answer got lost.
 */
export type FoundAhead = 'nothing' | 'spans' | 'provisional record' | 'unknown';

/**
 * What is known of one trace between the batches that bring its spans: children often arrive before their root. Only the
 * trace itself changes its state.
 */
export class Trace {
  /** 32 hexadecimal digits, as in OpenTelemetry. */
  readonly id: string;
  readonly #facts: TraceFacts;
  readonly #requests = new Requests();
  readonly #uploads = new Set<Promise<unknown>>();
  readonly #queue = new Queue();
  #record: RecordState;
  #topmost: Topmost | undefined;
  #provisionalRecords = 0;
  #lacksRootSpan = false;
  #ahead: FoundAhead | undefined;
  #batches = 0;
  #place: TracePlace | undefined;

  /** @param forgotten what is known of the trace if the ledger forgot it. Default: the trace is new. */
  constructor(id: string, forgotten?: ForgottenTrace) {
    const isRooted = forgotten?.isRooted === true;
    this.id = id;
    this.#record = { kind: isRooted ? 'forgotten' : 'none' };
    this.#facts = { isRooted };
    this.#place = forgotten?.place;
  }

  /** Undefined as long as this process has stored nothing of the trace. */
  get place(): TracePlace | undefined {
    return this.#place;
  }

  /** Notes where the spans of this trace are; undefined if the server has none of them. */
  storedIn(place: TracePlace | undefined): void {
    this.#place = place;
    // The file has a record of its own.
    if (place === 'file') this.#ahead = undefined;
  }

  get facts(): Readonly<TraceFacts> {
    return this.#facts;
  }

  /** What a record shows that is built from this span: of the request that the span belongs to, and prompts of all. */
  factsOf(source: RecordSource): RecordFacts {
    return { ...this.#requests.factsOf(source), ...optional('prompts', this.#facts.prompts) };
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
    this.#topmost.add(spans);
  }

  /** Notes a record in place of that of the root. */
  recordedProvisionally(): void {
    this.#provisionalRecords += 1;
  }

  /** Whether its record was on the server, and the span of its root was not, when this process last looked. */
  get lacksRootSpan(): boolean {
    return this.#lacksRootSpan;
  }

  /** Notes whether the span of its root is on the server. */
  sawRootSpan(isThere: boolean): void {
    this.#lacksRootSpan = !isThere;
  }

  /** Whether all of its spans here came in one batch. */
  get isNew(): boolean {
    return this.#batches <= 1;
  }

  /** Set while the spans of this trace follow its record. */
  get ahead(): FoundAhead | undefined {
    return this.#ahead;
  }

  /** Notes that a record was sent ahead of the spans; undefined once they followed. */
  recordedAhead(found: FoundAhead | undefined): void {
    this.#ahead = found;
  }

  /** Notes from the spans of one batch everything that the record of the trace needs. */
  observe(batch: readonly ObservedSpan[]): void {
    finish(this.observeEach(batch));
  }

  /** The same in pieces. */
  *observeEach(batch: readonly ObservedSpan[]): Work<void> {
    this.#batches += 1;
    for (const span of batch) {
      observeSpan(this.#facts, span);
      this.#requests.add(span);
      yield;
    }
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
  async recording(record: SentRecord, send: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
    const earlier = this.#record;
    // Set before the answer: spans that the server accepts from here on may come too late for the totals.
    this.#record = record;
    const failure = await send();
    if (failure === undefined) this.#topmost = undefined;
    else this.#record = earlier;
    return failure;
  }
}
