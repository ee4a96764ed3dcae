import type { ReadableSpan } from '../common/sdk-types.js';
import type { Failure } from '../http/outcome.js';
import type { RestClient, RestResult } from '../mlflow/rest.js';
import { parseAttributes, parseId } from '../mlflow/wire-parse.js';
import type { WireSpan, WireTrace, WireTraceInfo } from '../mlflow/wire-types.js';
import { LIMITS } from './limits.js';
import type { LinkedPrompt } from './linked-prompts.js';
import { nanoseconds } from './time.js';
import { readCost, readTokenUsage, type SpanFigures, totalCost, totalTokenUsage } from './totals.js';
import { hasFigures, type TraceFacts } from './trace-facts.js';
import {
  buildTraceInfo,
  experimentLocation,
  joinRecords,
  type RecordContext,
  recordTimes,
  totalsMetadata,
  traceName,
  traceTags,
} from './trace-info.js';

/** The requests that complete a trace after its spans were accepted. Each gives the reason when it failed. */
export interface TraceRecords {
  /** The root arrived: send the record. */
  record(root: ReadableSpan, facts: TraceFacts, context: RecordContext, deadline: number): Promise<Failure | undefined>;
  /** Spans of a trace whose record this process sent before arrived late. */
  repeat(facts: TraceFacts, late: ReadableSpan[], deadline: number): Promise<Failure | undefined>;
  /** Spans of a trace arrived whose record is another service's, or was sent so long ago that it is forgotten. */
  join(traceId: string, facts: TraceFacts, spans: ReadableSpan[], deadline: number): Promise<Failure | undefined>;
}

const FINALIZED = 'mlflow.trace.infoFinalized';
const MILLISECOND = 1_000_000n;
const TRACE_ID = 'trace.trace_info.trace_id';
const NAME_TAG = 'mlflow.traceName';

export function createTraceRecords(rest: RestClient): TraceRecords {
  const post = async (info: WireTraceInfo, deadline: number): Promise<Failure | undefined> =>
    failureOf(
      await rest.call(
        { method: 'POST', path: '/api/3.0/mlflow/traces', body: { trace: { trace_info: info } } },
        deadline,
      ),
    );

  const setTag = async (traceId: string, key: string, value: string, deadline: number): Promise<Failure | undefined> =>
    failureOf(await rest.call({ method: 'PATCH', path: `${tracePath(traceId)}/tags`, body: { key, value } }, deadline));

  /** The tag shows the prompts on the trace; only with this link the server finds traces by prompt. */
  const linkPrompts = async (
    traceId: string,
    prompts: readonly LinkedPrompt[],
    deadline: number,
  ): Promise<Failure | undefined> => {
    // The column takes no longer ones, and one of them makes PostgreSQL refuse the others.
    const linkable = prompts.filter(({ name, version }) => `${name}/${version}`.length <= LIMITS.promptVersion);
    if (linkable.length === 0) return undefined;
    const body = { trace_id: traceId, prompt_versions: linkable };
    const linked = await rest.call({ method: 'POST', path: '/api/2.0/mlflow/traces/link-prompts', body }, deadline);
    // A server without this route has the tag.
    return linked.kind === 'retryable' ? linked : undefined;
  };

  /**
   * With its record, the totals of a trace are frozen: they change only when the record comes again and names them.
   * Its times, on the other hand, late spans may have stretched: they become those of the root again.
   */
  const correct = async (
    traceId: string,
    own: WireTraceInfo | undefined,
    deadline: number,
  ): Promise<Failure | undefined> => {
    const stored = await rest.call<{ trace: WireTrace }>(
      {
        method: 'GET',
        path: '/api/3.0/mlflow/traces/get',
        query: { trace_id: traceId, allow_partial: 'true' },
        needs: TRACE_ID,
      },
      deadline,
    );
    if (stored.kind !== 'success') return stored;
    const { trace_info: info, spans = [] } = stored.value.trace;
    const figures = spans.map(spanFigures);
    const totals = totalsMetadata(totalTokenUsage(figures), totalCost(figures));
    return post({ ...withoutContent(own ?? { ...info, ...rootTimes(spans) }), trace_metadata: totals }, deadline);
  };

  return {
    async record(root, facts, context, deadline) {
      const { record: earlier, recorded: covered } = facts;
      const span = { start: nanoseconds(root.startTime), end: nanoseconds(root.endTime) };
      let info = buildTraceInfo(root, facts, context);
      if (earlier !== undefined && covered !== undefined) {
        if (covered.start < span.start) span.start = covered.start;
        if (covered.end > span.end) span.end = covered.end;
        info = joinRecords(earlier, info, span);
      }
      // Set before the answer: spans accepted from here on may have come too late for the totals.
      facts.record = info;
      facts.recorded = span;
      const failure = await post(info, deadline);
      if (failure !== undefined) {
        facts.record = earlier;
        facts.recorded = covered;
        return failure;
      }
      // Of a record that was sent long ago, the totals are frozen too.
      if (earlier !== undefined || facts.recalled) return correct(info.trace_id, info, deadline);
      return facts.prompts === undefined ? undefined : linkPrompts(info.trace_id, facts.prompts, deadline);
    },

    async repeat({ record, recorded }, late, deadline) {
      if (record === undefined || recorded === undefined) return undefined;
      if (late.some(hasFigures)) return correct(record.trace_id, record, deadline);
      // Even a finished trace is stretched by a late span without tokens, so only its times need putting right.
      const stretches = late.some(
        (span) => nanoseconds(span.endTime) > recorded.end || nanoseconds(span.startTime) < recorded.start,
      );
      return stretches ? post(withoutContent(record), deadline) : undefined;
    },

    async join(traceId, facts, spans, deadline) {
      const stored = await rest.call<{ trace: WireTrace }>(
        { method: 'GET', path: tracePath(traceId), needs: TRACE_ID },
        deadline,
      );
      if (stored.kind !== 'success') return stored;
      const { trace_info: info } = stored.value.trace;
      const entries = spans.filter(({ parentSpanContext }) => parentSpanContext?.isRemote);
      const tags = Object.assign({}, ...entries.map(traceTags)) as Record<string, string>;
      // The owner of the trace names it; until it does, and if it never does, this name is better than none.
      const [entry] = entries;
      if (entry !== undefined && info.tags?.[NAME_TAG] === undefined) tags[NAME_TAG] = traceName(entry);
      let failure: Failure | undefined;
      for (const [key, value] of Object.entries(tags)) failure ??= await setTag(traceId, key, value, deadline);
      const isFinal = info.trace_metadata?.[FINALIZED] === 'true';
      if (isFinal && (facts.figures || spans.some((span) => reachesEdge(span, info)))) {
        failure ??= await correct(traceId, undefined, deadline);
      }
      return failure;
    },
  };
}

/** What a repeated record must hold so that nothing is lost: the rest stays as stored. */
function withoutContent(info: WireTraceInfo): WireTraceInfo {
  const { trace_id, trace_location, request_time, execution_duration, state, client_request_id } = info;
  return {
    trace_id,
    trace_location: experimentLocation(trace_location.mlflow_experiment.experiment_id),
    request_time,
    state,
    ...(execution_duration === undefined ? {} : { execution_duration }),
    ...(client_request_id === undefined ? {} : { client_request_id }),
  };
}

/** Whether the trace begins or ends with this span, so that it may have stretched it. */
function reachesEdge(span: ReadableSpan, { request_time, execution_duration = '' }: WireTraceInfo): boolean {
  const start = Date.parse(request_time);
  const end = start + Math.round(Number.parseFloat(execution_duration) * 1000);
  return nanoseconds(span.startTime) / MILLISECOND <= start || nanoseconds(span.endTime) / MILLISECOND >= end;
}

function rootTimes(spans: readonly WireSpan[]): Partial<WireTraceInfo> {
  const root = spans.find(({ parent_span_id: parent }) => parent === undefined);
  if (root?.start_time_unix_nano === undefined || root.end_time_unix_nano === undefined) return {};
  return recordTimes(BigInt(root.start_time_unix_nano), BigInt(root.end_time_unix_nano));
}

function spanFigures(span: WireSpan): SpanFigures {
  const attributes = parseAttributes(span.attributes);
  return {
    spanId: parseId(span.span_id),
    parentSpanId: span.parent_span_id === undefined ? undefined : parseId(span.parent_span_id),
    tokenUsage: readTokenUsage(attributes['mlflow.chat.tokenUsage']),
    cost: readCost(attributes['mlflow.llm.cost']),
  };
}

function tracePath(traceId: string): string {
  return `/api/3.0/mlflow/traces/${encodeURIComponent(traceId)}`;
}

function failureOf(result: RestResult<unknown>): Failure | undefined {
  return result.kind === 'success' ? undefined : result;
}
