import type { MlflowConnectionConfig } from '../http/connection.js';
import { deleteAssessment, logAssessment, updateAssessment } from './assessments.js';
import { type ClientCalls, createClientCalls } from './calls.js';
import {
  createExperiment,
  deleteExperiment,
  getExperiment,
  getOrCreateExperiment,
  restoreExperiment,
} from './experiments.js';
import { getPrompt, linkPromptsToTrace, registerPrompt, setPromptAlias } from './prompts.js';
import { createRun, endRun, getRun, linkTracesToRun, logBatch } from './runs.js';
import { deleteTraces, deleteTraceTag, getTrace, getTraceInfo, searchTraces, setTraceTag } from './traces.js';
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
} from './types.js';

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
  getExperimentByName(name: string): Promise<MlflowExperiment | undefined> {
    return getExperiment(this.#calls, name);
  }

  /**
   * Gives the id of a new experiment; rejects with `RESOURCE_ALREADY_EXISTS` when the name is taken, and says how to
   * restore the experiment when that is a deleted one.
   */
  createExperiment(name: string): Promise<string> {
    return createExperiment(this.#calls, name);
  }

  /** The experiment of that name, made when missing; rejects when it is deleted, and says how to restore it. */
  getOrCreateExperiment(name: string): Promise<MlflowExperiment> {
    return getOrCreateExperiment(this.#calls, name);
  }

  /** Moves an experiment to the deleted ones. */
  deleteExperiment(experimentId: string): Promise<void> {
    return deleteExperiment(this.#calls, experimentId);
  }

  /** Brings a deleted experiment back, with its traces. */
  restoreExperiment(experimentId: string): Promise<void> {
    return restoreExperiment(this.#calls, experimentId);
  }

  /** A trace with its spans. Rejects with `RESOURCE_DOES_NOT_EXIST` when there is none of this id. */
  getTrace(traceId: string): Promise<MlflowTrace> {
    return getTrace(this.#calls, traceId);
  }

  /** A trace without its spans. */
  getTraceInfo(traceId: string): Promise<MlflowTraceInfo> {
    return getTraceInfo(this.#calls, traceId);
  }

  /** One page of traces, without their spans. */
  searchTraces(search: MlflowTraceSearch): Promise<MlflowTracePage> {
    return searchTraces(this.#calls, search);
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
    return deleteTraces(this.#calls, experimentId, traceIds);
  }

  setTraceTag(traceId: string, key: string, value: string): Promise<void> {
    return setTraceTag(this.#calls, traceId, key, value);
  }

  deleteTraceTag(traceId: string, key: string): Promise<void> {
    return deleteTraceTag(this.#calls, traceId, key);
  }

  /** Writes down how good a trace, or one of its spans, was. */
  logFeedback(traceId: string, feedback: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return logAssessment(this.#calls, traceId, 'feedback', feedback);
  }

  /** Writes down what would have been right. */
  logExpectation(traceId: string, expectation: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return logAssessment(this.#calls, traceId, 'expectation', expectation);
  }

  /** The assessments of a trace and its spans. */
  async listAssessments(traceId: string): Promise<MlflowAssessment[]> {
    return (await this.getTraceInfo(traceId)).assessments;
  }

  /** Changes an assessment, which stays a feedback or an expectation. */
  updateAssessment(traceId: string, assessmentId: string, update: MlflowAssessmentUpdate): Promise<MlflowAssessment> {
    return updateAssessment(this.#calls, traceId, assessmentId, update);
  }

  /** Does nothing when there is no such assessment. */
  deleteAssessment(traceId: string, assessmentId: string): Promise<void> {
    return deleteAssessment(this.#calls, traceId, assessmentId);
  }

  /**
   * A version of a registered prompt: by number, by alias, or the newest one. Rejects with `RESOURCE_DOES_NOT_EXIST` when
   * there is no such prompt or version, and with `INVALID_PARAMETER_VALUE` when there is no such alias.
   */
  getPrompt(name: string, selection: MlflowPromptSelection = {}): Promise<MlflowPrompt> {
    return getPrompt(this.#calls, name, selection);
  }

  /**
   * Registers a prompt, or the next version of one that is there already: each call makes a version. Rejects when the
   * name is that of a model, or holds other characters than letters, digits, `.`, `-` and `_`.
   */
  registerPrompt(name: string, input: MlflowPromptInput): Promise<MlflowPrompt> {
    return registerPrompt(this.#calls, name, input);
  }

  /** Lets an alias, such as `production`, stand for a version of a prompt; one that is there moves to it. */
  setPromptAlias(name: string, alias: string, version: number | string): Promise<void> {
    return setPromptAlias(this.#calls, name, alias, version);
  }

  /**
   * Shows on the trace which prompts it was made with. The server does not check that they exist. Links to one trace must
   * not be made at the same time, or one may be lost from its page.
   */
  linkPromptsToTrace(traceId: string, prompts: MlflowPromptReference[]): Promise<void> {
    return linkPromptsToTrace(this.#calls, traceId, prompts);
  }

  /** Starts a run. */
  createRun(run: MlflowRunInput): Promise<MlflowRun> {
    return createRun(this.#calls, run);
  }

  getRun(runId: string): Promise<MlflowRun> {
    return getRun(this.#calls, runId);
  }

  /** Default status: `FINISHED`. */
  endRun(runId: string, status: MlflowRunStatus = 'FINISHED'): Promise<void> {
    return endRun(this.#calls, runId, status);
  }

  /** Parameters, metrics and tags of a run in as few requests as the server's limits allow. */
  logBatch(runId: string, data: MlflowRunData): Promise<void> {
    return logBatch(this.#calls, runId, data);
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
  linkTracesToRun(runId: string, traceIds: string[]): Promise<void> {
    return linkTracesToRun(this.#calls, runId, traceIds);
  }
}
