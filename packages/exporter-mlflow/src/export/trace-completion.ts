import { once, setMaxListeners } from 'node:events';
import type { ReadableSpan } from '../common/sdk-types.js';
import { forEachLimited, settledBefore } from '../common/waiting.js';
import { type Failure, OUT_OF_TIME } from '../http/outcome.js';
import type { ExperimentResolver } from '../mlflow/experiments.js';
import type { ExporterMetrics } from './metrics.js';
import { type PostponedTrace, PostponedTraces, type UploadedTrace } from './postponed.js';
import type { Reporter } from './reporter.js';
import type { TraceRecords } from './trace-records.js';
import { isOver, type TraceSteps } from './trace-steps.js';

export interface CompletionParts {
  steps: TraceSteps;
  records: TraceRecords;
  /** The same for requests that end with `signal`. */
  abortableRecords: (signal: AbortSignal) => TraceRecords;
  experiment: ExperimentResolver;
  reporter: Reporter;
  metrics: ExporterMetrics;
  /** Whether the record of a trace is sent with this span. */
  isRoot: (span: ReadableSpan) => boolean;
  concurrencyLimit: number;
}

export interface CompletionResult {
  /** Why something about the traces could not be recorded; reported already. */
  failure?: Failure;
  /** Whether records of them are sent later. */
  postponed: boolean;
}

/** The steps after an upload, for each of its traces: within the deadline, or later when they do not fit into it. */
export class TraceCompletion {
  readonly #parts: CompletionParts;
  readonly #postponed = new PostponedTraces(({ cause }) => this.#incomplete(1, cause));
  /** The postponed records are being sent. */
  #catchingUp: { done: Promise<void>; ending: AbortController } | undefined;
  #isClosed = false;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
  }

  /** Does them for each of these traces. What fails for the moment only is no failure of the export. */
  async complete(traces: UploadedTrace[], deadline: number): Promise<CompletionResult> {
    const failures: Failure[] = [];
    const waiting: Failure[] = [];
    const limit = { deadline, records: this.#parts.records };
    await forEachLimited(traces, this.#parts.concurrencyLimit, async (trace) => {
      const failure = await this.#parts.steps(trace, limit);
      if (failure?.kind === 'retryable') {
        waiting.push(failure);
        this.#postpone({ ...trace, cause: failure });
      } else if (failure !== undefined) {
        failures.push(failure);
      }
    });
    const [cause] = waiting;
    if (cause !== undefined) this.#parts.reporter.postponed(waiting.length, cause.reason);
    const postponed = waiting.length > 0;
    const [first] = failures;
    if (first === undefined) return { postponed };
    const explained = await this.#parts.experiment.explain(first, deadline);
    this.#incomplete(failures.length, explained);
    return { failure: explained, postponed };
  }

  /** The server takes spans again, so that it may take what an earlier export left behind. Nobody waits for that. */
  resume(deadline: number): void {
    if (this.#postponed.size > 0 && this.#catchingUp === undefined) void this.catchUp(deadline);
  }

  /**
   * Sends the records that did not fit into the deadline of their export, as many as fit into this one. What is sent
   * already, with a deadline of its own, ends with this one, too.
   */
  async catchUp(deadline: number): Promise<void> {
    for (let running = this.#catchingUp; running !== undefined; running = this.#catchingUp) {
      if (await settledBefore(deadline, [running.done])) continue;
      running.ending.abort();
      await running.done;
    }
    const ending = new AbortController();
    // One listener for each trace under way.
    setMaxListeners(0, ending.signal);
    const done = this.#sendPostponed(deadline, ending.signal).finally(() => {
      this.#catchingUp = undefined;
    });
    this.#catchingUp = { done, ending };
    await done;
  }

  /** Gives up what is still postponed. */
  close(): void {
    this.#isClosed = true;
    for (let trace = this.#postponed.take(); trace !== undefined; trace = this.#postponed.take()) {
      this.#incomplete(1, trace.cause);
    }
  }

  async #sendPostponed(deadline: number, signal: AbortSignal): Promise<void> {
    const limit = { deadline, records: this.#parts.abortableRecords(signal), signal };
    // What a step waits for besides its requests does not hear the signal.
    const ended = once(signal, 'abort').then(() => OUT_OF_TIME);
    // Those that fail are kept again, and must not come round a second time.
    const traces = Array.from({ length: this.#postponed.size }, () => this.#postponed.take()).filter(
      (trace) => trace !== undefined,
    );
    let isAway = false;
    await forEachLimited(traces, this.#parts.concurrencyLimit, async (trace) => {
      if (isAway || isOver(limit)) return this.#postpone(trace);
      const failure = await Promise.race([this.#parts.steps(trace, limit), ended]);
      if (failure?.kind === 'retryable') {
        // Status 500 may be about this record alone.
        isAway ||= failure.status !== 500;
        this.#postpone(failure === OUT_OF_TIME ? trace : { ...trace, cause: failure });
      } else if (failure !== undefined) {
        this.#incomplete(1, failure);
      }
    });
  }

  #postpone(trace: PostponedTrace): void {
    if (this.#isClosed) {
      this.#incomplete(1, trace.cause);
      return;
    }
    const roots = trace.spans.filter(this.#parts.isRoot);
    // With a root, its record is all there is to send.
    this.#postponed.add(roots.length > 0 ? { ...trace, spans: roots } : trace);
  }

  #incomplete(traces: number, failure: Failure): void {
    this.#parts.metrics.lostRecords(traces, failure);
    this.#parts.reporter.incomplete(traces, failure.reason);
  }
}
