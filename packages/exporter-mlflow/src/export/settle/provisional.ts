import type { Failure } from '../../http/exchange/outcome.js';
import { FINALIZED, PROVISIONAL, SCHEMA_VERSION, TRACE_NAME } from '../../mlflow/names.js';
import { failureOf, optional, type Rest } from '../../mlflow/rest.js';
import { getTraceInfo, postRecord, recordTimes, setTraceTag } from '../../mlflow/traces.js';
import type { MlflowSpan, MlflowTrace, MlflowTraceInfo } from '../../mlflow/types.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import {
  identityOf,
  isSameIdentity,
  observeRequest,
  observeSpan,
  type RequestFacts,
  type TraceFacts,
} from '../trace/facts.js';
import { buildRecord, type RecordContext, type RecordSource, traceState, withoutContent } from '../trace/record.js';
import { isBefore, joinOrphans, type Orphans, type Topmost } from '../trace/topmost.js';
import { sumUp } from '../trace/totals.js';
import type { Trace } from '../trace/trace.js';
import { correctStored, storedRecord, storedRoot, withTotals } from './correct.js';
import { linkPrompts } from './link-prompts.js';
import { fetchStored } from './stored.js';

const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

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
    const { tags = {} } = root;
    const record = { ...withoutContent(root), tags: optional(TRACE_NAME, tags[TRACE_NAME]) };
    return failureOf(await postRecord(rest, withTotals(record, sumUp(spans))));
  }
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const [first, ...others] = spans.filter(({ parentSpanId = '' }) => !ids.has(parentSpanId));
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

/** The record of a root whose span another process sent; undefined if there is none. */
export function rootRecord(
  { id, topmost }: Trace,
  spans: readonly MlflowSpan[],
  context: RecordContext,
): WireTraceInfo | undefined {
  const root = storedRoot(spans);
  if (root === undefined) return undefined;
  const source = asSource(root, id);
  const own = identityOf(source.attributes);
  const facts: TraceFacts = {};
  let first: RequestFacts = {};
  for (const span of spans) {
    if (topmost?.has(span.spanId)) continue;
    const observed = asSource(span, id);
    observeSpan(facts, observed);
    const each: RequestFacts = {};
    observeRequest(each, observed);
    if (each.firstRequest === undefined || !isSameIdentity(own, each)) continue;
    if (first.firstRequest === undefined || each.firstRequest.at < first.firstRequest.at) first = each;
  }
  // Stored spans do not show which of them belong to one request, so all is of one model call.
  return buildRecord(source, { ...facts, ...first, ...own }, context);
}

/**
 * Builds the record of a trace whose root did not arrive.
 *
 * @throws TypeError if no span arrived
 */
export function provisionalRecord(
  trace: Trace,
  { first, extent, tags }: Topmost,
  context: RecordContext,
): WireTraceInfo {
  if (first === undefined || extent === undefined) throw new TypeError('no span of the trace has arrived');
  const record = buildRecord(first, trace.factsOf(first), context);
  const { [SCHEMA_VERSION]: _, ...metadata } = record.trace_metadata ?? {};
  return {
    ...record,
    ...recordTimes(extent.start, extent.end),
    state: extent.isError ? 'ERROR' : 'OK',
    trace_metadata: { ...metadata, [PROVISIONAL]: 'true' },
    tags: { ...tags, ...record.tags },
  };
}

/** State and times of a trace with these topmost spans. */
function extentOf(
  traceId: string,
  first: MlflowSpan,
  others: readonly MlflowSpan[],
): Pick<WireTraceInfo, 'request_time' | 'execution_duration' | 'state'> {
  const asOrphan = (span: MlflowSpan): Orphans => {
    const { parentSpanId, startTimeUnixNano: start, endTimeUnixNano: end = start } = span;
    return { parentSpanId, extent: { start, end, isError: traceState(asSource(span, traceId)) === 'ERROR' } };
  };
  const all = [first, ...others].map(asOrphan);
  const earliest = all.reduce((some, other) => (isBefore(other, some) ? other : some));
  const { start, end, isError } = joinOrphans(earliest, all);
  return { ...recordTimes(start, end), state: isError ? 'ERROR' : 'OK' };
}

/** A stored span as the source of a record. */
function asSource(span: MlflowSpan, traceId: string): RecordSource {
  const { name, ok, startTimeUnixNano: start, endTimeUnixNano: end = start, attributes } = span;
  const time = (nanoseconds: bigint): [number, number] => [Number(nanoseconds / SECOND), Number(nanoseconds % SECOND)];
  const context = { traceId, spanId: span.spanId, traceFlags: 1 };
  return {
    name,
    status: { code: ok ? 0 : 2 },
    startTime: time(start),
    endTime: time(end),
    resource: { attributes: {} },
    spanContext: () => context,
    // MLflow returns recorded JSON as the values that it stands for.
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  };
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
