import type { ReadableSpan } from '../../common/sdk-types.js';
import { Queue } from '../../common/waiting.js';
import { type Failure, notMlflow, OUT_OF_TIME } from '../../http/outcome.js';
import { artifactFolder, putTracesJson } from '../../mlflow/artifacts.js';
import { totalsMetadata } from '../../mlflow/figures.js';
import type { Rest, RestResult } from '../../mlflow/rest.js';
import { getTraceInfo, postRecord } from '../../mlflow/traces.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { hasRemoteParent } from '../span/span.js';
import type { SpanBatch } from './ledger.js';
import { buildRecord, type RecordContext } from './record.js';
import { sumUp } from './totals.js';
import type { Trace } from './trace.js';
import { buildTracesJson, readSpanFigures } from './traces-json.js';

/** The file of one trace, and the spans that it will hold. */
class TraceFile {
  readonly spans: ReadableSpan[] = [];
  root: ReadableSpan | undefined;
  /** How many of the spans an export has already taken into its share. */
  claimed = 0;
  /** How many of the spans the file holds. */
  written = 0;
  /** Known once the record is written. A file store fails on a second record. */
  folder: string | undefined;
  readonly queue = new Queue();

  add(span: ReadableSpan): void {
    this.spans.push(span);
    // If the parent is remote, the real root never arrives here. Such servers cannot join the spans of two services.
    if (span.parentSpanContext === undefined || hasRemoteParent(span)) this.root ??= span;
  }
}

/** The part of one trace that one export must write. */
interface Share {
  file: TraceFile;
  trace: Trace;
  root: ReadableSpan;
  /** The number of spans that must be in the file. */
  upTo: number;
  /**
   * The number of spans that are lost if that fails: those of this export, and earlier ones that waited for the root.
   */
  spans: number;
}

// Finished traces are kept too, because a late span means that the whole file is written again.
const MAX_KEPT_SPANS = 10_000;

/**
 * Delivery to servers without OTLP: file stores and versions before 3.4. There a trace is a record and one file with all
 * its spans, so spans wait here for the root of their trace.
 */
export class TraceFiles {
  readonly #files = new Map<string, TraceFile>();
  readonly #giveUp: (spans: number, cause: Failure) => void;
  #kept = 0;

  /** @param giveUp receives a number of spans whose root never came */
  constructor(giveUp: (spans: number, cause: Failure) => void) {
    this.#giveUp = giveUp;
  }

  /** Writes the files of all traces whose root is known. Returns how many spans were lost, and why. */
  async deliver(traces: SpanBatch, context: RecordContext, rest: Rest): Promise<{ lost: number; failure?: Failure }> {
    const result: { lost: number; failure?: Failure } = { lost: 0 };
    // Takes all shares at once, before another export can do so.
    for (const share of [...traces].flatMap(([trace, spans]) => this.#claim(trace, spans))) {
      const failure = await writeInTurn(share, context, rest);
      if (failure === undefined) continue;
      result.failure = failure;
      result.lost += share.spans;
    }
    for (const traceId of this.#files.keys()) {
      if (this.#kept <= MAX_KEPT_SPANS) break;
      this.#forget(traceId);
    }
    return result;
  }

  /** Gives up all spans whose root has not come. */
  close(): void {
    for (const traceId of [...this.#files.keys()]) this.#forget(traceId);
  }

  #claim(trace: Trace, spans: readonly ReadableSpan[]): Share[] {
    const file = this.#files.get(trace.id) ?? new TraceFile();
    this.#files.set(trace.id, file);
    for (const span of spans) file.add(span);
    this.#kept += spans.length;
    const { root } = file;
    if (root === undefined) return [];
    const upTo = file.spans.length;
    const share = { file, trace, root, upTo, spans: upTo - file.claimed };
    file.claimed = upTo;
    return [share];
  }

  #forget(traceId: string): void {
    const file = this.#files.get(traceId);
    if (file === undefined) return;
    this.#files.delete(traceId);
    this.#kept -= file.spans.length;
    if (file.root === undefined) {
      this.#giveUp(file.spans.length, { kind: 'rejected', reason: 'The root of their trace never ended.' });
    }
  }
}

/**
 * Writes the file after all earlier writes of the same trace, with the spans that are there then. Otherwise a repeated
 * earlier write could replace the file of a later one.
 */
function writeInTurn(share: Share, context: RecordContext, rest: Rest): Promise<Failure | undefined> {
  const { file, upTo } = share;
  return file.queue.run(rest.limit, async (inTime) => {
    if (file.written >= upTo) return undefined;
    return inTime ? write(share, context, rest) : OUT_OF_TIME;
  });
}

async function write({ file, trace, root }: Share, context: RecordContext, rest: Rest): Promise<Failure | undefined> {
  const { spans } = file;
  if (file.folder === undefined) {
    const info = buildRecord(root, trace.facts, context);
    const totals = totalsMetadata({ tokenUsage: sumUp(spans.map(readSpanFigures)).tokenUsage });
    const stored = await storeRecord({ ...info, trace_metadata: { ...info.trace_metadata, ...totals } }, rest);
    if (stored.kind !== 'success') return stored;
    const folder = artifactFolder(rest, stored.value);
    if (folder.kind !== 'success') return folder;
    file.folder = folder.value;
  }
  const { length } = spans;
  const failure = await putTracesJson(rest, file.folder, buildTracesJson(spans));
  if (failure === undefined) file.written = length;
  return failure;
}

/** Writes the record once. Returns its tags, or those of the record that exists. */
async function storeRecord(info: WireTraceInfo, rest: Rest): Promise<RestResult<Record<string, string>>> {
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
): RestResult<Record<string, string>> {
  if (stored.kind !== 'success') return stored;
  const { value } = stored;
  return value === undefined ? { kind: 'configuration', reason: notMlflow(url) } : { kind: 'success', value };
}
