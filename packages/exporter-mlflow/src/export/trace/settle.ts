import { runningTime } from '../../common/running-time.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { earlier, later, nanoseconds } from '../../common/time.js';
import { type Failure, OUT_OF_TIME } from '../../http/outcome.js';
import { PROVISIONAL } from '../../mlflow/names.js';
import { failureOf, optional, type Rest } from '../../mlflow/rest.js';
import { postRecord, type StoredRecord } from '../../mlflow/traces.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';
import { hasFigures, isRoot } from '../span/span.js';
import { correct, correctStored } from './correct.js';
import { linkPrompts } from './link-prompts.js';
import { settleWithoutRoot } from './provisional.js';
import { buildRecord, joinRecords, type RecordContext, withoutContent } from './record.js';
import type { Trace } from './trace.js';
import type { UnrootedTrace } from './unrooted.js';

/** A trace of which the server accepted spans. */
export interface UploadedTrace {
  trace: Trace;
  /** The accepted spans. */
  spans: ReadableSpan[];
  experimentId: string;
}

/** Sends what traces need. Each method returns the reason if that failed. */
export interface Settling {
  /** Sends what a trace needs after some of its spans were accepted. */
  uploaded(uploaded: UploadedTrace, rest: Rest): Promise<Failure | undefined>;
  /** Sends what a trace needs of which no root is expected for now. */
  withoutRoot(unrooted: UnrootedTrace, rest: Rest): Promise<Failure | undefined>;
}

export function createSettling(program: Omit<RecordContext, 'experimentId'>): Settling {
  return {
    uploaded: ({ trace, spans, experimentId }, rest) =>
      inTurn(trace, rest, async () => {
        const roots = spans.filter(isRoot);
        if (roots.length > 0) return record(roots, trace, { ...program, experimentId }, rest);
        if (trace.record.kind === 'sent') return repeat(trace.record, trace, spans, rest);
        return trace.record.kind === 'forgotten' ? correctStored(trace, rest) : undefined;
      }),
    withoutRoot: ({ trace, experimentId }, rest) =>
      inTurn(trace, rest, async () => {
        const { topmost } = trace;
        if (topmost === undefined || trace.record.kind !== 'none') return undefined;
        return settleWithoutRoot(trace, topmost, { ...program, experimentId }, rest);
      }),
  };
}

function inTurn(trace: Trace, rest: Rest, work: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
  return trace.inTurn(rest.limit, async (inTime) => {
    if (!inTime) return OUT_OF_TIME;
    // An unforeseen error about one trace must not count as the loss of a whole batch, whose spans arrived.
    return work().catch(
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
  const before = trace.record;
  const times = { start: nanoseconds(root.startTime), end: nanoseconds(root.endTime) };
  let info = buildRecord(root, trace.facts, context);
  if (before.kind === 'sent') {
    times.start = earlier(before.start, times.start);
    times.end = later(before.end, times.end);
    info = joinRecords(before.info, info, times);
  }
  const wasProvisional = trace.provisionalRecords > 0;
  let stored: StoredRecord | undefined;
  const failure = await trace.recording({ kind: 'sent', info, ...times }, async () => {
    const posted = await postRecord(rest, info);
    if (posted.kind === 'success') stored = posted.value;
    return failureOf(posted);
  });
  if (failure !== undefined) return failure;
  // An earlier record froze the totals.
  if (before.kind !== 'none') return correct(trace, withoutContent(info), rest);
  const isLinked = await linkPrompts(trace, rest);
  if (!wasProvisional && stored?.metadata[PROVISIONAL] !== 'true') return isLinked;
  const corrected = await correct(trace, { ...withoutContent(info), trace_metadata: { [PROVISIONAL]: 'false' } }, rest);
  return corrected ?? isLinked;
}

/** Repeats the record of this process for spans that arrived after it, if they changed the trace. */
async function repeat(
  { info, start, end }: { info: WireTraceInfo; start: bigint; end: bigint },
  trace: Trace,
  late: readonly ReadableSpan[],
  rest: Rest,
): Promise<Failure | undefined> {
  if (late.some(hasFigures)) return correct(trace, withoutContent(info), rest);
  // A late span stretches even a finished trace on the server, so the times need correction even without tokens.
  const stretches = late.some((span) => nanoseconds(span.endTime) > end || nanoseconds(span.startTime) < start);
  return stretches ? failureOf(await postRecord(rest, withoutContent(info))) : undefined;
}
