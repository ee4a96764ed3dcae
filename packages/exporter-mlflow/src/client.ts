import { type ClientCalls, createClientCalls, toMlflowTraceId, tracePath, unwrap } from './client-calls.js';
import {
  buildAssessment,
  buildAssessmentUpdate,
  buildRunBatches,
  chunks,
  pairs,
  parseAssessment,
  parseExperiment,
  parseRun,
  parseTrace,
  parseTraceInfo,
  parseTracePage,
} from './client-parse.js';
import type {
  MlflowAssessment,
  MlflowAssessmentInput,
  MlflowAssessmentUpdate,
  MlflowExperiment,
  MlflowPrompt,
  MlflowPromptInput,
  MlflowPromptReference,
  MlflowPromptSelection,
  MlflowRun,
  MlflowRunData,
  MlflowRunInput,
  MlflowRunStatus,
  MlflowTrace,
  MlflowTraceInfo,
  MlflowTracePage,
  MlflowTraceSearch,
} from './client-types.js';
import type { MlflowConnectionConfig } from './connection.js';
import { findOrCreateExperiment, getExperimentByName, requireActive } from './experiment.js';
import { joinPrompts, LINKED_PROMPTS, readLinkedPrompts } from './linked-prompts.js';
import { MlflowError } from './mlflow-error.js';
import { buildPrompt, buildPromptVersion, parsePrompt, requirePrompt } from './prompts.js';
import type {
  WireAssessment,
  WireModelVersion,
  WireRegisteredModel,
  WireRun,
  WireTrace,
  WireTraceInfo,
} from './wire-types.js';

// Limit of the server per request.
const MAX_TRACES_PER_LINK = 100;
const DEFAULT_PAGE_SIZE = 100;
// What an answer must hold to be read.
const TRACE_ID = 'trace.trace_info.trace_id';
const RUN_ID = 'run.info.run_id';
const PROMPT_NAME = 'model_version.name';

/**
 * The part of MLflow's REST interface that a user of traces needs: experiments, traces, assessments, prompts, and runs to
 * link traces to. Addresses and credentials come from the same options and environment variables as the exporter's.
 *
 * Every method rejects with {@link MlflowError}; outages are retried first, as far as that cannot do a thing twice.
 */
export class MlflowClient {
  readonly #calls: ClientCalls;

  /** @throws MlflowError when a setting cannot work */
  constructor(config: MlflowConnectionConfig = {}) {
    this.#calls = createClientCalls(config);
  }

  /** Address of the server, without credentials. */
  get url(): string {
    return this.#calls.url;
  }

  /** Ends calls under way and closes connections. Idle ones do not keep a program running, so this is optional. */
  close(): void {
    this.#calls.close();
  }

  /** The experiment of that name, deleted or not; `undefined` when there is none. */
  async getExperimentByName(name: string): Promise<MlflowExperiment | undefined> {
    const result = await this.#calls.run((rest, deadline) => getExperimentByName(rest, name, deadline));
    if (result.kind === 'rejected' && result.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    return parseExperiment(unwrap(result));
  }

  /**
   * Gives the id of a new experiment; rejects with `RESOURCE_ALREADY_EXISTS` when the name is taken, and says how to
   * restore the experiment when that is a deleted one.
   */
  async createExperiment(name: string): Promise<string> {
    const path = '/api/2.0/mlflow/experiments/create';
    const call = { method: 'POST', path, body: { name }, once: true, needs: 'experiment_id' } as const;
    try {
      return await this.#calls.read<{ experiment_id: string }, string>(call, (answer) => answer.experiment_id);
    } catch (error) {
      if (!(error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS')) throw error;
      const existing = await this.#calls.run((rest, deadline) => getExperimentByName(rest, name, deadline));
      const state = existing.kind === 'success' ? requireActive(existing.value) : existing;
      if (state.kind !== 'configuration' || existing.kind !== 'success') throw error;
      throw new MlflowError(state.reason, error);
    }
  }

  /** The experiment of that name, made when missing; rejects when it is deleted, and says how to restore it. */
  async getOrCreateExperiment(name: string): Promise<MlflowExperiment> {
    return parseExperiment(
      unwrap(await this.#calls.run((rest, deadline) => findOrCreateExperiment(rest, name, deadline))),
    );
  }

  /** Moves an experiment to the deleted ones. */
  async deleteExperiment(experimentId: string): Promise<void> {
    await this.#post('/api/2.0/mlflow/experiments/delete', { experiment_id: experimentId });
  }

  /** Brings a deleted experiment back, with its traces. */
  async restoreExperiment(experimentId: string): Promise<void> {
    await this.#post('/api/2.0/mlflow/experiments/restore', { experiment_id: experimentId });
  }

  /** A trace with its spans. Rejects with `RESOURCE_DOES_NOT_EXIST` when there is none of this id. */
  getTrace(traceId: string): Promise<MlflowTrace> {
    // Without allow_partial, the server sleeps for seconds before it answers that spans are still on their way.
    const query = { trace_id: toMlflowTraceId(traceId), allow_partial: 'true' };
    const path = '/api/3.0/mlflow/traces/get';
    return this.#calls.read<{ trace: WireTrace }, MlflowTrace>(
      { method: 'GET', path, query, needs: TRACE_ID },
      ({ trace }) => parseTrace(trace),
    );
  }

  /** A trace without its spans. */
  getTraceInfo(traceId: string): Promise<MlflowTraceInfo> {
    return this.#calls.read<{ trace: WireTrace }, MlflowTraceInfo>(
      { method: 'GET', path: tracePath(traceId), needs: TRACE_ID },
      ({ trace }) => parseTraceInfo(trace.trace_info),
    );
  }

  /** One page of traces, without their spans. */
  searchTraces(search: MlflowTraceSearch): Promise<MlflowTracePage> {
    const { experimentIds, filter, orderBy, maxResults = DEFAULT_PAGE_SIZE, pageToken } = search;
    const body = {
      locations: experimentIds.map((id) => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: id } })),
      max_results: maxResults,
      ...(filter === undefined ? {} : { filter }),
      ...(orderBy === undefined ? {} : { order_by: orderBy }),
      ...(pageToken === undefined ? {} : { page_token: pageToken }),
    };
    const path = '/api/3.0/mlflow/traces/search';
    return this.#calls.read<{ traces?: WireTraceInfo[]; next_page_token?: string }, MlflowTracePage>(
      { method: 'POST', path, body },
      parseTracePage,
    );
  }

  /** All traces of a search, page by page as they are consumed. */
  async *eachTrace(search: MlflowTraceSearch): AsyncGenerator<MlflowTraceInfo, void, undefined> {
    let { pageToken } = search;
    do {
      const page = await this.searchTraces({ ...search, ...(pageToken === undefined ? {} : { pageToken }) });
      yield* page.traces;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** Deletes traces for good; gives how many there were. */
  deleteTraces(experimentId: string, traceIds: string[]): Promise<number> {
    const body = { experiment_id: experimentId, request_ids: traceIds.map(toMlflowTraceId) };
    const path = '/api/3.0/mlflow/traces/delete-traces';
    return this.#calls.read<{ traces_deleted?: number }, number>(
      { method: 'POST', path, body },
      (answer) => answer.traces_deleted ?? 0,
    );
  }

  async setTraceTag(traceId: string, key: string, value: string): Promise<void> {
    await this.#calls.send({ method: 'PATCH', path: `${tracePath(traceId)}/tags`, body: { key, value } });
  }

  async deleteTraceTag(traceId: string, key: string): Promise<void> {
    await this.#calls.send({ method: 'DELETE', path: `${tracePath(traceId)}/tags`, body: { key } });
  }

  /** Writes down how good a trace, or one of its spans, was. */
  logFeedback(traceId: string, feedback: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return this.#assess(traceId, 'feedback', feedback);
  }

  /** Writes down what would have been right. */
  logExpectation(traceId: string, expectation: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return this.#assess(traceId, 'expectation', expectation);
  }

  /** The assessments of a trace and its spans. */
  async listAssessments(traceId: string): Promise<MlflowAssessment[]> {
    return (await this.getTraceInfo(traceId)).assessments;
  }

  /** Changes an assessment, which stays a feedback or an expectation. */
  async updateAssessment(
    traceId: string,
    assessmentId: string,
    update: MlflowAssessmentUpdate,
  ): Promise<MlflowAssessment> {
    const path = assessmentPath(traceId, assessmentId);
    const read = ({ assessment }: { assessment: WireAssessment }): MlflowAssessment => parseAssessment(assessment);
    // The server wants to be told which of the two it is.
    const current = await this.#calls.read({ method: 'GET', path, needs: 'assessment' }, read);
    const { assessment, fields } = buildAssessmentUpdate(current.kind, update);
    if (fields.length === 0) return current;
    const ids = { assessment_id: assessmentId, trace_id: toMlflowTraceId(traceId) };
    // In the JSON of a protobuf field mask, names are in camel case.
    const mask = fields.map((field) => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())).join(',');
    const body = { assessment: { ...ids, ...assessment }, update_mask: mask };
    return await this.#calls.read({ method: 'PATCH', path, body, needs: 'assessment' }, read);
  }

  /** Does nothing when there is no such assessment. */
  async deleteAssessment(traceId: string, assessmentId: string): Promise<void> {
    await this.#calls.send({ method: 'DELETE', path: assessmentPath(traceId, assessmentId) });
  }

  /**
   * A version of a registered prompt: by number, by alias, or the newest one. Rejects with `RESOURCE_DOES_NOT_EXIST` when
   * there is no such prompt or version, and with `INVALID_PARAMETER_VALUE` when there is no such alias.
   */
  getPrompt(name: string, { version, alias = 'latest' }: MlflowPromptSelection = {}): Promise<MlflowPrompt> {
    const call =
      version === undefined
        ? { path: '/api/2.0/mlflow/registered-models/alias', query: { name, alias } }
        : { path: '/api/2.0/mlflow/model-versions/get', query: { name, version: String(version) } };
    return this.#calls.read<{ model_version: WireModelVersion }, MlflowPrompt>(
      { method: 'GET', ...call, needs: PROMPT_NAME },
      (answer) => parsePrompt(answer.model_version),
    );
  }

  /**
   * Registers a prompt, or the next version of one that is there already: each call makes a version. Rejects when the
   * name is that of a model, or holds other characters than letters, digits, `.`, `-` and `_`.
   */
  async registerPrompt(name: string, input: MlflowPromptInput): Promise<MlflowPrompt> {
    const body = buildPrompt(name);
    try {
      await this.#post('/api/2.0/mlflow/registered-models/create', body);
    } catch (error) {
      if (!(error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS')) throw error;
      await this.#calls.read<{ registered_model: WireRegisteredModel }, void>(
        {
          method: 'GET',
          path: '/api/2.0/mlflow/registered-models/get',
          query: { name },
          needs: 'registered_model.name',
        },
        (answer) => requirePrompt(answer.registered_model),
      );
    }
    const path = '/api/2.0/mlflow/model-versions/create';
    return await this.#calls.read<{ model_version: WireModelVersion }, MlflowPrompt>(
      { method: 'POST', path, body: buildPromptVersion(name, input), once: true, needs: PROMPT_NAME },
      (answer) => parsePrompt(answer.model_version),
    );
  }

  /** Lets an alias, such as `production`, stand for a version of a prompt; one that is there moves to it. */
  async setPromptAlias(name: string, alias: string, version: number | string): Promise<void> {
    await this.#post('/api/2.0/mlflow/registered-models/alias', { name, alias, version: String(version) });
  }

  /**
   * Shows on the trace which prompts it was made with. The server does not check that they exist. Links to one trace must
   * not be made at the same time, or one may be lost from its page.
   */
  async linkPromptsToTrace(traceId: string, prompts: MlflowPromptReference[]): Promise<void> {
    const id = toMlflowTraceId(traceId);
    const linked = prompts.map(({ name, version }) => ({ name, version: String(version) }));
    await this.#post('/api/2.0/mlflow/traces/link-prompts', { trace_id: id, prompt_versions: linked });
    // The link serves searches; what the page of the trace shows is this tag. Python's client writes both, too.
    const { tags } = await this.getTraceInfo(id);
    const known = readLinkedPrompts(tags[LINKED_PROMPTS]);
    const all = joinPrompts(known, linked);
    if (all.length > known.length) await this.setTraceTag(id, LINKED_PROMPTS, JSON.stringify(all));
  }

  /** Starts a run. */
  createRun({ experimentId, name, tags = {} }: MlflowRunInput): Promise<MlflowRun> {
    const body = {
      experiment_id: experimentId,
      start_time: Date.now(),
      ...(name === undefined ? {} : { run_name: name }),
      tags: pairs(tags),
    };
    const path = '/api/2.0/mlflow/runs/create';
    return this.#calls.read<{ run: WireRun }, MlflowRun>(
      { method: 'POST', path, body, once: true, needs: RUN_ID },
      ({ run }) => parseRun(run),
    );
  }

  getRun(runId: string): Promise<MlflowRun> {
    const path = '/api/2.0/mlflow/runs/get';
    return this.#calls.read<{ run: WireRun }, MlflowRun>(
      { method: 'GET', path, query: { run_id: runId }, needs: RUN_ID },
      ({ run }) => parseRun(run),
    );
  }

  /** Default status: `FINISHED`. */
  async endRun(runId: string, status: MlflowRunStatus = 'FINISHED'): Promise<void> {
    await this.#post('/api/2.0/mlflow/runs/update', { run_id: runId, status, end_time: Date.now() });
  }

  /** Parameters, metrics and tags of a run in as few requests as the server's limits allow. */
  async logBatch(runId: string, data: MlflowRunData): Promise<void> {
    for (const batch of buildRunBatches(runId, data, Date.now())) {
      await this.#post('/api/2.0/mlflow/runs/log-batch', batch);
    }
  }

  /** Parameters of a run, each set once: another value later is an error. */
  logParams(runId: string, params: Record<string, string | number | boolean>): Promise<void> {
    return this.logBatch(runId, { params });
  }

  /** Metrics of a run at one `step`. Default: 0. */
  logMetrics(runId: string, metrics: Record<string, number>, step = 0): Promise<void> {
    return this.logBatch(runId, { metrics, step });
  }

  /** Tags of a run; a tag that is there gets the new value. */
  setRunTags(runId: string, tags: Record<string, string>): Promise<void> {
    return this.logBatch(runId, { tags });
  }

  /** Shows the traces on the page of the run; more than 100 go in several requests. */
  async linkTracesToRun(runId: string, traceIds: string[]): Promise<void> {
    for (const part of chunks(traceIds.map(toMlflowTraceId), MAX_TRACES_PER_LINK)) {
      await this.#post('/api/2.0/mlflow/traces/link-to-run', { trace_ids: part, run_id: runId });
    }
  }

  #assess(traceId: string, kind: MlflowAssessment['kind'], input: MlflowAssessmentInput): Promise<MlflowAssessment> {
    const path = `${tracePath(traceId)}/assessments`;
    const body = { assessment: buildAssessment(kind, input) };
    return this.#calls.read<{ assessment: WireAssessment }, MlflowAssessment>(
      { method: 'POST', path, body, once: true, needs: 'assessment' },
      ({ assessment }) => parseAssessment(assessment),
    );
  }

  async #post(path: string, body: object): Promise<void> {
    await this.#calls.send({ method: 'POST', path, body });
  }
}

function assessmentPath(traceId: string, assessmentId: string): string {
  return `${tracePath(traceId)}/assessments/${encodeURIComponent(assessmentId)}`;
}
