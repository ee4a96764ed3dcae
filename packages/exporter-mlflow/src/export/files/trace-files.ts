import type { ReadableSpan } from '../../common/sdk-types.js';
import { Queues } from '../../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import { mlflowTraceId } from '../../mlflow/names.js';
import type { Rest } from '../../mlflow/rest.js';
import { getTraceInfo } from '../../mlflow/traces.js';
import type { SpanBatch } from '../ledger/ledger.js';
import type { RecordContext } from '../trace/record.js';
import type { Trace } from '../trace/trace.js';
import { claim, type Share, TraceFile } from './trace-file.js';
import { IN_DATABASE, type WriteTools, writeInTurn } from './write-file.js';

// As many as the connection has sockets by default. Each of them builds a file in memory.
const WRITES_AT_ONCE = 4;
// Finished traces are kept too, because a late span means that the whole file is written again.
const MAX_KEPT_SPANS = 10_000;
/** An id that no trace has. A server that works answers that the trace does not exist. */
const UNKNOWN_TRACE = mlflowTraceId('0'.repeat(32));

/** The result of writing files. */
export interface Written {
  /** How many spans were lost. */
  lost: number;
  /** How many spans are stored now. */
  stored: number;
  /** Spans of this export that an outage kept from the server. They are not kept here. */
  unsent: readonly ReadableSpan[];
  /** Spans of traces that are in the server's database, which would not show a file. They are neither kept nor lost yet. */
  begun: readonly ReadableSpan[];
  failure?: Failure;
}

type Writing = Written & Record<'unsent' | 'begun', ReadableSpan[]>;

/**
 * Delivery to servers without an OTLP route. There a trace is a record and one file with all its spans, so spans wait here
 * for the root of their trace, until a flush at the latest. A file store cannot change a record, so a root that comes later
 * joins the file and not the record.
 *
 * During an outage it takes no spans, so that they wait where the caller limits them.
 */
export class TraceFiles {
  readonly #files = new Map<string, TraceFile>();
  readonly #tools: WriteTools;
  readonly #maxBytes: number;
  #kept = 0;
  #bytes = 0;
  #isAway = false;

  /** @param maxBytes how much memory the kept spans may occupy */
  constructor(tools: Omit<WriteTools, 'turns'>, maxBytes: number) {
    this.#tools = { ...tools, turns: new Queues() };
    this.#maxBytes = maxBytes;
  }

  /** Whether the latest write met an outage. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** The reason why the server takes nothing, after an outage; undefined if it is back, or was not away. */
  async outage(rest: Rest): Promise<Failure | undefined> {
    if (!this.#isAway) return undefined;
    const found = await getTraceInfo(rest, UNKNOWN_TRACE);
    if (found.kind === 'retryable') return found;
    this.#isAway = false;
    return undefined;
  }

  /** Writes the files of all traces whose root is known. */
  async deliver(traces: SpanBatch, context: RecordContext, rest: Rest): Promise<Written> {
    const shares: Share[] = [];
    for (const [trace, spans] of traces) {
      await this.#tools.slices.pause();
      // Takes each share at once, before another export can do so.
      const file = this.#add(trace, spans);
      if (file.isReady) shares.push(claim(file, spans));
    }
    for (const [traceId, file] of this.#files) {
      if (this.#kept <= MAX_KEPT_SPANS && this.#bytes <= this.#maxBytes) break;
      if (file.waits) shares.push(claim(file, traces.get(file.trace)));
      this.#files.delete(traceId);
      this.#kept -= file.spans.size;
      this.#bytes -= file.bytes;
    }
    return this.#write(shares, context, rest);
  }

  /** Writes the files of all other traces, with records from their topmost spans. After an outage they wait again. */
  deliverWithoutRoot(context: RecordContext, rest: Rest): Promise<Written> {
    const waiting = [...this.#files.values()].filter(({ waits }) => waits);
    return this.#write(
      waiting.map((file) => claim(file)),
      context,
      rest,
    );
  }

  /** How many spans wait for their root. */
  get waiting(): number {
    let sum = 0;
    for (const { unclaimed } of this.#files.values()) sum += unclaimed.size;
    return sum;
  }

  /** Gives up the spans that wait for their root, and returns them. */
  giveUp(): ReadableSpan[] {
    return [...this.#files.values()].flatMap((file) => claim(file).earlier);
  }

  #add(trace: Trace, spans: readonly ReadableSpan[]): TraceFile {
    const file = this.#files.get(trace.id) ?? new TraceFile(trace);
    this.#files.set(trace.id, file);
    this.#bytes += file.add(spans);
    this.#kept += spans.length;
    return file;
  }

  async #write(shares: readonly Share[], context: RecordContext, rest: Rest): Promise<Written> {
    const written: Writing = { lost: 0, stored: 0, unsent: [], begun: [] };
    const remaining = shares.values();
    const writeRemaining = async (): Promise<void> => {
      for (const share of remaining) this.#count(share, await writeInTurn(share, context, rest, this.#tools), written);
    };
    await Promise.all(Array.from({ length: WRITES_AT_ONCE }, writeRemaining));
    return written;
  }

  #count(share: Share, failure: Failure | undefined, written: Writing): void {
    const { file, own, earlier } = share;
    if (failure === undefined) {
      this.#isAway = false;
      written.stored += own.length + earlier.length;
      return;
    }
    if (failure === IN_DATABASE) {
      file.trace.storedIn('database');
      for (const span of [...own, ...earlier]) written.begun.push(span);
      return;
    }
    // Report the failure that used the time up.
    if (failure !== OUT_OF_TIME) written.failure = failure;
    else written.failure ??= failure;
    if (failure.kind === 'retryable') {
      this.#isAway = true;
      this.#takeBack(share);
      for (const span of own) written.unsent.push(span);
    } else {
      written.lost += own.length + earlier.length;
    }
  }

  /** Removes the spans of a share that was not written. Those of earlier exports wait here again. */
  #takeBack({ file, own, earlier }: Share): void {
    const before = file.spans.size;
    const bytes = file.remove([...own, ...earlier]);
    if (this.#files.get(file.trace.id) === file) {
      this.#kept -= before - file.spans.size;
      this.#bytes -= bytes;
      if (file.spans.size === 0) this.#files.delete(file.trace.id);
    }
    if (file.spans.size === 0 && !file.isContinued) file.trace.storedIn(undefined);
    if (earlier.length > 0) this.#add(file.trace, earlier);
  }
}
