import type { ReadableSpan } from '../../common/sdk-types.js';
import { nanoseconds } from '../../common/time.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { PROVISIONAL, SPANS_LOCATION } from '../../mlflow/names.js';
import { failureOf, type Rest } from '../../mlflow/rest.js';
import { getTraceInfo, postRecord, type StoredRecord } from '../../mlflow/traces.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { LEFT_OUT } from '../span/content.js';
import { localRootId } from '../span/span.js';
import { buildRecord, type RecordContext, withoutContent } from '../trace/record.js';
import type { FoundAhead, SentRecord, Trace } from '../trace/trace.js';
import { correct, correctStored, storedRecord } from './correct.js';
import { linkPrompts } from './link-prompts.js';

/**
 * Sends the record of a trace before its spans, which all follow in one request. The server sums up the first spans that
 * it gets after a record, and takes the sum for that of the whole trace.
 */
export async function recordAhead(
  root: ReadableSpan,
  trace: Trace,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const info = buildRecord(root, trace.factsOf(root), context);
  const record: SentRecord = {
    kind: 'sent',
    info,
    localRootId: localRootId(root),
    start: nanoseconds(root.startTime),
    end: nanoseconds(root.endTime),
  };
  trace.recordedAhead('unknown');
  return trace.recording(record, async () => {
    // If this fails, the record follows the spans.
    const posted = await postRecord(rest, info, { once: true });
    if (posted.kind === 'success') trace.recordedAhead(whatWasThere(posted.value));
    else if (posted.kind !== 'retryable') trace.recordedAhead(undefined);
    return failureOf(posted);
  });
}

/** Sends what a trace needs whose spans followed its record: nothing, if the server had nothing of it before. */
export async function finishAhead(
  { info }: SentRecord,
  found: FoundAhead,
  isDivided: boolean,
  trace: Trace,
  rest: Rest,
): Promise<Failure | undefined> {
  let failure = await linkPrompts(trace, rest);
  if (found !== 'nothing' || !trace.isNew || isDivided) failure = (await repeat(info, found, trace, rest)) ?? failure;
  if (failure?.kind !== 'retryable') trace.recordedAhead(undefined);
  return failure;
}

/** Repeats the record with the totals of spans that the server had before it, or got in several requests after it. */
async function repeat(info: WireTraceInfo, found: FoundAhead, trace: Trace, rest: Rest): Promise<Failure | undefined> {
  const mark = found === 'provisional record' ? { [PROVISIONAL]: 'false' } : {};
  // Another process may have sent a provisional record at the same time, so all of it is sent again.
  const record =
    found === 'nothing' ? withoutContent(info) : { ...info, trace_metadata: { ...info.trace_metadata, ...mark } };
  const failure = await correct(trace, record, rest);
  return failure === undefined && found !== 'nothing' ? correctStored(trace, rest) : failure;
}

/**
 * Changes the record of a trace whose spans were lost after it: it keeps its previews, and becomes an error with a tag that
 * says why. Spans can be there all the same, if only the answer to the upload got lost.
 */
export async function markWithoutSpans(trace: Trace, rest: Rest): Promise<Failure | undefined> {
  const stored = await getTraceInfo(rest, trace.id);
  // The record did not arrive either.
  if (stored.kind !== 'success') return stored.errorCode === 'RESOURCE_DOES_NOT_EXIST' ? undefined : stored;
  const info = stored.value;
  if (info.tags[SPANS_LOCATION] !== undefined) return undefined;
  const tags = { [LEFT_OUT]: 'The spans of this trace could not be delivered.' };
  return failureOf(await postRecord(rest, { ...storedRecord(info, []), state: 'ERROR', tags }));
}

function whatWasThere(stored: StoredRecord | undefined): FoundAhead {
  // Every MLflow server names the trace.
  if (stored === undefined) return 'nothing';
  if (stored.metadata[PROVISIONAL] === 'true') return 'provisional record';
  return stored.tags[SPANS_LOCATION] === undefined ? 'nothing' : 'spans';
}
