import type { ReadableSpan } from '../../common/sdk-types.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import type { Slices } from '../../common/slices.js';
import { earlier, later, nanoseconds } from '../../common/time.js';
import { isOver, pause, type Queues } from '../../common/waiting.js';
import { type Failure, notMlflow, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import { traceFolder } from '../../mlflow/artifacts/locations.js';
import type { TraceFolder } from '../../mlflow/artifacts/trace-folder.js';
import { mlflowTraceId, PROVISIONAL, SCHEMA_VERSION, SPANS_LOCATION } from '../../mlflow/names.js';
import type { Rest, RestResult } from '../../mlflow/rest.js';
import { getTraceInfo, postRecord, recordTimes, type StoredRecord } from '../../mlflow/traces.js';
import type { MlflowTraceInfo } from '../../mlflow/types.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { storedRecord, withTotals } from '../settle/correct.js';
import { linkPrompts } from '../settle/link-prompts.js';
import { joinTags } from '../settle/provisional.js';
import { provisionalRecord, rootRecord } from '../settle/provisional-record.js';
import { readSpanFigures, type SpanFigures } from '../span/span-figures.js';
import { buildRecord, type RecordContext } from '../trace/record.js';
import { sumUp } from '../trace/totals.js';
import type { Trace } from '../trace/trace.js';
import { encodeSpans, joinSpans } from './encode-spans.js';
import { sizeMetadata } from './sizes.js';
import { inOrderOfStart, type StartedSpan } from './span-order.js';
import { readStoredSpans, type StoredSpan } from './stored-spans.js';
import type { Share, TraceFile } from './trace-file.js';

/** The spans of the trace are in the server's database, so it would not show a file. */
export const IN_DATABASE: Failure = { kind: 'rejected', reason: say`MLflow has spans of this trace in its database` };

// Two processes that write the same file at the same time can take turns for some time.
const MAX_ATTEMPTS = 3;
const READS = 4;
const READ_PAUSE_MILLIS = 250;
const INTERNAL_SERVER_ERROR = 500;
const MILLISECOND = 1_000_000n;

/**
 * Writes the file after all earlier writes of the same trace, with the spans that are there then. Otherwise a repeated
 * earlier write could replace the file of a later one.
 */
export function writeInTurn(
  { file, own, earlier: waited }: Share,
  context: RecordContext,
  rest: Rest,
  tools: WriteTools,
): Promise<Failure | undefined> {
  return tools.turns.run(file.trace.id, rest.limit, async (inTime) => {
    if ([...own, ...waited].every((span) => file.written.has(span))) return undefined;
    return inTime ? new Writing(file, context, rest, tools).run() : OUT_OF_TIME;
  });
}

/** What all writes have in common. */
export interface WriteTools {
  /** For work that keeps the processor busy. */
  slices: Slices;
  /** By trace. The writes of one that has left the memory may still be under way when later spans of it arrive. */
  turns: Queues;
  /** Receives a message for the log. */
  onNote: (message: string) => void;
}

/** A span as it is written. */
interface FileSpan extends SpanFigures, StartedSpan {
  json: Uint8Array;
}

/**
 * One write of a trace: its record, and its file.
 *
 * A new trace whose root is here needs two requests. In any other case another process, or an earlier write, may have been
 * there before. Then the spans of the file stay, the record of a root stays, and the totals are those of all spans.
 */
class Writing {
  readonly #file: TraceFile;
  readonly #context: RecordContext;
  readonly #rest: Rest;
  readonly #tools: WriteTools;
  /** Whether a provisional record of this process replaced that of the root, which arrived at the same time. */
  #isRootReplaced = false;

  constructor(file: TraceFile, context: RecordContext, rest: Rest, tools: WriteTools) {
    this.#file = file;
    this.#context = context;
    this.#rest = rest;
    this.#tools = tools;
  }

  async run(): Promise<Failure | undefined> {
    // Others may come while the file is written.
    const present = [...this.#file.spans];
    const encoded = await this.#tools.slices.run(encodeSpans(present));
    const own = present.map((span, index) => {
      const start = nanoseconds(span.startTime);
      return { ...readSpanFigures(span), start, json: encoded[index] as Buffer };
    });
    const { root, isContinued } = this.#file;
    const failure = root === undefined || isContinued ? await this.#continue(own) : await this.#begin(root, own);
    if (failure !== undefined) return failure;
    this.#file.written = new Set(present);
    this.#file.isContinued = true;
    // The tag of the record shows the prompts, so a failure does not matter.
    await linkPrompts(this.#file.trace, this.#rest);
    return undefined;
  }

  async #begin(root: ReadableSpan, own: readonly FileSpan[]): Promise<Failure | undefined> {
    const record = withSums(this.#recordOf(root), own);
    // A file store fails on a second record, so the request must not be repeated.
    const posted = await postRecord(this.#rest, record, { once: true });
    // The answer may have got lost, or another process was first.
    return posted.kind === 'success' ? this.#afterRecord(posted.value, own) : this.#continue(own, posted);
  }

  /** @param before why an attempt to write the record failed. Default: there was no attempt. */
  async #continue(own: readonly FileSpan[], before?: Failure): Promise<Failure | undefined> {
    const { trace, root } = this.#file;
    const found = await getTraceInfo(this.#rest, trace.id);
    if (found.kind === 'success') return this.#join(found.value, own);
    if (found.errorCode !== 'RESOURCE_DOES_NOT_EXIST') return before ?? found;
    const record = root === undefined ? this.#provisionalRecord() : this.#recordOf(root);
    const posted = await postRecord(this.#rest, withSums(record, own));
    return posted.kind === 'success' ? this.#afterRecord(posted.value, own) : posted;
  }

  /** Writes the file of a trace for which this process had no record before. */
  async #afterRecord(stored: StoredRecord | undefined, own: readonly FileSpan[]): Promise<Failure | undefined> {
    const rest = this.#rest;
    const { trace, root } = this.#file;
    if (stored === undefined) return { kind: 'configuration', reason: notMlflow(rest.url) };
    this.#file.isRecorded = true;
    const { [PROVISIONAL]: provisional, [SCHEMA_VERSION]: schema } = stored.metadata;
    // The server keeps metadata of earlier records, so they show that another process sent one.
    this.#isRootReplaced = root === undefined && schema !== undefined;
    if (this.#isRootReplaced || (root !== undefined && provisional === 'true')) {
      const found = await getTraceInfo(rest, trace.id);
      return found.kind === 'success' ? this.#join(found.value, own) : found;
    }
    const folder = this.#folder(stored.tags);
    return folder.kind === 'success' ? folder.value.put(rest, toFile(own)) : folder;
  }

  /** Adds the spans to a trace that has a record, and probably a file. */
  async #join(info: MlflowTraceInfo, own: readonly FileSpan[]): Promise<Failure | undefined> {
    const rest = this.#rest;
    const folder = this.#folder(info.tags);
    if (folder.kind !== 'success') return folder;
    const ownIds = new Set(own.map(({ spanId }) => spanId));
    for (let attempts = 1; ; attempts++) {
      const stored = await readSpans(folder.value, rest, this.#file.written.size > 0 ? 1 : READS);
      if (stored.kind !== 'success' && stored.tooLong)
        return { kind: 'rejected', reason: describeTooLarge(this.#file) };
      // Credentials may allow to write only. This process knows what it wrote itself.
      if (stored.kind !== 'success' && (stored.kind === 'retryable' || this.#file.written.size === 0)) return stored;
      const others = stored.kind === 'success' ? stored.value.filter(({ span }) => !ownIds.has(span.spanId)) : [];
      const all = [...others.map(asFileSpan), ...own];
      const failure = (await this.#correct(info, all, others)) ?? (await folder.value.put(rest, toFile(all)));
      if (failure !== undefined || others.length === 0 || attempts === MAX_ATTEMPTS) return failure;
      const after = await readSpans(folder.value, rest, 1);
      const ids = new Set(after.kind === 'success' ? after.value.map(({ span }) => span.spanId) : ownIds);
      if (own.every(({ spanId }) => ids.has(spanId))) return undefined;
    }
  }

  /** Writes the record again, with the totals of all spans. */
  async #correct(
    info: MlflowTraceInfo,
    all: readonly FileSpan[],
    others: readonly StoredSpan[],
  ): Promise<Failure | undefined> {
    const file = this.#file;
    if (file.isRecordFinal) return undefined;
    const hasRootRecord = info.metadata[SCHEMA_VERSION] !== undefined;
    const isOwn = file.root !== undefined || (file.isRecorded && !hasRootRecord);
    const tagging = isOwn ? undefined : await joinTags(file.trace, file.topmost, info, this.#rest);
    if (tagging !== undefined) return tagging;
    const record = withSums(isOwn ? this.#ownRecord(info) : this.#recordOfOther(info, others), all);
    let posted = await postRecord(this.#rest, record, { once: true });
    const isAnswerLost = posted.kind === 'retryable' && posted.status === undefined;
    if (isAnswerLost && !isOver(this.#rest.limit)) posted = await postRecord(this.#rest, record, { once: true });
    if (posted.kind === 'success') {
      file.isRecorded ||= isOwn;
      return undefined;
    }
    // A file store answers 500 without an error code. MLflow names a code for every failure that it foresees.
    file.isRecordFinal = posted.status === INTERNAL_SERVER_ERROR && posted.errorCode === undefined;
    if (!file.isRecordFinal) return posted;
    this.#tools.onNote(describeFinal(file.trace, this.#rest));
    return undefined;
  }

  #folder(tags: Readonly<Record<string, string>>): RestResult<TraceFolder> {
    return tags[SPANS_LOCATION] === undefined
      ? traceFolder(this.#rest, { traceId: this.#file.trace.id, tags })
      : IN_DATABASE;
  }

  #recordOf(root: ReadableSpan): WireTraceInfo {
    return buildRecord(root, this.#file.trace.factsOf(root), this.#context);
  }

  #provisionalRecord(): WireTraceInfo {
    return provisionalRecord(this.#file.trace, this.#file.topmost, this.#context);
  }

  #ownRecord({ metadata }: MlflowTraceInfo): WireTraceInfo {
    const { root } = this.#file;
    if (root === undefined) return this.#provisionalRecord();
    const record = this.#recordOf(root);
    const mark = metadata[PROVISIONAL] === 'true' ? { [PROVISIONAL]: 'false' } : {};
    return { ...record, trace_metadata: { ...record.trace_metadata, ...mark } };
  }

  /** A provisional record also gets the times of the spans here. */
  #recordOfOther(info: MlflowTraceInfo, others: readonly StoredSpan[]): WireTraceInfo {
    const { trace, topmost } = this.#file;
    const spans = others.map(({ span }) => span);
    const replaced = this.#isRootReplaced ? rootRecord(trace, spans, this.#context) : undefined;
    if (replaced !== undefined)
      return { ...replaced, trace_metadata: { ...replaced.trace_metadata, [PROVISIONAL]: 'false' } };
    const record = storedRecord(info, []);
    const { extent } = topmost;
    if (info.metadata[SCHEMA_VERSION] !== undefined || extent === undefined) return record;
    const begin = BigInt(info.requestTime.getTime()) * MILLISECOND;
    const end = begin + BigInt(info.durationMillis ?? 0) * MILLISECOND;
    const times = recordTimes(earlier(begin, extent.start), later(end, extent.end));
    return { ...record, ...times, ...(extent.isError ? { state: 'ERROR' } : {}) };
  }
}

function describeTooLarge({ trace: { id } }: TraceFile): ShownText {
  return say`The file of trace ${ownText(mlflowTraceId(id))} is too large to be read back, so later spans cannot join it.`;
}

/** Says what is missing for a trace whose record stays as it was. */
function describeFinal({ id }: Trace, { url }: Rest): string {
  return say`MLflow at ${url} answered 500 to a repeated record, as file stores do: trace ${ownText(mlflowTraceId(id))} has all of its spans, but its tokens, name and times stay those of the first record. Use MLflow >= 3.4 on a database.`;
}

/** @param reads how often to look for the file: the process that wrote the record may just be writing it */
async function readSpans(folder: TraceFolder, rest: Rest, reads: number): Promise<RestResult<StoredSpan[]>> {
  for (let read = 1; ; read++) {
    const file = await folder.get(rest);
    const text = file.kind === 'success' ? file.value : undefined;
    if (text !== undefined) return { kind: 'success', value: readStoredSpans(text) };
    if (file.kind === 'retryable' || read >= reads || isOver(rest.limit))
      return file.kind === 'success' ? { kind: 'success', value: [] } : file;
    // S3 answers as if reading were forbidden if there is no file and the credentials may not list files.
    await pause(READ_PAUSE_MILLIS, rest.limit.signal);
  }
}

function asFileSpan({ span, json }: StoredSpan): FileSpan {
  const { spanId, parentSpanId, startTimeUnixNano: start, tokenUsage, cost } = span;
  return { spanId, parentSpanId, start, tokenUsage, cost, json: Buffer.from(json) };
}

function toFile(spans: readonly FileSpan[]): Buffer {
  return joinSpans(inOrderOfStart(spans).map(({ json }) => json));
}

/** The record with the totals and sizes of all spans, which a server without OTLP does not compute. */
function withSums(record: WireTraceInfo, spans: readonly FileSpan[]): WireTraceInfo {
  const summed = withTotals(record, sumUp(spans));
  const sizes = sizeMetadata(
    summed,
    spans.map(({ json }) => json.byteLength),
  );
  return { ...summed, trace_metadata: { ...summed.trace_metadata, ...sizes } };
}
