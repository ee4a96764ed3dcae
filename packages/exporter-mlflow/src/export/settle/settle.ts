import { describeFault } from '../../common/error.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { say } from '../../common/shown-text.js';
import { type Failure, OUT_OF_TIME } from '../../http/exchange/outcome.js';
import type { Rest } from '../../mlflow/rest.js';
import { recordedTexts } from '../span/recorded-texts.js';
import { isRoot } from '../span/span.js';
import type { RecordContext } from '../trace/record.js';
import type { Trace } from '../trace/trace.js';
import { finishAhead, markWithoutSpans, recordAhead } from './ahead.js';
import { correctStored } from './correct.js';
import { mayHaveRootRecord, settleWithoutRoot, settleWithRecord } from './provisional.js';
import { recordRoots, repeatRecord } from './root-record.js';
import { describeTooLarge } from './stored.js';

/** A trace of which the server accepted spans. */
export interface UploadedTrace {
  trace: Trace;
  /** The accepted spans; empty for a trace of which only the record arrived. */
  spans: readonly ReadableSpan[];
  experimentId: string;
  /** Whether they went in several requests. Default: `false`. */
  isDivided?: boolean;
}

/** A trace with spans on the server, but without the record of a root. */
export interface UnrootedTrace {
  trace: Trace;
  experimentId: string;
  /** Why it could not be settled yet. */
  cause?: Failure;
  /** Whether it has a record, and waits only for what its root still changes. Default: `false`. */
  isRecorded?: boolean;
}

/** Sends what traces need. Each method returns the reason if that failed. */
export interface Settling {
  /** Notes spans that are about to be uploaded. Default: nothing. */
  uploading?(trace: Trace, spans: readonly ReadableSpan[]): void;
  /** Sends the record of a trace before its spans. All of these must go in one request. */
  ahead(complete: UploadedTrace, rest: Rest): Promise<Failure | undefined>;
  /** Sends what a trace needs after some of its spans were accepted. */
  uploaded(uploaded: UploadedTrace, rest: Rest): Promise<Failure | undefined>;
  /** Sends what a trace needs while no root of it is expected. */
  withoutRoot(unrooted: UnrootedTrace, rest: Rest): Promise<Failure | undefined>;
}

function about(spans: readonly ReadableSpan[], rest: Rest): Rest {
  return rest.about(() => recordedTexts(spans));
}

/**
 * For servers with MLflow's own routes.
 *
 * @param onTooLarge receives a message about a trace that is too large to be corrected. Default: no message.
 */
export function createSettling(
  program: Omit<RecordContext, 'experimentId'>,
  onTooLarge: (message: string) => void = () => {},
): Settling {
  const inTurn = (trace: Trace, rest: Rest, work: () => Promise<Failure | undefined>): Promise<Failure | undefined> =>
    trace.inTurn(rest.limit, async (inTime) => {
      if (!inTime) return OUT_OF_TIME;
      // An unforeseen error about one trace must not count as the loss of a whole batch, whose spans arrived.
      const failure = await work().catch(
        (error: unknown): Failure => ({
          kind: 'rejected',
          reason: say`MLflow exporter failed: ${describeFault(error)}`,
        }),
      );
      if (!failure?.tooLong) return failure;
      // The trace has its spans and a record, so no repetition would help.
      onTooLarge(describeTooLarge(trace));
      return undefined;
    });
  return {
    ahead: ({ trace, spans, experimentId }, rest) =>
      inTurn(trace, rest, async () => {
        const root = spans.find(isRoot);
        return root && recordAhead(root, trace, { ...program, experimentId }, about(spans, rest));
      }),
    uploaded: ({ trace, spans, experimentId, isDivided = false }, connection) =>
      inTurn(trace, connection, async () => {
        const rest = about(spans, connection);
        const { record, ahead } = trace;
        if (spans.length === 0) return markWithoutSpans(trace, rest);
        const roots = spans.filter(isRoot);
        if (record.kind === 'sent') {
          if (roots.length === 0) return repeatRecord(record, trace, spans, rest);
          if (ahead !== undefined) return finishAhead(record, ahead, isDivided, trace, rest);
        }
        // A further root does not replace the first one.
        const isLate = record.kind === 'forgotten' && (roots.length === 0 || (await mayHaveRootRecord(trace, rest)));
        if (isLate) return correctStored(trace, rest);
        return roots.length === 0
          ? undefined
          : recordRoots(roots, trace, isDivided, { ...program, experimentId }, rest);
      }),
    withoutRoot: ({ trace, experimentId, isRecorded }, rest) =>
      inTurn(trace, rest, async () => {
        const { topmost } = trace;
        if (topmost === undefined || trace.record.kind !== 'none') return undefined;
        if (isRecorded) return settleWithRecord(trace, topmost, rest);
        return settleWithoutRoot(trace, topmost, { ...program, experimentId }, rest);
      }),
  };
}
