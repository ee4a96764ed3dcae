import type { MlflowConnectionConfig } from '../http/settings/config.js';
import { getStoredTrace } from '../mlflow/artifacts/stored-trace.js';
import { createAssessment, deleteAssessment, getAssessment, updateAssessment } from '../mlflow/assessments.js';
import { deleteExperiment, findOrCreateExperiment, getExperiment, restoreExperiment } from '../mlflow/experiments.js';
import { setPromptAlias } from '../mlflow/prompts.js';
import { chunks, createRun, endRun, getRun, logBatch, runBatches } from '../mlflow/runs.js';
import { getServer, type MlflowServerInfo } from '../mlflow/server.js';
import {
  deleteTraces,
  deleteTraceTag,
  getTraceInfo,
  linkTracesToRun,
  MAX_TRACES_PER_LINK,
  searchTraces,
  setTraceTag,
} from '../mlflow/traces.js';
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
} from '../mlflow/types.js';
import { createNewExperiment, findExperiment } from './experiments.js';
import { findPrompt, linkPrompts, registerPromptVersion } from './prompts.js';
import { ClientRequests } from './requests.js';
import { changeTrace } from './traces.js';

/**
 * The part of MLflow's REST interface that a user of traces needs: experiments, traces, assessments, prompts, and runs to
 * link traces to. It takes the same connection options and environment variables as the exporter.
 *
 * Every method rejects with {@link MlflowError}. Before that it repeats a request that met an outage, unless the
 * request could have its effect twice. Trace ids may be MLflow's (`tr-…`) or OpenTelemetry's.
 *
 * A trace is on the server once its spans ended and were sent. Methods that change a trace reject with
 * `RESOURCE_DOES_NOT_EXIST` before, and the message says to flush first.
 */
export class MlflowClient {
  readonly #requests: ClientRequests;

  /**
   * @param config Default: `http://localhost:5000` without credentials.
   * @throws MlflowError if a setting cannot work
   */
  constructor(config: MlflowConnectionConfig = {}) {
    this.#requests = new ClientRequests(config);
  }

  /** Address of the server, without credentials. */
  get url(): string {
    return this.#requests.url;
  }

  /**
   * Ends calls under way and closes connections. Calling it is optional: idle connections do not keep a program running.
   */
  close(): void {
    this.#requests.close();
  }

  /** Returns version and clock of the server. */
  getServer(): Promise<MlflowServerInfo> {
    return this.#requests.run(getServer);
  }

  /** Returns the experiment of that id, deleted or not. Rejects with `RESOURCE_DOES_NOT_EXIST` if there is none. */
  getExperiment(experimentId: string): Promise<MlflowExperiment> {
    return this.#requests.run((rest) => getExperiment(rest, experimentId));
  }

  /** Returns the experiment of that name, deleted or not; undefined if there is none. */
  getExperimentByName(name: string): Promise<MlflowExperiment | undefined> {
    return findExperiment(this.#requests, name);
  }

  /**
   * Creates an experiment and returns its id. Rejects with `RESOURCE_ALREADY_EXISTS` if the name is taken. If a deleted
   * experiment has the name, the message explains how to restore that experiment.
   */
  createExperiment(name: string): Promise<string> {
    return createNewExperiment(this.#requests, name);
  }

  /**
   * Returns the experiment of that name, and creates it if there is none. Rejects with `INVALID_STATE` if it is deleted.
   * The message explains how to restore it.
   */
  getOrCreateExperiment(name: string): Promise<MlflowExperiment> {
    return this.#requests.run((rest) => findOrCreateExperiment(rest, name));
  }

  /** Deletes an experiment. {@link restoreExperiment} restores it. */
  deleteExperiment(experimentId: string): Promise<void> {
    return this.#requests.run((rest) => deleteExperiment(rest, experimentId));
  }

  /** Restores a deleted experiment with its traces. */
  restoreExperiment(experimentId: string): Promise<void> {
    return this.#requests.run((rest) => restoreExperiment(rest, experimentId));
  }

  /**
   * Returns a trace with its spans. Rejects with `RESOURCE_DOES_NOT_EXIST` if there is no such trace. Where a trace is a
   * record and a file, the record may come first: until the file is there, the trace has no spans.
   */
  getTrace(traceId: string): Promise<MlflowTrace> {
    return this.#requests.run((rest) => getStoredTrace(rest, traceId), [traceId]);
  }

  /** Returns a trace without its spans. Rejects with `RESOURCE_DOES_NOT_EXIST` if there is no such trace. */
  getTraceInfo(traceId: string): Promise<MlflowTraceInfo> {
    return this.#requests.run((rest) => getTraceInfo(rest, traceId), [traceId]);
  }

  /** Returns one page of traces, without their spans. */
  searchTraces(search: MlflowTraceSearch): Promise<MlflowTracePage> {
    return this.#requests.run((rest) => searchTraces(rest, search));
  }

  /** Yields all traces of a search. It requests each page when the loop arrives there. */
  async *eachTrace(search: MlflowTraceSearch): AsyncGenerator<MlflowTraceInfo, void, undefined> {
    let { pageToken } = search;
    do {
      const page = await this.searchTraces({ ...search, ...(pageToken === undefined ? {} : { pageToken }) });
      yield* page.traces;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** Deletes traces for good and returns how many there were. */
  deleteTraces(experimentId: string, traceIds: string[]): Promise<number> {
    return this.#requests.run((rest) => deleteTraces(rest, experimentId, traceIds), traceIds);
  }

  /** Sets a tag of a trace. An earlier value is replaced. */
  setTraceTag(traceId: string, key: string, value: string): Promise<void> {
    return changeTrace(this.#requests, traceId, (rest) => setTraceTag(rest, traceId, key, value));
  }

  /** Removes a tag of a trace. */
  deleteTraceTag(traceId: string, key: string): Promise<void> {
    return changeTrace(this.#requests, traceId, (rest) => deleteTraceTag(rest, traceId, key));
  }

  /** Records how good a trace, or one of its spans, was. */
  logFeedback(traceId: string, feedback: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return changeTrace(this.#requests, traceId, (rest) => createAssessment(rest, traceId, 'feedback', feedback));
  }

  /** Records the expected result of a trace or of one of its spans. */
  logExpectation(traceId: string, expectation: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return changeTrace(this.#requests, traceId, (rest) => createAssessment(rest, traceId, 'expectation', expectation));
  }

  /** Returns the assessments of a trace and of its spans. */
  async listAssessments(traceId: string): Promise<MlflowAssessment[]> {
    return (await this.getTraceInfo(traceId)).assessments;
  }

  /** Changes the given members of an assessment, which stays a feedback or an expectation. */
  async updateAssessment(
    traceId: string,
    assessmentId: string,
    update: MlflowAssessmentUpdate,
  ): Promise<MlflowAssessment> {
    // The update must name the kind of the assessment.
    const current = await changeTrace(this.#requests, traceId, (rest) => getAssessment(rest, traceId, assessmentId));
    const { name, value, rationale, metadata } = update;
    if ([name, value, rationale, metadata].every((change) => change === undefined)) return current;
    return await this.#requests.run((rest) => updateAssessment(rest, traceId, assessmentId, current.kind, update));
  }

  /** Deletes an assessment. Does nothing if there is no such assessment. */
  deleteAssessment(traceId: string, assessmentId: string): Promise<void> {
    return this.#requests.run((rest) => deleteAssessment(rest, traceId, assessmentId), [traceId]);
  }

  /**
   * Returns a version of a registered prompt: by number, by alias, or the newest one. Rejects with
   * `RESOURCE_DOES_NOT_EXIST` if there is no such prompt or version, and with `INVALID_PARAMETER_VALUE` if there is no
   * such alias.
   */
  getPrompt(name: string, selection: MlflowPromptSelection = {}): Promise<MlflowPrompt> {
    return findPrompt(this.#requests, name, selection);
  }

  /**
   * Registers a prompt, or the next version of one that exists: each call makes a version. Rejects if the name is that of
   * a model, or has other characters than letters, digits, `.`, `-` and `_`.
   */
  registerPrompt(name: string, input: MlflowPromptInput): Promise<MlflowPrompt> {
    return registerPromptVersion(this.#requests, name, input);
  }

  /** Points an alias, such as `production`, to a version of a prompt. An existing alias moves to this version. */
  setPromptAlias(name: string, alias: string, version: number | string): Promise<void> {
    return this.#requests.run((rest) => setPromptAlias(rest, name, alias, version));
  }

  /**
   * Links prompts to a trace, whose page then shows them. The server does not check that they exist. Do not link
   * prompts to the same trace at the same time, or its page may lose one of them.
   */
  linkPromptsToTrace(traceId: string, prompts: MlflowPromptReference[]): Promise<void> {
    return linkPrompts(this.#requests, traceId, prompts);
  }

  /** Starts a run. */
  createRun(run: MlflowRunInput): Promise<MlflowRun> {
    return this.#requests.run((rest) => createRun(rest, run));
  }

  /** Returns a run. Rejects with `RESOURCE_DOES_NOT_EXIST` if there is no such run. */
  getRun(runId: string): Promise<MlflowRun> {
    return this.#requests.run((rest) => getRun(rest, runId));
  }

  /** Ends a run. Default status: `FINISHED`. */
  endRun(runId: string, status: MlflowRunStatus = 'FINISHED'): Promise<void> {
    return this.#requests.run((rest) => endRun(rest, runId, status));
  }

  /** Writes parameters, metrics and tags of a run in as few requests as the server's limits allow. */
  async logBatch(runId: string, data: MlflowRunData): Promise<void> {
    for (const batch of runBatches(data, Date.now())) {
      await this.#requests.run((rest) => logBatch(rest, runId, batch));
    }
  }

  /** Writes parameters of a run. A parameter cannot change: another value later is an error. */
  logParams(runId: string, params: Record<string, string | number | boolean>): Promise<void> {
    return this.logBatch(runId, { params });
  }

  /** Writes metrics of a run at one `step`. Default: 0. */
  logMetrics(runId: string, metrics: Record<string, number>, step = 0): Promise<void> {
    return this.logBatch(runId, { metrics, step });
  }

  /** Sets tags of a run. Earlier values are replaced. */
  setRunTags(runId: string, tags: Record<string, string>): Promise<void> {
    return this.logBatch(runId, { tags });
  }

  /** Shows the traces on the page of the run, in one request for every 100 of them. */
  async linkTracesToRun(runId: string, traceIds: string[]): Promise<void> {
    for (const part of chunks(traceIds, MAX_TRACES_PER_LINK)) {
      await this.#requests.run((rest) => linkTracesToRun(rest, runId, part), traceIds);
    }
  }
}
