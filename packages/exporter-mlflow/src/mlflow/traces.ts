import { parseJson } from '../common/json.js';
import { parseAssessment } from './assessments.js';
import { readCost, readTokenUsage } from './figures.js';
import {
  mlflowTraceId,
  SESSION,
  SOURCE_RUN,
  TRACE_COST,
  TRACE_NAME,
  TRACE_TOKEN_USAGE,
  TRACES,
  tracePath,
  USER,
} from './names.js';
import { command, optional, type Rest, type RestResult, requireText } from './rest.js';
import { parseSpan } from './spans.js';
import type { MlflowSpan, MlflowTrace, MlflowTraceInfo, MlflowTracePage, MlflowTraceSearch } from './types.js';
import type { WireTrace, WireTraceInfo, WireTraceLocation } from './wire-types.js';

const DEFAULT_PAGE_SIZE = 100;
/** Limit of the server for {@link linkTracesToRun}. */
export const MAX_TRACES_PER_LINK = 100;

/**
 * The trace with its spans, in the order of their start. Fails with `RESOURCE_DOES_NOT_EXIST` if there is none.
 *
 * @param maxAnswerBytes a longer answer is a failure with `tooLong`. Default: that of every request
 */
export function getTrace(rest: Rest, traceId: string, maxAnswerBytes?: number): Promise<RestResult<MlflowTrace>> {
  return rest.call({
    method: 'GET',
    path: `${TRACES}/get`,
    // Without allow_partial, the server waits for seconds before it reports that spans are still on their way.
    query: { trace_id: mlflowTraceId(traceId), allow_partial: 'true' },
    ...optional('maxAnswerBytes', maxAnswerBytes),
    parse: ({ trace }: { trace: WireTrace }) => parseTrace(trace),
  });
}

/** The same from servers that return traces only in batches. Undefined if the trace is missing or has not ended. */
export function getTraceOfBatch(rest: Rest, traceId: string): Promise<RestResult<MlflowTrace | undefined>> {
  return rest.call({
    method: 'GET',
    path: `${TRACES}/batchGet`,
    query: { trace_ids: mlflowTraceId(traceId) },
    parse: ({ traces: [trace] = [] }: { traces?: WireTrace[] }) =>
      trace === undefined ? undefined : parseTrace(trace),
  });
}

/** The trace without its spans. Fails with `RESOURCE_DOES_NOT_EXIST` if there is none. */
export function getTraceInfo(rest: Rest, traceId: string): Promise<RestResult<MlflowTraceInfo>> {
  return rest.call({
    method: 'GET',
    path: tracePath(traceId),
    parse: ({ trace }: { trace: WireTrace }) => parseTraceInfo(trace.trace_info),
  });
}

/** One page of traces, without their spans. */
export function searchTraces(rest: Rest, search: MlflowTraceSearch): Promise<RestResult<MlflowTracePage>> {
  const { experimentIds, filter, orderBy, maxResults = DEFAULT_PAGE_SIZE, pageToken } = search;
  return rest.call({
    method: 'POST',
    path: `${TRACES}/search`,
    body: {
      locations: experimentIds.map(experimentLocation),
      max_results: maxResults,
      ...optional('filter', filter),
      ...optional('order_by', orderBy),
      ...optional('page_token', pageToken),
    },
    parse: parseTracePage,
  });
}

/** Deletes traces for good and returns how many there were. */
export function deleteTraces(rest: Rest, experimentId: string, traceIds: string[]): Promise<RestResult<number>> {
  return rest.call({
    method: 'POST',
    path: `${TRACES}/delete-traces`,
    body: { experiment_id: experimentId, request_ids: traceIds.map(mlflowTraceId) },
    parse: (answer: { traces_deleted?: number }) => answer.traces_deleted ?? 0,
  });
}

/** Sets a tag, or changes it. */
export function setTraceTag(rest: Rest, traceId: string, key: string, value: string): Promise<RestResult<void>> {
  return rest.call({
    method: 'PATCH',
    path: `${tracePath(traceId)}/tags`,
    body: { key, value },
    recorded: () => [value],
    parse: () => undefined,
  });
}

/** Removes a tag. */
export function deleteTraceTag(rest: Rest, traceId: string, key: string): Promise<RestResult<void>> {
  return command(rest, 'DELETE', `${tracePath(traceId)}/tags`, { key });
}

/** Tags and metadata of a trace, those of earlier records included. */
export interface StoredRecord {
  tags: Readonly<Record<string, string>>;
  metadata: Readonly<Record<string, string>>;
}

/**
 * Writes the record of a trace. A repeated record adds its tags and metadata to those of the earlier one and replaces
 * the rest. Returns what the server has stored now; undefined if the answer does not name the trace.
 *
 * @param options `once`: the request must not be repeated, because a file store fails on the second one. Default: `false`.
 */
export function postRecord(
  rest: Rest,
  info: WireTraceInfo,
  { once = false }: { once?: boolean } = {},
): Promise<RestResult<StoredRecord | undefined>> {
  return rest.call({
    method: 'POST',
    path: TRACES,
    body: { trace: { trace_info: info } },
    once,
    recorded: () => recordedTexts(info),
    parse({ trace }: { trace?: Partial<WireTrace> }) {
      const stored = trace?.trace_info;
      return stored?.trace_id ? { tags: stored.tags ?? {}, metadata: stored.trace_metadata ?? {} } : undefined;
    },
  });
}

function recordedTexts(info: WireTraceInfo): string[] {
  const { request_preview: request = '', response_preview: response = '', trace_metadata: metadata, tags } = info;
  return [request, response, ...Object.values(metadata ?? {}), ...Object.values(tags ?? {})];
}

/** Shows the traces on the page of the run. The server takes at most {@link MAX_TRACES_PER_LINK} ids. */
export function linkTracesToRun(rest: Rest, runId: string, traceIds: string[]): Promise<RestResult<void>> {
  const body = { trace_ids: traceIds.map(mlflowTraceId), run_id: runId };
  return command(rest, 'POST', '/api/2.0/mlflow/traces/link-to-run', body);
}

/** Makes traces findable by these prompt versions. The server does not check that they exist. */
export function linkPromptsToTrace(
  rest: Rest,
  traceId: string,
  prompts: readonly { name: string; version: string }[],
): Promise<RestResult<void>> {
  const body = { trace_id: mlflowTraceId(traceId), prompt_versions: prompts };
  return command(rest, 'POST', '/api/2.0/mlflow/traces/link-prompts', body);
}

export function experimentLocation(experimentId: string): WireTraceLocation {
  return { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } };
}

/** Start and duration of a record, from nanoseconds of the epoch to the milliseconds that the server keeps. */
export function recordTimes(start: bigint, end: bigint): Pick<WireTraceInfo, 'request_time' | 'execution_duration'> {
  return {
    request_time: new Date(Number(start / 1_000_000n)).toISOString(),
    execution_duration: formatDuration(Number(end - start) / 1_000_000),
  };
}

/** A protobuf duration in seconds, as in `0.050s`. */
export function formatDuration(millis: number): string {
  return `${(millis / 1000).toFixed(3)}s`;
}

function parseTrace({ trace_info: info, spans = [] }: WireTrace): MlflowTrace {
  return { info: parseTraceInfo(info), spans: inOrderOfStart(spans.map(parseSpan)) };
}

/** Sorts the list itself. */
export function inOrderOfStart(spans: MlflowSpan[]): MlflowSpan[] {
  return spans.sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
}

function parseTraceInfo(info: WireTraceInfo): MlflowTraceInfo {
  const { trace_metadata: metadata = {}, tags = {} } = info;
  return {
    traceId: requireText(info.trace_id),
    experimentId: info.trace_location.mlflow_experiment.experiment_id,
    name: tags[TRACE_NAME] ?? '',
    state: info.state,
    requestTime: new Date(info.request_time),
    ...optional('durationMillis', parseDuration(info.execution_duration)),
    ...optional('requestPreview', info.request_preview),
    ...optional('responsePreview', info.response_preview),
    ...optional('clientRequestId', info.client_request_id),
    ...optional('sessionId', metadata[SESSION]),
    ...optional('sessionPath', parseSession(metadata[SESSION])),
    ...optional('userId', metadata[USER]),
    ...optional('runId', metadata[SOURCE_RUN]),
    ...optional('tokenUsage', readTokenUsage(parseJson(metadata[TRACE_TOKEN_USAGE] ?? ''))),
    ...optional('cost', readCost(parseJson(metadata[TRACE_COST] ?? ''))),
    metadata,
    tags,
    assessments: (info.assessments ?? []).map(parseAssessment),
  };
}

/** The levels of a session. As in MLflow, only a JSON list of texts has levels, and every other text is one itself. */
function parseSession(session: string | undefined): string[] | undefined {
  if (session === undefined) return undefined;
  const levels = parseJson(session);
  const isPath = Array.isArray(levels) && levels.length > 0 && levels.every((level) => typeof level === 'string');
  return isPath ? levels : [session];
}

/** Throws if no MLflow server answers like this: only empty lists may be absent. */
function parseTracePage(answer: { traces?: WireTraceInfo[]; next_page_token?: string }): MlflowTracePage {
  const { traces, next_page_token: nextPageToken, ...rest } = answer;
  // Without any trace, MLflow answers "{}". Other servers name at least something.
  if (Object.keys(rest).length > 0 && traces === undefined) throw new TypeError('no traces');
  return { traces: (traces ?? []).map(parseTraceInfo), ...(nextPageToken ? { nextPageToken } : {}) };
}

/** Milliseconds. */
function parseDuration(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.round(Number.parseFloat(duration) * 1000);
}
