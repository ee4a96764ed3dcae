import { performance } from 'node:perf_hooks';
import type { ResolvedConfig } from '../config.js';
import type { Failure } from '../http/outcome.js';
import type { RestClient, RestResult } from './rest.js';
import type { WireExperiment } from './wire-types.js';

/** Finds the experiment that receives the traces, once for all exports. */
export interface ExperimentResolver {
  /** Its id. Failures are not remembered: the next call looks again. */
  resolve(deadline: number): Promise<RestResult<string>>;
  /** An experiment that was deleted or removed in mid-run shows as an odd refusal: looks what became of it. */
  explain(refusal: Failure, deadline: number): Promise<Failure>;
}

const EXPERIMENT_ID = 'experiment.experiment_id';

/** @param needsRest whether what answers must know experiments; `false` for what may be an OpenTelemetry Collector */
export function createExperimentResolver(
  rest: RestClient,
  wanted: ResolvedConfig['experiment'],
  url: string,
  needsRest: boolean,
): ExperimentResolver {
  let found: Promise<RestResult<string>> | undefined;
  const look = async (deadline: number): Promise<RestResult<string>> => {
    const experiment =
      'id' in wanted
        ? await findExperimentById(rest, wanted.id, url, deadline)
        : await findOrCreateExperiment(rest, wanted.name, deadline);
    if (experiment.kind === 'unsupported') {
      if ('id' in wanted && !needsRest) return { kind: 'success', value: wanted.id };
      return explainMissingRoute(experiment);
    }
    return experiment.kind === 'success' ? { kind: 'success', value: experiment.value.experiment_id } : experiment;
  };
  const resolve = async (deadline: number): Promise<RestResult<string>> => {
    for (;;) {
      const isOwn = found === undefined;
      const attempt = found ?? look(deadline);
      found = attempt;
      const result = await attempt;
      if (result.kind !== 'success' && found === attempt) found = undefined;
      // The deadline that ended the attempt of another export is not the one of this export.
      if (isOwn || result.kind !== 'retryable' || performance.now() >= deadline) return result;
    }
  };
  return {
    resolve,
    async explain(refusal, deadline) {
      if (refusal.kind === 'retryable') return refusal;
      found = undefined;
      const again = await resolve(deadline);
      return again.kind === 'success' ? refusal : again;
    },
  };
}

async function findExperimentById(
  rest: RestClient,
  id: string,
  url: string,
  deadline: number,
): Promise<RestResult<WireExperiment>> {
  const answer = await rest.call<{ experiment: WireExperiment }>(
    { method: 'GET', path: '/api/2.0/mlflow/experiments/get', query: { experiment_id: id }, needs: EXPERIMENT_ID },
    deadline,
  );
  if (answer.kind === 'success') return requireActive(answer.value.experiment);
  if (answer.kind !== 'rejected' || answer.errorCode !== 'RESOURCE_DOES_NOT_EXIST') return answer;
  return {
    ...answer,
    kind: 'configuration',
    reason: `MLflow experiment ${id} does not exist at ${url}: set experimentId or MLFLOW_EXPERIMENT_ID to one that does, or use experimentName or MLFLOW_EXPERIMENT_NAME, which creates a missing one.`,
  };
}

/** The experiment of that name, made when there is none. */
export async function findOrCreateExperiment(
  rest: RestClient,
  name: string,
  deadline: number,
): Promise<RestResult<WireExperiment>> {
  const existing = await getExperimentByName(rest, name, deadline);
  if (existing.kind === 'success') return requireActive(existing.value);
  // A missing workspace has the same code, and is a matter of configuration.
  if (existing.kind !== 'rejected' || existing.errorCode !== 'RESOURCE_DOES_NOT_EXIST') return existing;
  const created = await rest.call<{ experiment_id: string }>(
    { method: 'POST', path: '/api/2.0/mlflow/experiments/create', body: { name }, needs: 'experiment_id' },
    deadline,
  );
  if (created.kind === 'success') {
    return { kind: 'success', value: { ...created.value, name, lifecycle_stage: 'active' } };
  }
  if (created.errorCode !== 'RESOURCE_ALREADY_EXISTS') return created;
  // Another process made it in the meantime.
  const raced = await getExperimentByName(rest, name, deadline);
  return raced.kind === 'success' ? requireActive(raced.value) : raced;
}

/** Deleted experiments are returned too: look at `lifecycle_stage`. */
export async function getExperimentByName(
  rest: RestClient,
  name: string,
  deadline: number,
): Promise<RestResult<WireExperiment>> {
  const answer = await rest.call<{ experiment: WireExperiment }>(
    {
      method: 'GET',
      path: '/api/2.0/mlflow/experiments/get-by-name',
      query: { experiment_name: name },
      needs: EXPERIMENT_ID,
    },
    deadline,
  );
  return answer.kind === 'success' ? { kind: 'success', value: answer.value.experiment } : explainMissingRoute(answer);
}

/** The server accepts spans for a deleted experiment with status 200 and shows them to nobody. */
export function requireActive(experiment: WireExperiment): RestResult<WireExperiment> {
  if (experiment.lifecycle_stage !== 'deleted') return { kind: 'success', value: experiment };
  const { name, experiment_id: id } = experiment;
  return {
    kind: 'configuration',
    errorCode: 'INVALID_STATE',
    reason: `MLflow experiment "${name}" (id ${id}) is deleted: restore it with "mlflow experiments restore --experiment-id ${id}", or choose another with experimentName or MLFLOW_EXPERIMENT_NAME.`,
  };
}

/** Every MLflow server knows experiments: what lacks this route is something else. */
function explainMissingRoute(failure: Failure): Failure {
  return failure.kind === 'unsupported' ? { ...failure, kind: 'configuration' } : failure;
}
