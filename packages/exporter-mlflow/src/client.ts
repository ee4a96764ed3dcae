import { performance } from 'node:perf_hooks';
import {
  buildAssessment,
  parseAssessment,
  parseExperiment,
  parseRun,
  parseTrace,
  parseTraceInfo,
} from './client-parse.js';
import type {
  MlflowAssessment,
  MlflowAssessmentInput,
  MlflowExperiment,
  MlflowRun,
  MlflowRunInput,
  MlflowRunStatus,
  MlflowTrace,
  MlflowTraceInfo,
  MlflowTracePage,
  MlflowTraceSearch,
} from './client-types.js';
import { type MlflowConnectionConfig, resolveConnection } from './connection.js';
import { findOrCreateExperiment, getExperimentByName } from './experiment.js';
import { MlflowError } from './mlflow-error.js';
import { createRestClient, type RestCall, type RestClient, type RestResult } from './rest.js';
import { createRetryingTransport } from './retrying-transport.js';
import { createHttpTransport, type Transport } from './transport.js';
import type { WireAssessment, WireRun, WireTrace, WireTraceInfo } from './wire-types.js';

// Limits of the server per request.
const MAX_TRACES_PER_LINK = 100;
const MAX_PARAMS_PER_BATCH = 100;
const DEFAULT_PAGE_SIZE = 100;
// What an answer must hold to be read.
const TRACE_ID = 'trace.trace_info.trace_id';
const RUN_ID = 'run.info.run_id';

/**
 * The part of MLflow's REST interface that a user of traces needs: experiments, traces, assessments, and runs to link
 * traces to. Addresses and credentials come from the same options and environment variables as the exporter's.
 *
 * Every method rejects with {@link MlflowError}; outages are retried first, as far as that cannot do a thing twice.
 */
export class MlflowClient {
  /** Address of the server, without credentials. */
  readonly url: string;
  readonly #rest: RestClient;
  readonly #transport: Transport;
  readonly #timeoutMillis: number;

  /** @throws MlflowError when a setting cannot work */
  constructor(config: MlflowConnectionConfig = {}) {
    const connection = resolveConnection(config);
    this.url = connection.url;
    this.#transport = createRetryingTransport(createHttpTransport(connection), connection);
    this.#rest = createRestClient(this.#transport, connection.url);
    this.#timeoutMillis = connection.timeoutMillis;
  }

  /** Closes idle connections. They do not keep a program running, so this is optional. */
  close(): void {
    this.#transport.close();
  }

  /** The experiment of that name, deleted or not; `undefined` when there is none. */
  async getExperimentByName(name: string): Promise<MlflowExperiment | undefined> {
    const result = await getExperimentByName(this.#rest, name, this.#deadline());
    if (result.kind === 'rejected' && result.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    return parseExperiment(unwrap(result));
  }

  /** Gives the id of a new experiment; rejects with `RESOURCE_ALREADY_EXISTS` when the name is taken. */
  async createExperiment(name: string): Promise<string> {
    const path = '/api/2.0/mlflow/experiments/create';
    return (
      await this.#call<{ experiment_id: string }>({
        method: 'POST',
        path,
        body: { name },
        once: true,
        needs: 'experiment_id',
      })
    ).experiment_id;
  }

  /** The experiment of that name, made when missing; rejects when it is deleted. */
  async getOrCreateExperiment(name: string): Promise<MlflowExperiment> {
    return parseExperiment(unwrap(await findOrCreateExperiment(this.#rest, name, this.#deadline())));
  }

  /** Moves an experiment to the deleted ones. */
  async deleteExperiment(experimentId: string): Promise<void> {
    const body = { experiment_id: experimentId };
    await this.#call({ method: 'POST', path: '/api/2.0/mlflow/experiments/delete', body });
  }

  /** A trace with its spans. Rejects with `RESOURCE_DOES_NOT_EXIST` when there is none of this id. */
  async getTrace(traceId: string): Promise<MlflowTrace> {
    // Without allow_partial, the server sleeps for seconds before it answers that spans are still on their way.
    const query = { trace_id: toMlflowTraceId(traceId), allow_partial: 'true' };
    const path = '/api/3.0/mlflow/traces/get';
    return parseTrace((await this.#call<{ trace: WireTrace }>({ method: 'GET', path, query, needs: TRACE_ID })).trace);
  }

  /** A trace without its spans. */
  async getTraceInfo(traceId: string): Promise<MlflowTraceInfo> {
    const answer = await this.#call<{ trace: WireTrace }>({ method: 'GET', path: tracePath(traceId), needs: TRACE_ID });
    return parseTraceInfo(answer.trace.trace_info);
  }

  /** One page of traces, without their spans. */
  async searchTraces(search: MlflowTraceSearch): Promise<MlflowTracePage> {
    const { experimentIds, filter, orderBy, maxResults = DEFAULT_PAGE_SIZE, pageToken } = search;
    const body = {
      locations: experimentIds.map((id) => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: id } })),
      max_results: maxResults,
      ...(filter === undefined ? {} : { filter }),
      ...(orderBy === undefined ? {} : { order_by: orderBy }),
      ...(pageToken === undefined ? {} : { page_token: pageToken }),
    };
    const path = '/api/3.0/mlflow/traces/search';
    const answer = await this.#call<{ traces?: WireTraceInfo[]; next_page_token?: string }>({
      method: 'POST',
      path,
      body,
    });
    return {
      traces: (answer.traces ?? []).map(parseTraceInfo),
      ...(answer.next_page_token ? { nextPageToken: answer.next_page_token } : {}),
    };
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
  async deleteTraces(experimentId: string, traceIds: string[]): Promise<number> {
    const body = { experiment_id: experimentId, request_ids: traceIds.map(toMlflowTraceId) };
    const path = '/api/3.0/mlflow/traces/delete-traces';
    return (await this.#call<{ traces_deleted?: number }>({ method: 'POST', path, body })).traces_deleted ?? 0;
  }

  async setTraceTag(traceId: string, key: string, value: string): Promise<void> {
    await this.#call({ method: 'PATCH', path: `${tracePath(traceId)}/tags`, body: { key, value } });
  }

  async deleteTraceTag(traceId: string, key: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: `${tracePath(traceId)}/tags`, body: { key } });
  }

  /** Writes down how good a trace, or one of its spans, was. */
  logFeedback(traceId: string, feedback: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return this.#assess(traceId, 'feedback', feedback);
  }

  /** Writes down what would have been right. */
  logExpectation(traceId: string, expectation: MlflowAssessmentInput): Promise<MlflowAssessment> {
    return this.#assess(traceId, 'expectation', expectation);
  }

  /** Starts a run. */
  async createRun({ experimentId, name, tags = {} }: MlflowRunInput): Promise<MlflowRun> {
    const body = {
      experiment_id: experimentId,
      start_time: Date.now(),
      ...(name === undefined ? {} : { run_name: name }),
      tags: pairs(tags),
    };
    const path = '/api/2.0/mlflow/runs/create';
    return parseRun(
      (await this.#call<{ run: WireRun }>({ method: 'POST', path, body, once: true, needs: RUN_ID })).run,
    );
  }

  async getRun(runId: string): Promise<MlflowRun> {
    const path = '/api/2.0/mlflow/runs/get';
    return parseRun(
      (await this.#call<{ run: WireRun }>({ method: 'GET', path, query: { run_id: runId }, needs: RUN_ID })).run,
    );
  }

  /** Default status: `FINISHED`. */
  async endRun(runId: string, status: MlflowRunStatus = 'FINISHED'): Promise<void> {
    const body = { run_id: runId, status, end_time: Date.now() };
    await this.#call({ method: 'POST', path: '/api/2.0/mlflow/runs/update', body });
  }

  /** Parameters of a run, each set once: another value later is an error. */
  async logParams(runId: string, params: Record<string, string | number | boolean>): Promise<void> {
    const all = pairs(params).map(({ key, value }) => ({ key, value: String(value) }));
    for (const part of chunks(all, MAX_PARAMS_PER_BATCH)) await this.#logBatch({ run_id: runId, params: part });
  }

  /** Metrics of a run at one `step`. Default: 0. */
  async logMetrics(runId: string, metrics: Record<string, number>, step = 0): Promise<void> {
    const timestamp = Date.now();
    const all = pairs(metrics).map((metric) => ({ ...metric, timestamp, step }));
    for (const part of chunks(all, MAX_PARAMS_PER_BATCH)) await this.#logBatch({ run_id: runId, metrics: part });
  }

  /** Shows the traces on the page of the run. */
  async linkTracesToRun(runId: string, traceIds: string[]): Promise<void> {
    const path = '/api/2.0/mlflow/traces/link-to-run';
    for (const part of chunks(traceIds.map(toMlflowTraceId), MAX_TRACES_PER_LINK)) {
      await this.#call({ method: 'POST', path, body: { trace_ids: part, run_id: runId } });
    }
  }

  async #assess(
    traceId: string,
    kind: MlflowAssessment['kind'],
    input: MlflowAssessmentInput,
  ): Promise<MlflowAssessment> {
    const path = `${tracePath(traceId)}/assessments`;
    const body = { assessment: buildAssessment(kind, input) };
    const answer = await this.#call<{ assessment: WireAssessment }>({
      method: 'POST',
      path,
      body,
      once: true,
      needs: 'assessment',
    });
    return parseAssessment(answer.assessment);
  }

  async #logBatch(body: object): Promise<void> {
    await this.#call({ method: 'POST', path: '/api/2.0/mlflow/runs/log-batch', body });
  }

  async #call<T = unknown>(call: RestCall): Promise<T> {
    return unwrap(await this.#rest.call<T>(call, this.#deadline()));
  }

  #deadline(): number {
    return performance.now() + this.#timeoutMillis;
  }
}

function unwrap<T>(result: RestResult<T>): T {
  if (result.kind === 'success') return result.value;
  throw new MlflowError(result.reason, { status: result.status, errorCode: result.errorCode });
}

/** Takes the OpenTelemetry trace id too. */
function toMlflowTraceId(traceId: string): string {
  return /^[0-9a-f]{32}$/i.test(traceId) ? `tr-${traceId.toLowerCase()}` : traceId;
}

function tracePath(traceId: string): string {
  return `/api/3.0/mlflow/traces/${encodeURIComponent(toMlflowTraceId(traceId))}`;
}

function pairs<T>(entries: Record<string, T>): { key: string; value: T }[] {
  return Object.entries(entries).map(([key, value]) => ({ key, value }));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
