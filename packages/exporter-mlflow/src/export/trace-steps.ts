import { performance } from 'node:perf_hooks';
import type { ReadableSpan } from '../common/sdk-types.js';
import { settledBefore } from '../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../http/outcome.js';
import type { UploadedTrace } from './postponed.js';
import { hasFigures } from './trace-facts.js';
import type { RecordContext } from './trace-info.js';
import type { TraceRecords } from './trace-records.js';

/** How long the steps of a trace may take, and who sends what they need. */
export interface Limit {
  deadline: number;
  records: TraceRecords;
  /** Ends them before the deadline. */
  signal?: AbortSignal;
}

/** What is to be done about a trace after some of its spans were accepted. Gives the reason when it failed. */
export type TraceSteps = (trace: UploadedTrace, limit: Limit) => Promise<Failure | undefined>;

export function createTraceSteps(
  context: Omit<RecordContext, 'experimentId'>,
  isRoot: (span: ReadableSpan) => boolean,
): TraceSteps {
  const complete: TraceSteps = async ({ traceId, spans, facts, experimentId }, { deadline, records }) => {
    const roots = spans.filter(isRoot);
    if (roots.length > 0) {
      // Other batches of this trace may be on their way at the same time: with them first, the totals are right at once.
      const patience = performance.now() + (deadline - performance.now()) / 2;
      if (facts.uploads?.size) await settledBefore(patience, facts.uploads);
      let failure: Failure | undefined;
      for (const root of roots) {
        failure = (await records.record(root, facts, { ...context, experimentId }, deadline)) ?? failure;
      }
      return failure;
    }
    if (facts.record !== undefined) return records.repeat(facts, spans, deadline);
    const isEntry = spans.some(({ parentSpanContext }) => parentSpanContext?.isRemote);
    if (isEntry || (facts.remote && spans.some(hasFigures)) || (facts.recalled && facts.rooted)) {
      return records.join(`tr-${traceId}`, facts, spans, deadline);
    }
    return undefined;
  };

  // One at a time for each trace.
  return (trace, limit) => {
    const { facts } = trace;
    const earlier = facts.turn;
    const step = async (): Promise<Failure | undefined> => {
      // Steps of another export may have a later deadline.
      const isFree = earlier === undefined || (await settledBefore(limit.deadline, [earlier]));
      return isFree && !isOver(limit) ? complete(trace, limit) : OUT_OF_TIME;
    };
    // What nobody foresaw about one trace must not count as the loss of a whole batch, whose spans arrived.
    const turn = step().catch(
      (error: unknown): Failure => ({ kind: 'rejected', reason: `MLflow exporter failed: ${String(error)}` }),
    );
    // Who gave up waiting must not let the next one in.
    facts.turn = earlier === undefined ? turn : Promise.allSettled([earlier, turn]);
    return turn;
  };
}

export function isOver({ deadline, signal }: Limit): boolean {
  return signal?.aborted === true || performance.now() >= deadline;
}
