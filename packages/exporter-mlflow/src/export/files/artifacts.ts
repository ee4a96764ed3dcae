import type { ReadableSpan } from '../../common/sdk-types.js';
import { Slices } from '../../common/slices.js';
import { Queue } from '../../common/waiting.js';
import { type Failure, notMlflow, OUT_OF_TIME } from '../../http/outcome.js';
import { artifactFolder, putTracesJson } from '../../mlflow/artifacts.js';
import { totalsMetadata } from '../../mlflow/figures.js';
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
import { encodeTracesJson, readSpanFigures } from './traces-json.js';

/** The file of one trace, and the spans that it will hold. */
class TraceFile {
  readonly trace: Trace;
  readonly spans: ReadableSpan[] = [];
  root: ReadableSpan | undefined;
  /** The spans without a known parent, for the case that the root never comes. */
  readonly topmost = new Topmost();
  /** How much memory the spans occupy. */
  bytes = 0;
  /** How many of the spans an export has already taken into its share. */
  claimed = 0;
  /** How many of the spans the file holds. */
  written = 0;
  /** Known once the record is written. A file store fails on a second record. */
  folder: string | undefined;
  readonly queue = new Queue();

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** Returns how much memory these spans occupy. */
  add(spans: readonly ReadableSpan[]): number {
    const before = this.bytes;
    for (const span of spans) {
      this.spans.push(span);
      this.bytes += bytesInMemory(span);
    }
    this.topmost.add(spans);
    // If the parent is remote, the real root never arrives here. Such servers cannot join the spans of two services.
    this.root ??= spans.find((span) => isRoot(span) || hasRemoteParent(span));
    return this.bytes - before;
  }
}

/** The part of one trace that one export must write. */
interface Share {
  file: TraceFile;
  /** The number of spans that must be in the file. */
  upTo: number;
  /**
   * The number of spans that are lost if that fails: those of this export, and earlier ones that waited for the root.
   */
  spans: number;
}

// Finished traces are kept too, because a late span means that the whole file is written again.
const MAX_KEPT_SPANS = 10_000;

/** The result of writing files. */
export interface Written {
  /** How many spans were lost. */
  lost: number;
  /** How many spans are stored now. */
  stored: number;
  failure?: Failure;
}

/**
 * Delivery to servers without OTLP: file stores and versions before 3.4. There a trace is a record and one file with all
 * its spans, so spans wait here for the root of their trace, until a flush at the latest. A file store cannot change a
 * record, so a root that comes later joins the file and not the record.
 */
export class TraceFiles {
  readonly #files = new Map<string, TraceFile>();
  readonly #slices: Slices;
  readonly #maxBytes: number;
  #kept = 0;
  #bytes = 0;

  /** @param maxBytes how much memory the kept spans may occupy */
  constructor(slices: Slices = new Slices(), maxBytes: number = Number.POSITIVE_INFINITY) {
    this.#slices = slices;
    this.#maxBytes = maxBytes;
  }

  /** Writes the files of all traces whose root is known. */
  async deliver(traces: SpanBatch, context: RecordContext, rest: Rest): Promise<Written> {
    const shares: Share[] = [];
    for (const [trace, spans] of traces) {
      await this.#slices.pause();
      // Takes each share at once, before another export can do so.
      const file = this.#add(trace, spans);
      if (file.root !== undefined || file.folder !== undefined) shares.push(claim(file));
    }
    for (const [traceId, file] of this.#files) {
      if (this.#kept <= MAX_KEPT_SPANS && this.#bytes <= this.#maxBytes) break;
      if (waits(file)) shares.push(claim(file));
      this.#files.delete(traceId);
      this.#kept -= file.spans.length;
      this.#bytes -= file.bytes;
    }
    return write(shares, context, rest, this.#slices);
  }

  /** Writes the files of all other traces, with records from their topmost spans. */
  deliverWithoutRoot(context: RecordContext, rest: Rest): Promise<Written> {
    return write([...this.#files.values()].filter(waits).map(claim), context, rest, this.#slices);
  }

  /** How many spans wait for their root. */
  get waiting(): number {
    let sum = 0;
    for (const { spans, claimed } of this.#files.values()) sum += spans.length - claimed;
    return sum;
  }

  /** Gives up the spans that wait for their root. Returns their number. */
  giveUp(): number {
    const shares = [...this.#files.values()].filter(waits).map(claim);
    return shares.reduce((sum, { spans }) => sum + spans, 0);
  }

  #add(trace: Trace, spans: readonly ReadableSpan[]): TraceFile {
    const file = this.#files.get(trace.id) ?? new TraceFile(trace);
    this.#files.set(trace.id, file);
    this.#bytes += file.add(spans);
    this.#kept += spans.length;
    return file;
  }
}

function waits({ spans, claimed }: TraceFile): boolean {
  return spans.length > claimed;
}

function claim(file: TraceFile): Share {
  const upTo = file.spans.length;
  const share = { file, upTo, spans: upTo - file.claimed };
  file.claimed = upTo;
  return share;
}

async function write(shares: readonly Share[], context: RecordContext, rest: Rest, slices: Slices): Promise<Written> {
  const written: Written = { lost: 0, stored: 0 };
  for (const share of shares) {
    const failure = await writeInTurn(share, context, rest, slices);
    if (failure === undefined) {
      written.stored += share.spans;
      continue;
    }
    written.failure = failure;
    written.lost += share.spans;
  }
  return written;
}

/**
 * Writes the file after all earlier writes of the same trace, with the spans that are there then. Otherwise a repeated
 * earlier write could replace the file of a later one.
 */
function writeInTurn(share: Share, context: RecordContext, rest: Rest, slices: Slices): Promise<Failure | undefined> {
  const { file, upTo } = share;
  return file.queue.run(rest.limit, async (inTime) => {
    if (file.written >= upTo) return undefined;
    return inTime ? writeFile(share, context, rest, slices) : OUT_OF_TIME;
  });
}

async function writeFile(
  { file }: Share,
  context: RecordContext,
  rest: Rest,
  slices: Slices,
): Promise<Failure | undefined> {
  const { spans, trace, root, topmost } = file;
  if (file.folder === undefined) {
    const info = root ? buildRecord(root, trace.factsOf(root), context) : provisionalRecord(trace, topmost, context);
    const totals = totalsMetadata({ tokenUsage: sumUp(spans.map(readSpanFigures)).tokenUsage });
    const stored = await storeRecord({ ...info, trace_metadata: { ...info.trace_metadata, ...totals } }, rest);
    if (stored.kind !== 'success') return stored;
    const folder = artifactFolder(rest, stored.value);
    if (folder.kind !== 'success') return folder;
    file.folder = folder.value;
  }
  // Others may come while the file is built.
  const present = [...spans];
  const body = await slices.run(encodeTracesJson(present));
  const failure = await putTracesJson(rest, file.folder, body);
  if (failure === undefined) file.written = present.length;
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
