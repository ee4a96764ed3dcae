import type { ReadableSpan } from '../../common/sdk-types.js';
import { Slices } from '../../common/slices.js';
import { Queue } from '../../common/waiting.js';
import { type Failure, notMlflow, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import { traceFolder } from '../../mlflow/artifacts/locations.js';
import type { TraceFolder } from '../../mlflow/artifacts/trace-folder.js';
import { totalsMetadata } from '../../mlflow/figures.js';
import { mlflowTraceId } from '../../mlflow/names.js';
import type { Rest, RestResult } from '../../mlflow/rest.js';
import { getTraceInfo, postRecord } from '../../mlflow/traces.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import type { SpanBatch } from '../ledger/ledger.js';
import { provisionalRecord } from '../settle/provisional.js';
import { bytesInMemory } from '../span/size.js';
import { hasRemoteParent, isRoot } from '../span/span.js';
import { buildRecord, type RecordContext } from '../trace/record.js';
import { Topmost } from '../trace/topmost.js';
import { sumUp } from '../trace/totals.js';
import type { Trace } from '../trace/trace.js';
import { inOrderOfStart } from './span-order.js';
import { encodeSpans, joinSpans, readSpanFigures } from './traces-json.js';

/** The file of one trace, and the spans that it will hold. */
class TraceFile {
  readonly trace: Trace;
  readonly spans = new Set<ReadableSpan>();
  root: ReadableSpan | undefined;
  /** The spans without a known parent, for the case that the root never comes. */
  readonly topmost = new Topmost();
  /** How much memory the spans occupy. */
  bytes = 0;
  /** The spans that no export has taken into its share, and that wait for the root. */
  readonly unclaimed = new Set<ReadableSpan>();
  /** The spans that the file holds. */
  written: ReadonlySet<ReadableSpan> = new Set();
  /** Known once the record is written. A file store fails on a second record. */
  folder: TraceFolder | undefined;
  readonly queue = new Queue();

  constructor(trace: Trace) {
    this.trace = trace;
  }

  get waits(): boolean {
    return this.unclaimed.size > 0;
  }

  /** Returns how much memory these spans occupy. */
  add(spans: readonly ReadableSpan[]): number {
    const before = this.bytes;
    for (const span of spans) {
      this.spans.add(span);
      this.unclaimed.add(span);
      this.bytes += bytesInMemory(span);
    }
    this.topmost.add(spans);
    // If the parent is remote, the real root never arrives here. Such servers cannot join the spans of two services.
    this.root ??= spans.find((span) => isRoot(span) || hasRemoteParent(span));
    return this.bytes - before;
  }

  /** Returns how much memory these spans occupied. */
  remove(spans: readonly ReadableSpan[]): number {
    const before = this.bytes;
    for (const span of spans) {
      if (this.spans.delete(span)) this.bytes -= bytesInMemory(span);
      if (this.root === span) this.root = undefined;
    }
    return before - this.bytes;
  }
}

/** The part of one trace that one export must write. */
interface Share {
  file: TraceFile;
  /** Spans of this export. */
  own: readonly ReadableSpan[];
  /** Spans of earlier exports, which waited for the root. */
  earlier: readonly ReadableSpan[];
}

// Finished traces are kept too, because a late span means that the whole file is written again.
const MAX_KEPT_SPANS = 10_000;
/** No trace has this id. A server that works says so. */
const UNKNOWN_TRACE = mlflowTraceId('0'.repeat(32));

/** The result of writing files. */
export interface Written {
  /** How many spans were lost. */
  lost: number;
  /** How many spans are stored now. */
  stored: number;
  /** Spans of this export that an outage kept from the server. They are not kept here. */
  unsent: readonly ReadableSpan[];
  failure?: Failure;
}

/**
 * Delivery to servers without OTLP: file stores and versions before 3.4. There a trace is a record and one file with all
 * its spans, so spans wait here for the root of their trace, until a flush at the latest. A file store cannot change a
 * record, so a root that comes later joins the file and not the record.
 *
 * During an outage it takes no spans, so that they wait where the caller limits them.
 */
export class TraceFiles {
  readonly #files = new Map<string, TraceFile>();
  readonly #slices: Slices;
  readonly #maxBytes: number;
  #kept = 0;
  #bytes = 0;
  #isAway = false;

  /** @param maxBytes how much memory the kept spans may occupy */
  constructor(slices: Slices = new Slices(), maxBytes: number = Number.POSITIVE_INFINITY) {
    this.#slices = slices;
    this.#maxBytes = maxBytes;
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
      await this.#slices.pause();
      // Takes each share at once, before another export can do so.
      const file = this.#add(trace, spans);
      if (file.root !== undefined || file.folder !== undefined) shares.push(claim(file, spans));
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
    const written: Written & { unsent: ReadableSpan[] } = { lost: 0, stored: 0, unsent: [] };
    for (const share of shares) {
      const { own, earlier } = share;
      const failure = await writeInTurn(share, context, rest, this.#slices);
      if (failure === undefined) {
        this.#isAway = false;
        written.stored += own.length + earlier.length;
        continue;
      }
      written.failure = failure;
      if (failure.kind === 'retryable') {
        this.#isAway = true;
        this.#takeBack(share);
        for (const span of own) written.unsent.push(span);
      } else {
        written.lost += own.length + earlier.length;
      }
    }
    return written;
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
    if (earlier.length > 0) this.#add(file.trace, earlier);
  }
}

/** @param own the spans of this export. Default: none */
function claim(file: TraceFile, own: readonly ReadableSpan[] = []): Share {
  const mine = new Set(own);
  const earlier = [...file.unclaimed].filter((span) => !mine.has(span));
  const claimed = own.filter((span) => file.unclaimed.has(span));
  file.unclaimed.clear();
  return { file, own: claimed, earlier };
}

/**
 * Writes the file after all earlier writes of the same trace, with the spans that are there then. Otherwise a repeated
 * earlier write could replace the file of a later one.
 */
function writeInTurn(
  { file, own, earlier }: Share,
  context: RecordContext,
  rest: Rest,
  slices: Slices,
): Promise<Failure | undefined> {
  return file.queue.run(rest.limit, async (inTime) => {
    if ([...own, ...earlier].every((span) => file.written.has(span))) return undefined;
    return inTime ? writeFile(file, context, rest, slices) : OUT_OF_TIME;
  });
}

async function writeFile(
  file: TraceFile,
  context: RecordContext,
  rest: Rest,
  slices: Slices,
): Promise<Failure | undefined> {
  const { spans, trace, root, topmost } = file;
  if (file.folder === undefined) {
    const info = root ? buildRecord(root, trace.factsOf(root), context) : provisionalRecord(trace, topmost, context);
    const totals = totalsMetadata(sumUp([...spans].map(readSpanFigures)));
    const stored = await storeRecord({ ...info, trace_metadata: { ...info.trace_metadata, ...totals } }, rest);
    if (stored.kind !== 'success') return stored;
    const folder = traceFolder(rest, { traceId: trace.id, tags: stored.value });
    if (folder.kind !== 'success') return folder;
    file.folder = folder.value;
  }
  // Others may come while the file is built.
  const present = inOrderOfStart(spans);
  const body = joinSpans(await slices.run(encodeSpans(present)));
  const failure = await file.folder.put(rest, body);
  if (failure === undefined) file.written = new Set(present);
  return failure;
}

/** Writes the record once. Returns its tags, or those of the record that exists. */
async function storeRecord(info: WireTraceInfo, rest: Rest): Promise<RestResult<Readonly<Record<string, string>>>> {
  const first = requireTags(await postRecord(rest, info, { once: true }), rest);
  if (first.kind === 'success') return first;
  // The answer may have got lost, or another process was first: then the record exists.
  const existing = await getTraceInfo(rest, info.trace_id);
  if (existing.kind === 'success') return { kind: 'success', value: existing.value.tags };
  return existing.errorCode === 'RESOURCE_DOES_NOT_EXIST' ? requireTags(await postRecord(rest, info), rest) : first;
}

function requireTags(
  stored: Awaited<ReturnType<typeof postRecord>>,
  { url }: Rest,
): RestResult<Readonly<Record<string, string>>> {
  if (stored.kind !== 'success') return stored;
  const { value } = stored;
  return value === undefined
    ? { kind: 'configuration', reason: notMlflow(url) }
    : { kind: 'success', value: value.tags };
}
