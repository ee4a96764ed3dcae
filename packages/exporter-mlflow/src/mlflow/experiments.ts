import { say } from '../common/shown-text.js';
import { command, type Rest, type RestCall, type RestResult, requireText } from './rest.js';
import type { MlflowExperiment } from './types.js';
import type { WireExperiment } from './wire-types.js';

const EXPERIMENTS = '/api/2.0/mlflow/experiments';

/** Fails with `RESOURCE_DOES_NOT_EXIST` if there is no such experiment. Returns deleted ones too. */
export function getExperiment(rest: Rest, experimentId: string): Promise<RestResult<MlflowExperiment>> {
  return rest.call(read('get', { experiment_id: experimentId }));
}

/** Fails with `RESOURCE_DOES_NOT_EXIST` if there is no such experiment. Returns deleted ones too. */
export async function getExperimentByName(rest: Rest, name: string): Promise<RestResult<MlflowExperiment>> {
  const found = await rest.call(read('get-by-name', { experiment_name: name }));
  // Every MLflow server has this route: a server without it is something else.
  return found.kind === 'unsupported' ? { ...found, kind: 'configuration' } : found;
}

/**
 * Creates an experiment and returns its id. Fails with `RESOURCE_ALREADY_EXISTS` if the name is taken.
 *
 * @param options `once`: the request must not be repeated. Default: `false`.
 */
export function createExperiment(
  rest: Rest,
  name: string,
  { once = false }: { once?: boolean } = {},
): Promise<RestResult<string>> {
  return rest.call({
    method: 'POST',
    path: `${EXPERIMENTS}/create`,
    body: { name },
    once,
    parse: (answer: { experiment_id: string }) => requireText(answer.experiment_id),
  });
}

/** Deletes an experiment, so that it can be restored. */
export function deleteExperiment(rest: Rest, experimentId: string): Promise<RestResult<void>> {
  return command(rest, 'POST', `${EXPERIMENTS}/delete`, { experiment_id: experimentId });
}

/** Restores a deleted experiment. */
export function restoreExperiment(rest: Rest, experimentId: string): Promise<RestResult<void>> {
  return command(rest, 'POST', `${EXPERIMENTS}/restore`, { experiment_id: experimentId });
}

/** The experiment of that name, created if there is none. Fails if it is deleted. */
export async function findOrCreateExperiment(rest: Rest, name: string): Promise<RestResult<MlflowExperiment>> {
  const existing = await getExperimentByName(rest, name);
  if (existing.kind === 'success') return requireActive(existing.value, rest);
  // A missing workspace has the same code, but is a matter of configuration.
  if (existing.kind !== 'rejected' || existing.errorCode !== 'RESOURCE_DOES_NOT_EXIST') return existing;
  const created = await createExperiment(rest, name);
  if (created.kind === 'success') {
    return { kind: 'success', value: { experimentId: created.value, name, deleted: false } };
  }
  if (created.errorCode !== 'RESOURCE_ALREADY_EXISTS') return created;
  // Another process created it in between.
  const raced = await getExperimentByName(rest, name);
  return raced.kind === 'success' ? requireActive(raced.value, rest) : raced;
}

/** The experiment, or a failure if it is deleted: the server accepts its spans with status 200 and never shows them. */
export function requireActive(experiment: MlflowExperiment, { show }: Rest): RestResult<MlflowExperiment> {
  if (!experiment.deleted) return { kind: 'success', value: experiment };
  const [name, id] = [show(experiment.name), show(experiment.experimentId)];
  return {
    kind: 'configuration',
    errorCode: 'INVALID_STATE',
    reason: say`MLflow experiment "${name}" (id ${id}) is deleted: restore it with "mlflow experiments restore --experiment-id ${id}", or choose another with experimentName or MLFLOW_EXPERIMENT_NAME.`,
  };
}

function read(
  route: string,
  query: Record<string, string>,
): RestCall<{ experiment: WireExperiment }, MlflowExperiment> {
  return { method: 'GET', path: `${EXPERIMENTS}/${route}`, query, parse: ({ experiment }) => parse(experiment) };
}

function parse({ experiment_id: id, name, lifecycle_stage: stage }: WireExperiment): MlflowExperiment {
  return { experimentId: requireText(id), name, deleted: stage === 'deleted' };
}
