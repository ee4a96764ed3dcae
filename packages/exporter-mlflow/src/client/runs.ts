import type { WireRun } from '../mlflow/wire-types.js';
import { type ClientCalls, toMlflowTraceId } from './calls.js';
import { buildRunBatches, chunks, pairs, parseRun } from './parse.js';
import type { MlflowRun, MlflowRunData, MlflowRunInput, MlflowRunStatus } from './types.js';

// Limit of the server per request.
const MAX_TRACES_PER_LINK = 100;
// What an answer must hold to be read.
const RUN_ID = 'run.info.run_id';

export function createRun(calls: ClientCalls, { experimentId, name, tags = {} }: MlflowRunInput): Promise<MlflowRun> {
  const body = {
    experiment_id: experimentId,
    start_time: Date.now(),
    ...(name === undefined ? {} : { run_name: name }),
    tags: pairs(tags),
  };
  const path = '/api/2.0/mlflow/runs/create';
  return calls.read({ method: 'POST', path, body, once: true, needs: RUN_ID }, readRun);
}

export function getRun(calls: ClientCalls, runId: string): Promise<MlflowRun> {
  const path = '/api/2.0/mlflow/runs/get';
  return calls.read({ method: 'GET', path, query: { run_id: runId }, needs: RUN_ID }, readRun);
}

export function endRun(calls: ClientCalls, runId: string, status: MlflowRunStatus): Promise<void> {
  return calls.post('/api/2.0/mlflow/runs/update', { run_id: runId, status, end_time: Date.now() });
}

export async function logBatch(calls: ClientCalls, runId: string, data: MlflowRunData): Promise<void> {
  for (const batch of buildRunBatches(runId, data, Date.now())) {
    await calls.post('/api/2.0/mlflow/runs/log-batch', batch);
  }
}

export async function linkTracesToRun(calls: ClientCalls, runId: string, traceIds: string[]): Promise<void> {
  for (const part of chunks(traceIds.map(toMlflowTraceId), MAX_TRACES_PER_LINK)) {
    await calls.post('/api/2.0/mlflow/traces/link-to-run', { trace_ids: part, run_id: runId });
  }
}

function readRun({ run }: { run: WireRun }): MlflowRun {
  return parseRun(run);
}
