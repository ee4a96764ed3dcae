import { runningTime } from '../common/running-time.js';
import { ownText, say } from '../common/shown-text.js';
import type { Failure } from '../http/exchange/outcome.js';
import { findOrCreateExperiment, getExperiment, requireActive } from '../mlflow/experiments.js';
import type { Rest, RestResult } from '../mlflow/rest.js';
import type { MlflowExperiment } from '../mlflow/types.js';

/** The experiment that the settings name, or the place that keeps traces instead of one. */
export type ExperimentSetting = { id: string } | { name: string } | { place: string };

/** Finds the experiment that receives the traces, once for all exports. Failures are not kept. */
export class ExperimentResolver {
  readonly #wanted: ExperimentSetting;
  readonly #needsRest: boolean;
  #found: Promise<RestResult<string>> | undefined;

  /** @param needsRest whether the server must know experiments; `false` for a possible OpenTelemetry Collector */
  constructor(wanted: ExperimentSetting, needsRest: boolean) {
    this.#wanted = wanted;
    this.#needsRest = needsRest;
  }

  /** The id of the experiment. */
  async resolve(rest: Rest): Promise<RestResult<string>> {
    for (;;) {
      const isOwn = this.#found === undefined;
      const attempt = this.#found ?? this.#look(rest);
      this.#found = attempt;
      const result = await attempt;
      if (result.kind !== 'success' && this.#found === attempt) this.#found = undefined;
      // This attempt belonged to another export and ended at the deadline of that export. This export has time left.
      if (isOwn || result.kind !== 'retryable' || runningTime() >= rest.limit.deadline) return result;
    }
  }

  /**
   * Returns the cause of a refusal. The answer does not show that the experiment was deleted in the meantime, so this
   * method looks the experiment up.
   */
  async explain(refusal: Failure, rest: Rest): Promise<Failure> {
    if (refusal.kind === 'retryable' || refusal.ofCredentials) return refusal;
    this.#found = undefined;
    const again = await this.resolve(rest);
    return again.kind === 'success' ? refusal : again;
  }

  async #look(rest: Rest): Promise<RestResult<string>> {
    const wanted = this.#wanted;
    if ('place' in wanted) return { kind: 'success', value: wanted.place };
    const experiment =
      'id' in wanted ? await findById(rest, wanted.id) : await findOrCreateExperiment(rest, wanted.name);
    if (experiment.kind === 'success') return { kind: 'success', value: experiment.value.experimentId };
    if (experiment.kind !== 'unsupported') return experiment;
    if ('id' in wanted && !this.#needsRest) return { kind: 'success', value: wanted.id };
    // Every MLflow server has these routes: a server without them is something else.
    return { ...experiment, kind: 'configuration' };
  }
}

async function findById(rest: Rest, id: string): Promise<RestResult<MlflowExperiment>> {
  const found = await getExperiment(rest, id);
  if (found.kind === 'success') return requireActive(found.value, rest);
  if (found.kind !== 'rejected' || found.errorCode !== 'RESOURCE_DOES_NOT_EXIST') return found;
  return {
    ...found,
    kind: 'configuration',
    reason: say`MLflow experiment ${ownText(id)} does not exist at ${rest.url}: set experimentId or MLFLOW_EXPERIMENT_ID to one that does, or use experimentName or MLFLOW_EXPERIMENT_NAME, which creates a missing one.`,
  };
}
