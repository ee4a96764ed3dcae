import { performance } from 'node:perf_hooks';
import type { ReadableSpan } from '../common/sdk-types.js';
import { settledBefore } from '../common/waiting.js';
import type { HttpClient } from '../http/client.js';
import { type Failure, OUT_OF_TIME } from '../http/outcome.js';
import type { RestCall, RestClient, RestResult } from '../mlflow/rest.js';
import type { WireTrace, WireTraceInfo } from '../mlflow/wire-types.js';
import type { Reporter } from './reporter.js';
import { totalTokenUsage } from './totals.js';
import type { TraceFacts } from './trace-facts.js';
import { buildTraceInfo, type RecordContext, totalsMetadata } from './trace-info.js';
import { buildTracesJson, readSpanFigures } from './traces-json.js';

/**
 * Delivery to servers without OTLP: file stores and versions before 3.4. There a trace is a record and one file with
 * all its spans, so spans wait here for the root of their trace.
 */
export interface ArtifactDelivery {
  deliver(
    spans: ReadableSpan[],
    factsOf: (traceId: string) => TraceFacts,
    context: RecordContext,
    deadline: number,
  ): Promise<{ lost: number; failure?: Failure }>;
  /** Nothing more will come: reports spans whose root never came. */
  close(): void;
}

interface WaitingTrace {
  spans: ReadableSpan[];
  root?: ReadableSpan;
  /** Where its file goes, once its record is written: a file store fails when it comes a second time. */
  folder?: string;
  /** How many of its spans some export answers for already. */
  claimed: number;
  /** How many of its spans the file holds. */
  written: number;
  /** Ends when the writes that were begun are over. */
  turn: Promise<unknown>;
}

/** What one export has to write of one trace. */
interface Share {
  trace: WaitingTrace;
  /** So many spans of the trace must be in the file. */
  upTo: number;
  /** So many of them are lost when that fails: those of this export, and earlier ones that waited for the root. */
  spans: number;
}

const TRACES_PATH = '/api/3.0/mlflow/traces';
// Finished traces are kept too, because a late span means writing the whole file again.
const MAX_KEPT_SPANS = 10_000;

export function createArtifactDelivery(parts: {
  rest: RestClient;
  http: HttpClient;
  reporter: Reporter;
}): ArtifactDelivery {
  const { rest, http, reporter } = parts;
  const { url } = http;
  const traces = new Map<string, WaitingTrace>();
  let kept = 0;

  const keep = (span: ReadableSpan): string => {
    const { traceId } = span.spanContext();
    const trace = traces.get(traceId) ?? { spans: [], claimed: 0, written: 0, turn: Promise.resolve() };
    traces.set(traceId, trace);
    trace.spans.push(span);
    kept += 1;
    // Under a remote parent the true root never comes here, and such servers cannot join two services' spans.
    if (span.parentSpanContext === undefined || span.parentSpanContext.isRemote) trace.root ??= span;
    return traceId;
  };
  const forget = (traceId: string): void => {
    const trace = traces.get(traceId);
    if (trace === undefined) return;
    traces.delete(traceId);
    kept -= trace.spans.length;
    if (trace.root === undefined) {
      reporter.undelivered(trace.spans.length, { kind: 'rejected', reason: 'The root of their trace never ended.' });
    }
  };
  const postRecord = async (info: WireTraceInfo, deadline: number): Promise<RestResult<{ trace: WireTrace }>> => {
    const needs = 'trace.trace_info.trace_id';
    const post: RestCall = { method: 'POST', path: TRACES_PATH, body: { trace: { trace_info: info } }, needs };
    const first = await rest.call<{ trace: WireTrace }>({ ...post, once: true }, deadline);
    if (first.kind === 'success') return first;
    // The answer may have got lost, or another process was first: then the record is there.
    const existing = await rest.call<{ trace: WireTrace }>(
      { method: 'GET', path: `${TRACES_PATH}/${info.trace_id}`, needs },
      deadline,
    );
    if (existing.kind === 'success') return existing;
    return existing.errorCode === 'RESOURCE_DOES_NOT_EXIST' ? rest.call(post, deadline) : first;
  };
  const claim = (trace: WaitingTrace): Share => {
    const upTo = trace.spans.length;
    const spans = upTo - trace.claimed;
    trace.claimed = upTo;
    return { trace, upTo, spans };
  };
  const write = async (trace: WaitingTrace, info: WireTraceInfo, deadline: number): Promise<Failure | undefined> => {
    if (trace.folder === undefined) {
      const stored = await postRecord(info, deadline);
      if (stored.kind !== 'success') return stored;
      const location = stored.value.trace.trace_info.tags?.['mlflow.artifactLocation'] ?? '';
      const folder = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(location)?.[1];
      if (folder === undefined) {
        return {
          kind: 'configuration',
          reason: `MLflow at ${url} keeps spans in ${location.split(':')[0]}: storage, out of reach of this exporter: start it with --serve-artifacts, or with a database and MLflow >= 3.4.`,
        };
      }
      // As a part of an address: the name of an experiment's folder may hold spaces.
      trace.folder = new URL(`/${folder}`, url).pathname;
    }
    const { length } = trace.spans;
    const outcome = await http.send(
      {
        method: 'PUT',
        path: `/api/2.0/mlflow-artifacts/artifacts${trace.folder}/traces.json`,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(buildTracesJson(trace.spans)),
        beginningOnly: true,
      },
      deadline,
    );
    if (outcome.kind !== 'success') return outcome;
    trace.written = length;
    return undefined;
  };
  /**
   * Exports of one trace write one after the other, each the spans that are there when its turn comes: otherwise the
   * repetition of an earlier write could replace the file of a later one.
   */
  const writeInTurn = async ({ trace, upTo }: Share, info: () => WireTraceInfo, deadline: number) => {
    const earlier = trace.turn;
    const turn = (async (): Promise<Failure | undefined> => {
      const isFree = await settledBefore(deadline, [earlier]);
      if (trace.written >= upTo) return undefined;
      if (!isFree || performance.now() >= deadline) return OUT_OF_TIME;
      return write(trace, info(), deadline);
    })();
    // Who gave up waiting must not let the next one in.
    trace.turn = Promise.allSettled([earlier, turn]).then(() => undefined);
    return turn;
  };

  return {
    async deliver(spans, factsOf, context, deadline) {
      const result: { lost: number; failure?: Failure } = { lost: 0 };
      // All at once, before another export comes in between.
      const shares = [...new Set(spans.map(keep))].flatMap((traceId) => {
        const trace = traces.get(traceId);
        return trace?.root === undefined ? [] : [{ ...claim(trace), traceId, root: trace.root }];
      });
      for (const share of shares) {
        const info = (): WireTraceInfo => {
          const built = buildTraceInfo(share.root, factsOf(share.traceId), context);
          const totals = totalsMetadata(totalTokenUsage(share.trace.spans.map(readSpanFigures)), undefined);
          return { ...built, trace_metadata: { ...built.trace_metadata, ...totals } };
        };
        const failure = await writeInTurn(share, info, deadline);
        if (failure === undefined) continue;
        result.failure = failure;
        result.lost += share.spans;
      }
      for (const traceId of traces.keys()) {
        if (kept <= MAX_KEPT_SPANS) break;
        forget(traceId);
      }
      return result;
    },
    close() {
      for (const traceId of [...traces.keys()]) forget(traceId);
    },
  };
}
