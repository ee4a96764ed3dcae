import { runningTime } from '../../common/running-time.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { earlier, later, nanoseconds } from '../../common/time.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { PROVISIONAL } from '../../mlflow/names.js';
import { failureOf, optional, type Rest } from '../../mlflow/rest.js';
import { postRecord, type StoredRecord } from '../../mlflow/traces.js';
import { hasFigures, localRootId } from '../span/span.js';
import { buildRecord, joinRecords, type RecordContext, withoutContent } from '../trace/record.js';
import type { SentRecord, Trace } from '../trace/trace.js';
import { correct, correctStored } from './correct.js';
import { linkPrompts } from './link-prompts.js';

/** Sends the record of a trace whose roots arrived. */
export async function recordRoots(
  roots: readonly ReadableSpan[],
  trace: Trace,
  isDivided: boolean,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const { deadline, signal } = rest.limit;
  // Other batches of this trace may be on their way. If they arrive first, the totals are right at once.
  const patience = runningTime() + (deadline - runningTime()) / 2;
  await trace.uploaded({ deadline: patience, ...optional('signal', signal) });
  // An earlier record froze the totals.
  const isFrozen = trace.ahead !== undefined && (isDivided || !trace.isNew);
  let failure: Failure | undefined;
  for (const root of roots) failure = (await recordRoot(root, trace, isFrozen, context, rest)) ?? failure;
  if (failure === undefined) trace.recordedAhead(undefined);
  return failure;
}

async function recordRoot(
  root: ReadableSpan,
  trace: Trace,
  isFrozen: boolean,
  context: RecordContext,
  rest: Rest,
): Promise<Failure | undefined> {
  const before = trace.record;
  const times = { start: nanoseconds(root.startTime), end: nanoseconds(root.endTime) };
  const own = localRootId(root);
  let info = buildRecord(root, trace.factsOf(root), context);
  if (before.kind === 'sent') {
    times.start = earlier(before.start, times.start);
    times.end = later(before.end, times.end);
    info = joinRecords(before.info, info, times, before.localRootId === own);
  }
  const wasProvisional = trace.provisionalRecords > 0;
  let stored: StoredRecord | undefined;
  const shown = before.kind === 'sent' ? before.localRootId : own;
  const failure = await trace.recording({ kind: 'sent', info, localRootId: shown, ...times }, async () => {
    const posted = await postRecord(rest, info);
    if (posted.kind === 'success') stored = posted.value;
    return failureOf(posted);
  });
  if (failure !== undefined) return failure;
  const isLinked = before.kind === 'none' ? await linkPrompts(trace, rest) : undefined;
  const isProvisional = wasProvisional || stored?.metadata[PROVISIONAL] === 'true';
  if (before.kind === 'none' && !isFrozen && !isProvisional) return isLinked;
  const mark = isProvisional ? { trace_metadata: { [PROVISIONAL]: 'false' } } : {};
  const corrected = await correct(trace, { ...withoutContent(info), ...mark }, rest);
  // The process that sent the provisional record may correct the totals, too.
  const checked = isProvisional && corrected === undefined ? await correctStored(trace, rest) : corrected;
  return checked ?? isLinked;
}

/** Repeats the record of this process for spans that arrived after it, if they changed the trace. */
export async function repeatRecord(
  { info, start, end }: SentRecord,
  trace: Trace,
  late: readonly ReadableSpan[],
  rest: Rest,
): Promise<Failure | undefined> {
  if (late.some(hasFigures)) return correct(trace, withoutContent(info), rest);
  // A late span stretches even a finished trace on the server, so the times need correction even without tokens.
  const stretches = late.some((span) => nanoseconds(span.endTime) > end || nanoseconds(span.startTime) < start);
  return stretches ? failureOf(await postRecord(rest, withoutContent(info))) : undefined;
}
