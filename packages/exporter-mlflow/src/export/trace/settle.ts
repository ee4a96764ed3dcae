import { runningTime } from '../../common/running-time.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { nanoseconds } from '../../common/time.js';
import { type Failure, OUT_OF_TIME } from '../../http/outcome.js';
import { totalsMetadata } from '../../mlflow/figures.js';
import { FINALIZED, LIMITS, TRACE_NAME } from '../../mlflow/names.js';
import type { LinkedPrompt } from '../../mlflow/prompts.js';
import { failureOf, optional, type Rest } from '../../mlflow/rest.js';
import {
  experimentLocation,
  formatDuration,
  getTrace,
  getTraceInfo,
  linkPromptsToTrace,
  postRecord,
  recordTimes,
  setTraceTag,
} from '../../mlflow/traces.js';
import type { MlflowSpan, MlflowTraceInfo } from '../../mlflow/types.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { hasFigures, hasRemoteParent } from '../span/span.js';
import { buildRecord, joinRecords, type RecordContext, traceName, traceTags, withoutContent } from './record.js';
import { sumUp } from './totals.js';
import type { Trace } from './trace.js';

/** A trace of which the server accepted spans. */
export interface UploadedTrace {
  trace: Trace;
  /** The accepted spans. */
  spans: ReadableSpan[];
  experimentId: string;
}

/** Sends what a trace needs after some of its spans were accepted. Returns the reason if that failed. */
export type Settle = (uploaded: UploadedTrace, rest: Rest) => Promise<Failure | undefined>;

const MILLISECOND = 1_000_000n;

/** @param isRoot whether the record of a trace is sent with this span */
export function createSettle(
  context: Omit<RecordContext, 'experimentId'>,
  isRoot: (span: ReadableSpan) => boolean,
): Settle {
  const settle: Settle = async ({ trace, spans, experimentId }, rest) => {
    const roots = spans.filter(isRoot);
    if (roots.length > 0) return record(roots, trace, { ...context, experimentId }, rest);
    if (trace.record.kind === 'sent') return repeat(trace.record, { trace, spans }, rest);
    const isEntry = spans.some(hasRemoteParent);
    const isLateForOther = trace.facts.isRemote && spans.some(hasFigures);
    const isLateForForgotten = trace.record.kind === 'forgotten' && trace.facts.isRooted;
    return isEntry || isLateForOther || isLateForForgotten ? join(trace, spans, rest) : undefined;
  };
  return ({ trace, ...uploaded }, rest) =>
    trace.inTurn(rest.limit, async (inTime) => {
      if (!inTime) return OUT_OF_TIME;
      // An unforeseen error about one trace must not count as the loss of a whole batch, whose spans arrived.
      return settle({ trace, ...uploaded }, rest).catch(
        (error: unknown): Failure => ({ kind: 'rejected', reason: `MLflow exporter failed: ${String(error)}` }),
      );
    });
}

/** Sends the record of a trace whose roots arrived. */
async function record(
  roots: readonly ReadableSpan[],
  trace: Trace,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const { deadline, signal } = rest.limit;
  // Other batches of this trace may be on their way. If they arrive first, the totals are right at once.
  const patience = runningTime() + (deadline - runningTime()) / 2;
  await trace.uploaded({ deadline: patience, ...optional('signal', signal) });
  let failure: Failure | undefined;
  for (const root of roots) failure = (await recordRoot(root, trace, context, rest)) ?? failure;
  return failure;
}

async function recordRoot(
  root: ReadableSpan,
  trace: Trace,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const earlier = trace.record;
  const times = { start: nanoseconds(root.startTime), end: nanoseconds(root.endTime) };
  let info = buildRecord(root, trace.facts, context);
  if (earlier.kind === 'sent') {
    if (earlier.start < times.start) times.start = earlier.start;
    if (earlier.end > times.end) times.end = earlier.end;
    info = joinRecords(earlier.info, info, times);
  }
  const post = async (): Promise<Failure | undefined> => failureOf(await postRecord(rest, info));
  const failure = await trace.recording({ kind: 'sent', info, ...times }, post);
  if (failure !== undefined) return failure;
  // An earlier record froze the totals.
  if (earlier.kind !== 'none') return correct(trace, info, rest);
  return trace.facts.prompts === undefined ? undefined : linkPrompts(trace, trace.facts.prompts, rest);
}

/** Repeats the record of this process for spans that arrived after it, if they changed the trace. */
async function repeat(
  { info, start, end }: { info: WireTraceInfo; start: bigint; end: bigint },
  { trace, spans: late }: Pick<UploadedTrace, 'trace' | 'spans'>,
  rest: Rest,
): Promise<Failure | undefined> {
  if (late.some(hasFigures)) return correct(trace, info, rest);
  // A late span stretches even a finished trace on the server, so the times need correction even without tokens.
  const stretches = late.some((span) => nanoseconds(span.endTime) > end || nanoseconds(span.startTime) < start);
  return stretches ? failureOf(await postRecord(rest, withoutContent(info))) : undefined;
}

/** Handles spans of a trace whose record belongs to another service, or was sent so long ago that it is forgotten. */
async function join(trace: Trace, spans: readonly ReadableSpan[], rest: Rest): Promise<Failure | undefined> {
  const stored = await getTraceInfo(rest, trace.id);
  if (stored.kind !== 'success') return stored;
  const info = stored.value;
  const entries = spans.filter(hasRemoteParent);
  const tags: Record<string, string> = Object.assign({}, ...entries.map(traceTags));
  // The owner of the trace names it. Until it does, and if it never does, this name is better than none.
  const [entry] = entries;
  if (entry !== undefined && info.tags[TRACE_NAME] === undefined) tags[TRACE_NAME] = traceName(entry);
  for (const [key, value] of Object.entries(tags)) {
    const failure = failureOf(await setTraceTag(rest, trace.id, key, value));
    if (failure !== undefined) return failure;
  }
  const isFinal = info.metadata[FINALIZED] === 'true';
  const isChanged = trace.facts.hasFigures || spans.some((span) => reachesEdge(span, info));
  return isFinal && isChanged ? correct(trace, undefined, rest) : undefined;
}

/**
 * Repeats a record with the totals of the trace. The first record froze them: they change only if the record comes again
 * and names them. The times become those of the root again, because late spans may have stretched the trace.
 *
 * @param own the record of this process; without it, the stored one is repeated
 */
async function correct(trace: Trace, own: WireTraceInfo | undefined, rest: Rest): Promise<Failure | undefined> {
  const stored = await getTrace(rest, trace.id);
  if (stored.kind !== 'success') return stored;
  const { info, spans } = stored.value;
  const base = own === undefined ? storedRecord(info, spans) : withoutContent(own);
  return failureOf(await postRecord(rest, { ...base, trace_metadata: totalsMetadata(sumUp(spans)) }));
}

/** The tag shows the prompts on the trace. Only with this link the server finds traces by prompt. */
async function linkPrompts(trace: Trace, prompts: readonly LinkedPrompt[], rest: Rest): Promise<Failure | undefined> {
  // The column cannot hold longer ones, and a single one of them makes PostgreSQL refuse the others.
  const linkable = prompts.filter(({ name, version }) => `${name}/${version}`.length <= LIMITS.promptVersion);
  if (linkable.length === 0) return undefined;
  const linked = await linkPromptsToTrace(rest, trace.id, linkable);
  // A server without this route has the tag.
  return linked.kind === 'retryable' ? linked : undefined;
}

/** The stored record without its content, with the times of its root if that is among the spans. */
function storedRecord(info: MlflowTraceInfo, spans: readonly MlflowSpan[]): WireTraceInfo {
  const { durationMillis, clientRequestId } = info;
  const root = spans.find(({ parentSpanId }) => parentSpanId === undefined);
  const times =
    root?.startTimeUnixNano && root.endTimeUnixNano ? recordTimes(root.startTimeUnixNano, root.endTimeUnixNano) : {};
  return {
    trace_id: info.traceId,
    trace_location: experimentLocation(info.experimentId),
    request_time: info.requestTime.toISOString(),
    state: info.state,
    ...optional('execution_duration', durationMillis === undefined ? undefined : formatDuration(durationMillis)),
    ...optional('client_request_id', clientRequestId),
    ...times,
  };
}

/** Whether the trace begins or ends with this span, which may have stretched it. */
function reachesEdge(span: ReadableSpan, { requestTime, durationMillis = Number.NaN }: MlflowTraceInfo): boolean {
  const start = requestTime.getTime();
  const end = start + durationMillis;
  return nanoseconds(span.startTime) / MILLISECOND <= start || nanoseconds(span.endTime) / MILLISECOND >= end;
}
