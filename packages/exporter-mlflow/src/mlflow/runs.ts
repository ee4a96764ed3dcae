import { command, keyed, optional, pairs, type Rest, type RestResult, requireText } from './rest.js';
import type { MlflowRun, MlflowRunData, MlflowRunInput, MlflowRunStatus } from './types.js';
import type { WireRun } from './wire-types.js';

const RUNS = '/api/2.0/mlflow/runs';
// Limits of the server per request. Together with 100 parameters and 100 tags, 800 metrics are 1000 entries.
const MAX_PARAMS = 100;
const MAX_TAGS = 100;
const MAX_METRICS = 800;

/** Starts a run now. */
export function createRun(
  rest: Rest,
  { experimentId, name, tags = {} }: MlflowRunInput,
): Promise<RestResult<MlflowRun>> {
  const body = {
    experiment_id: experimentId,
    start_time: Date.now(),
    ...optional('run_name', name),
    tags: pairs(tags),
  };
  return rest.call({ method: 'POST', path: `${RUNS}/create`, body, once: true, parse });
}

/** Fails with `RESOURCE_DOES_NOT_EXIST` if there is no such run. */
export function getRun(rest: Rest, runId: string): Promise<RestResult<MlflowRun>> {
  return rest.call({ method: 'GET', path: `${RUNS}/get`, query: { run_id: runId }, parse });
}

/** Ends a run now. */
export function endRun(rest: Rest, runId: string, status: MlflowRunStatus): Promise<RestResult<void>> {
  return command(rest, 'POST', `${RUNS}/update`, { run_id: runId, status, end_time: Date.now() });
}

/** Writes one of the batches that {@link runBatches} makes. */
export function logBatch(rest: Rest, runId: string, batch: RunBatch): Promise<RestResult<void>> {
  return command(rest, 'POST', `${RUNS}/log-batch`, { run_id: runId, ...batch });
}

/** Data of a run that fits into one request. */
interface RunBatch {
  params?: { key: string; value: string }[];
  tags?: { key: string; value: string }[];
  metrics?: { key: string; value: number | string; timestamp: number; step: number }[];
}

/**
 * Splits the data of a run into as few requests as the server's limits allow.
 *
 * @param timestamp of the metrics, in milliseconds of the epoch
 */
export function runBatches(
  { params = {}, metrics = {}, tags = {}, step = 0 }: MlflowRunData,
  timestamp: number,
): RunBatch[] {
  const allParams = pairs(params).map(({ key, value }) => ({ key, value: String(value) }));
  const allMetrics = pairs(metrics).map(({ key, value }) => ({ key, value: metricValue(value), timestamp, step }));
  const parts = {
    params: chunks(allParams, MAX_PARAMS),
    tags: chunks(pairs(tags), MAX_TAGS),
    metrics: chunks(allMetrics, MAX_METRICS),
  };
  const count = Math.max(parts.params.length, parts.tags.length, parts.metrics.length);
  return Array.from({ length: count }, (_, index) => ({
    ...optional('params', parts.params[index]),
    ...optional('tags', parts.tags[index]),
    ...optional('metrics', parts.metrics[index]),
  }));
}

/** The items in their order, in lists of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** JSON has no NaN and no Infinity. Protobuf writes them as text. */
function metricValue(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function parse({ run: { info, data = {} } }: { run: WireRun }): MlflowRun {
  return {
    runId: requireText(info.run_id),
    experimentId: info.experiment_id,
    name: info.run_name ?? '',
    status: info.status as MlflowRunStatus,
    ...optional('startTime', info.start_time === undefined ? undefined : new Date(info.start_time)),
    ...optional('endTime', info.end_time === undefined ? undefined : new Date(info.end_time)),
    params: keyed(data.params),
    metrics: keyed(data.metrics?.map(({ key, value }) => ({ key, value: Number(value) }))),
    tags: keyed(data.tags),
  };
}
