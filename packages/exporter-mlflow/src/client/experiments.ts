import { MlflowError } from '../common/error.js';
import { findOrCreateExperiment, getExperimentByName, requireActive } from '../mlflow/experiments.js';
import { type ClientCalls, unwrap } from './calls.js';
import { parseExperiment } from './parse.js';
import type { MlflowExperiment } from './types.js';

/** `undefined` when there is none of this name. */
export async function getExperiment(calls: ClientCalls, name: string): Promise<MlflowExperiment | undefined> {
  const result = await calls.run((rest, deadline) => getExperimentByName(rest, name, deadline));
  if (result.kind === 'rejected' && result.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
  return parseExperiment(unwrap(result));
}

/** Gives its id. */
export async function createExperiment(calls: ClientCalls, name: string): Promise<string> {
  const path = '/api/2.0/mlflow/experiments/create';
  const call = { method: 'POST', path, body: { name }, once: true, needs: 'experiment_id' } as const;
  try {
    return await calls.read<{ experiment_id: string }, string>(call, (answer) => answer.experiment_id);
  } catch (error) {
    if (!(error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS')) throw error;
    const existing = await calls.run((rest, deadline) => getExperimentByName(rest, name, deadline));
    const state = existing.kind === 'success' ? requireActive(existing.value) : existing;
    if (state.kind !== 'configuration' || existing.kind !== 'success') throw error;
    throw new MlflowError(state.reason, error);
  }
}

export async function getOrCreateExperiment(calls: ClientCalls, name: string): Promise<MlflowExperiment> {
  return parseExperiment(unwrap(await calls.run((rest, deadline) => findOrCreateExperiment(rest, name, deadline))));
}

export function deleteExperiment(calls: ClientCalls, experimentId: string): Promise<void> {
  return calls.post('/api/2.0/mlflow/experiments/delete', { experiment_id: experimentId });
}

export function restoreExperiment(calls: ClientCalls, experimentId: string): Promise<void> {
  return calls.post('/api/2.0/mlflow/experiments/restore', { experiment_id: experimentId });
}
