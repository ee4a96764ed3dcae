import type { Failure } from '../../http/exchange/outcome.js';
import { FINALIZED, PROVISIONAL, SCHEMA_VERSION, TRACE_NAME } from '../../mlflow/names.js';
import { failureOf, optional, type Rest } from '../../mlflow/rest.js';
import { getTraceInfo, postRecord, setTraceTag } from '../../mlflow/traces.js';
import type { MlflowTrace, MlflowTraceInfo } from '../../mlflow/types.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { identityOf, isSameIdentity } from '../trace/facts.js';
import { type RecordContext, withoutContent } from '../trace/record.js';
import type { Topmost } from '../trace/topmost.js';
import { sumUp } from '../trace/totals.js';
import type { Trace } from '../trace/trace.js';
import { correctStored, storedRecord, withTotals } from './correct.js';
import { linkPrompts } from './link-prompts.js';
import { extentOf, provisionalRecord, rootRecord } from './provisional-record.js';
import { fetchStored } from './stored.js';

const MILLISECOND = 1_000_000n;

/**
 * Gives a trace what it needs as long as its root has not arrived here. The root may be in another service, which
 * reports sooner, later or never, or a filter kept it out.
 *
 * - If the root has its record, that stays. It gets the tags of this process, and right totals.
 * - Otherwise the topmost span of this process writes a provisional record. Without one, MLflow would show the trace as
 *   in progress for ever. The record has no version of its schema, which every record of a root has, and a mark by which
 *   the root's process knows that the totals are frozen.
 *
 * Two requests cannot be one transaction. So the answer to a provisional record must show that no root was recorded in
 * between. If one was, its record is restored from its span.
 */
export async function settleWithoutRoot(
  trace: Trace,
  topmost: Topmost,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const stored = await getTraceInfo(rest, trace.id);
  // A user deleted the trace while it waited.
  if (stored.kind !== 'success') return stored.errorCode === 'RESOURCE_DOES_NOT_EXIST' ? undefined : stored;
  const info = stored.value;
  topmost.settled();
  if (hasRootRecord(info)) return joinRoot(trace, topmost, info, rest);
  const isProvisional = hasRecord(info);
  if (isProvisional || info.state !== 'IN_PROGRESS') {
    const whole = await fetchStored(trace, rest);
    if (whole.kind !== 'success') return whole;
    return isProvisional
      ? repeatProvisional(trace, topmost, whole.value, context, rest)
      : joinStoredRoot(trace, topmost, whole.value, context, rest);
  }
  const failure = await post(provisionalRecord(trace, topmost, context), trace, context, rest);
  if (failure === undefined) topmost.recorded();
  return failure ?? linkPrompts(trace, rest);
}

/**
 * Looks once more at a trace that has a record and whose root was not there yet. The root's process does not know of
 * spans that arrived between record and root, and MLflow's Python client does not know of provisional records. So totals
 * can lack the tokens of either side.
 */
export async function settleWithRecord(trace: Trace, topmost: Topmost, rest: Rest): Promise<Failure | undefined> {
  const stored = await getTraceInfo(rest, trace.id);
  if (stored.kind !== 'success') return stored;
  const info = stored.value;
  return hasRootRecord(info) && (trace.lacksRootSpan || info.metadata[PROVISIONAL] === 'true')
    ? joinRoot(trace, topmost, info, rest)
    : undefined;
}

/** Whether the root of the trace has its record. Also true if the server does not answer. */
export async function mayHaveRootRecord(trace: Trace, rest: Rest): Promise<boolean> {
  const stored = await getTraceInfo(rest, trace.id);
  return stored.kind !== 'success' || hasRootRecord(stored.value);
}

/** Adds what this process knows to a trace whose root has its record. */
async function joinRoot(
  trace: Trace,
  topmost: Topmost,
  info: MlflowTraceInfo,
  rest: Rest,
): Promise<Failure | undefined> {
  const failure = await joinTags(trace, topmost, info, rest);
  if (failure !== undefined) return failure;
  // Spans that arrived after the record are missing in the totals, and stretched the trace.
  const isChanged = trace.facts.hasFigures || reachesEdge(topmost, info) || info.metadata[PROVISIONAL] === 'true';
  return isChanged ? correctStored(trace, rest) : undefined;
}

/**
 * Adds what this process knows to a trace whose root is stored without a record: the record is about to arrive, or it
 * never will, because the root's exporter does not know MLflow.
 */
async function joinStoredRoot(
  trace: Trace,
  topmost: Topmost,
  { info, spans }: MlflowTrace,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  return addTags(trace, { ...tagsFor(info, topmost), ...rootRecord(trace, spans, context)?.tags }, info, rest);
}

/** Adds the tags of this process to the record of another one, unless that shows another request. */
export function joinTags(
  trace: Trace,
  topmost: Topmost,
  info: MlflowTraceInfo,
  rest: Rest,
): Promise<Failure | undefined> {
  return addTags(trace, tagsFor(info, topmost), info, rest);
}

/** Tags of this process for a record of another one. */
function tagsFor(info: MlflowTraceInfo, topmost: Topmost): Readonly<Record<string, string>> {
  return mayJoin(info, topmost) ? topmost.tags : {};
}

/** Whether a record of another process can show the same request: neither session nor user differs. */
function mayJoin(info: MlflowTraceInfo, { first }: Topmost): boolean {
  return isSameIdentity(info, identityOf(first?.attributes ?? {}));
}

async function addTags(
  trace: Trace,
  tags: Readonly<Record<string, string>>,
  { tags: stored }: MlflowTraceInfo,
  rest: Rest,
): Promise<Failure | undefined> {
  for (const [key, value] of Object.entries(tags)) {
    if (stored[key] !== undefined) continue;
    let failure = failureOf(await setTraceTag(rest, trace.id, key, value));
    // The server's database refuses a tag that another process adds at the same moment. Then the tag is there.
    if (failure?.kind === 'rejected') failure = failureOf(await setTraceTag(rest, trace.id, key, value));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Corrects a provisional record, of this process or of another, for spans that arrived since. */
async function repeatProvisional(
  trace: Trace,
  topmost: Topmost,
  { info, spans }: MlflowTrace,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const root = rootRecord(trace, spans, context);
  if (root !== undefined) {
    // Its record is about to arrive, or never will. This much is right in both cases.
    const record = { ...withoutContent(root), tags: optional(TRACE_NAME, root.tags[TRACE_NAME]) };
    return failureOf(await postRecord(rest, withTotals(record, sumUp(spans))));
  }
  const ids = new Set<string | undefined>(spans.map(({ spanId }) => spanId));
  const [first, ...others] = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
  const own = provisionalRecord(trace, topmost, context);
  const ownId = topmost.first?.spanContext().spanId;
  const isFirst = [first, ...others].some(
    (span) => span?.spanId === ownId && span?.startTimeUnixNano === first?.startTimeUnixNano,
  );
  // The server would keep what this request does not have of the one that another process recorded.
  const isOwn = isFirst && (topmost.isRecorded || mayJoin(info, topmost));
  const record: WireTraceInfo = isOwn
    ? own
    : { ...storedRecord(info, spans), tags: { ...tagsFor(info, topmost), ...info.tags } };
  if (first !== undefined) Object.assign(record, extentOf(trace.id, first, others));
  const failure = await post(withTotals(record, sumUp(spans)), trace, context, rest);
  if (failure === undefined && isOwn) topmost.recorded();
  return failure ?? correctStored(trace, rest);
}

async function post(
  record: WireTraceInfo,
  trace: Trace,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const posted = await postRecord(rest, record);
  if (posted.kind !== 'success') return posted;
  trace.recordedProvisionally();
  if (posted.value?.metadata[SCHEMA_VERSION] === undefined) return undefined;
  // Another process recorded the root since this one looked.
  const stored = await fetchStored(trace, rest);
  if (stored.kind !== 'success') return stored;
  const { spans } = stored.value;
  const root = rootRecord(trace, spans, context);
  // Without its span, the other process has yet to send it, and repeats its record.
  if (root === undefined) return undefined;
  const restored = { ...root, trace_metadata: { ...root.trace_metadata, [PROVISIONAL]: 'false' } };
  return failureOf(await postRecord(rest, withTotals(restored, sumUp(spans))));
}

function hasRecord({ metadata }: MlflowTraceInfo): boolean {
  return metadata[FINALIZED] === 'true';
}

function hasRootRecord(info: MlflowTraceInfo): boolean {
  return hasRecord(info) && info.metadata[SCHEMA_VERSION] !== undefined;
}

/** Whether the trace begins or ends with spans of this process, which may have stretched it. */
function reachesEdge({ extent }: Topmost, { requestTime, durationMillis = Number.NaN }: MlflowTraceInfo): boolean {
  const start = requestTime.getTime();
  const end = start + durationMillis;
  return extent === undefined || extent.start / MILLISECOND <= start || extent.end / MILLISECOND >= end;
}
