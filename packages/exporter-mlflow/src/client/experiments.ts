import { MlflowError } from '../common/error.js';
import { createExperiment, getExperimentByName, requireActive } from '../mlflow/experiments.js';
import type { RestResult } from '../mlflow/rest.js';
import type { MlflowExperiment } from '../mlflow/types.js';
import { type ClientRequests, hasCode } from './requests.js';

/** The experiment of that name; undefined if there is none. */
export async function findExperiment(requests: ClientRequests, name: string): Promise<MlflowExperiment | undefined> {
  return await requests.run(async (rest): Promise<RestResult<MlflowExperiment | undefined>> => {
    const found = await getExperimentByName(rest, name);
    const isMissing = found.kind === 'rejected' && found.errorCode === 'RESOURCE_DOES_NOT_EXIST';
    return isMissing ? { kind: 'success', value: undefined } : found;
  });
}

/** Creates an experiment and returns its id. The error explains how to restore a deleted experiment of that name. */
export async function createNewExperiment(requests: ClientRequests, name: string): Promise<string> {
  try {
    return await requests.run((rest) => createExperiment(rest, name, { once: true }));
  } catch (error) {
    if (!hasCode(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
    const active = await requests
      .run(async (rest) => {
        const existing = await getExperimentByName(rest, name);
        return existing.kind === 'success' ? requireActive(existing.value, rest) : existing;
      })
      .catch((cause: unknown) => cause);
    throw hasCode(active, 'INVALID_STATE') ? new MlflowError(active.message, error) : error;
  }
}
