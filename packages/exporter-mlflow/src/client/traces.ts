import type { WireTrace, WireTraceInfo } from '../mlflow/wire-types.js';
import { type ClientCalls, toMlflowTraceId, tracePath } from './calls.js';
import { parseTrace, parseTraceInfo, parseTracePage } from './parse.js';
import type { MlflowTrace, MlflowTraceInfo, MlflowTracePage, MlflowTraceSearch } from './types.js';

const DEFAULT_PAGE_SIZE = 100;
// What an answer must hold to be read.
const TRACE_ID = 'trace.trace_info.trace_id';

/** With its spans. */
export function getTrace(calls: ClientCalls, traceId: string): Promise<MlflowTrace> {
  // Without allow_partial, the server sleeps for seconds before it answers that spans are still on their way.
  const query = { trace_id: toMlflowTraceId(traceId), allow_partial: 'true' };
  const path = '/api/3.0/mlflow/traces/get';
  return calls.read<{ trace: WireTrace }, MlflowTrace>({ method: 'GET', path, query, needs: TRACE_ID }, ({ trace }) =>
    parseTrace(trace),
  );
}

export function getTraceInfo(calls: ClientCalls, traceId: string): Promise<MlflowTraceInfo> {
  return calls.read<{ trace: WireTrace }, MlflowTraceInfo>(
    { method: 'GET', path: tracePath(traceId), needs: TRACE_ID },
    ({ trace }) => parseTraceInfo(trace.trace_info),
  );
}

/** One page of them. */
export function searchTraces(calls: ClientCalls, search: MlflowTraceSearch): Promise<MlflowTracePage> {
  const { experimentIds, filter, orderBy, maxResults = DEFAULT_PAGE_SIZE, pageToken } = search;
  const body = {
    locations: experimentIds.map((id) => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: id } })),
    max_results: maxResults,
    ...(filter === undefined ? {} : { filter }),
    ...(orderBy === undefined ? {} : { order_by: orderBy }),
    ...(pageToken === undefined ? {} : { page_token: pageToken }),
  };
  const path = '/api/3.0/mlflow/traces/search';
  return calls.read<{ traces?: WireTraceInfo[]; next_page_token?: string }, MlflowTracePage>(
    { method: 'POST', path, body },
    parseTracePage,
  );
}

/** Gives how many there were. */
export function deleteTraces(calls: ClientCalls, experimentId: string, traceIds: string[]): Promise<number> {
  const body = { experiment_id: experimentId, request_ids: traceIds.map(toMlflowTraceId) };
  const path = '/api/3.0/mlflow/traces/delete-traces';
  return calls.read<{ traces_deleted?: number }, number>(
    { method: 'POST', path, body },
    (answer) => answer.traces_deleted ?? 0,
  );
}

export async function setTraceTag(calls: ClientCalls, traceId: string, key: string, value: string): Promise<void> {
  await calls.send({ method: 'PATCH', path: `${tracePath(traceId)}/tags`, body: { key, value } });
}

export async function deleteTraceTag(calls: ClientCalls, traceId: string, key: string): Promise<void> {
  await calls.send({ method: 'DELETE', path: `${tracePath(traceId)}/tags`, body: { key } });
}
