import { once, setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { ArtifactDelivery } from './artifact-delivery.js';
import { forEachLimited, settledBefore } from './concurrency.js';
import type { ExperimentResolver } from './experiment.js';
import type { ExporterMetrics } from './metrics.js';
import { MlflowError } from './mlflow-error.js';
import { type PostponedTrace, PostponedTraces } from './postponed.js';
import { RepeatedUsage } from './repeated-usage.js';
import type { Reporter } from './reporter.js';
import { type Failure, OUT_OF_TIME } from './response.js';
import { sanitizeSpan } from './sanitize.js';
import { hasFigures, observeSpan, type TraceFacts, TraceFactsStore } from './trace-facts.js';
import { type RecordContext, withTraceName } from './trace-info.js';
import type { TraceRecords } from './trace-records.js';
import type { Uploader } from './upload.js';

export interface DeliveryParts {
  experiment: ExperimentResolver;
  uploader: Uploader;
  records: TraceRecords;
  /** The same for requests that end with `signal`. */
  abortableRecords: (signal: AbortSignal) => TraceRecords;
  artifacts: ArtifactDelivery;
  reporter: Reporter;
  metrics: ExporterMetrics;
  context: Omit<RecordContext, 'experimentId'>;
  traceInfo: 'full' | 'otlp-only';
  recordRemoteTraces: boolean;
  concurrencyLimit: number;
  /** Resolves when it is time for some work of the processor. */
  nextTurn: () => Promise<void>;
  timeoutMillis: number;
}

type Found = Awaited<ReturnType<ExperimentResolver['resolve']>>;

/** How long the steps of a trace may take, and who sends what they need. */
interface Limit {
  deadline: number;
  records: TraceRecords;
  /** Ends them before the deadline. */
  signal?: AbortSignal;
}

/** What became of the spans of one export. */
export interface DeliveryResult {
  /** Why part of them will not arrive, or why something about their traces could not be recorded; reported already. */
  failure?: Failure;
  /** How many will not arrive. */
  lost: number;
  /** Whether records of their traces are sent later. */
  postponed?: boolean;
}

// A few kilobytes each at most. What is forgotten first is what the children would have told the record.
const REMEMBERED_TRACES = 1000;
// About 100 bytes each: that the root was here, so that late children still come into the totals.
const MARKED_TRACES = 50_000;

/**
 * How spans become MLflow traces: spans first, by OTLP, then the record of each trace whose root was accepted. In that
 * order the record has the last word, and the spans need not be uploaded a second time.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #facts = new TraceFactsStore(REMEMBERED_TRACES, MARKED_TRACES);
  readonly #repeatedUsage = new RepeatedUsage();
  /** Set for good once the server turned out to have no OTLP route. */
  #byArtifacts = false;
  readonly #postponed = new PostponedTraces(({ cause }) => this.#incomplete(1, cause));
  /** The postponed records are being sent. */
  #catchingUp: { done: Promise<void>; ending: AbortController } | undefined;
  #isClosed = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Delivers a batch. */
  async deliver(handedOver: ReadableSpan[]): Promise<DeliveryResult> {
    const { experiment, reporter, timeoutMillis, nextTurn } = this.#parts;
    const deadline = performance.now() + timeoutMillis;
    // A flush hands over all its batches at once.
    await nextTurn();
    const spans = this.#sanitize(handedOver);
    const unfit = handedOver.length - spans.length;
    const found = await experiment.resolve(deadline);
    const result = await this.#deliverTo(found, spans, deadline);
    if (result.failure === undefined && !result.postponed) reporter.recovered();
    return { ...result, lost: result.lost + unfit };
  }

  async #deliverTo(found: Found, spans: ReadableSpan[], deadline: number): Promise<DeliveryResult> {
    if (found.kind !== 'success') return this.#undelivered(spans.length, found);
    return this.#byArtifacts
      ? await this.#deliverArtifacts(spans, found.value, deadline)
      : await this.#deliverSpans(spans, found.value, deadline);
  }

  /** What one span holds, by an odd processor or wrapper, must not be the end of those beside it. */
  #sanitize(spans: readonly ReadableSpan[]): ReadableSpan[] {
    return spans.flatMap((span) => {
      try {
        return [sanitizeSpan(this.#repeatedUsage.without(span))];
      } catch (error) {
        this.#parts.metrics.lost(1, { kind: 'rejected' });
        this.#parts.reporter.refusedSpan(String(span?.name), `it cannot be read: ${String(error)}`);
        return [];
      }
    });
  }

  /** Drops a batch, because too many wait already. */
  refuse(spans: number): Failure {
    const reason = 'Too many spans wait for MLflow, which is slow or down, so further ones are dropped.';
    this.#parts.metrics.lost(spans, 'queue_full');
    this.#parts.reporter.undelivered(spans, { kind: 'retryable', reason });
    return { kind: 'retryable', reason };
  }

  /** What nobody foresaw is told and counted like any other cause. */
  fail(spans: number, error: unknown): DeliveryResult {
    const message = error instanceof Error ? error.message : String(error);
    return this.#undelivered(spans, { kind: 'rejected', reason: `MLflow exporter failed: ${message}` });
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

  /** Nothing more will come. */
  close(): void {
    this.#isClosed = true;
    for (let trace = this.#postponed.take(); trace !== undefined; trace = this.#postponed.take()) {
      this.#incomplete(1, trace.cause);
    }
    this.#parts.artifacts.close();
    const { traces, mayBeMore } = this.#facts.withoutRoot;
    if (traces > 0 && !this.#byArtifacts) {
      this.#parts.reporter.note(
        `The root span of ${mayBeMore ? 'at least ' : ''}${traces} traces never ended, so MLflow shows them as in progress: end every span before the shutdown.`,
      );
    }
    this.#parts.reporter.summarize();
  }

  async #deliverSpans(spans: ReadableSpan[], experimentId: string, deadline: number): Promise<DeliveryResult> {
    const { uploader, traceInfo, metrics, nextTurn } = this.#parts;
    const traces = groupByTrace(spans);
    await nextTurn();
    // Kept until the export is done: a flush of many batches may have the store forget some of them before.
    const known = new Map<string, TraceFacts>();
    for (const [traceId, group] of traces) {
      const facts = this.#facts.of(traceId);
      known.set(traceId, facts);
      for (const span of group) observeSpan(facts, span);
    }
    const sent = traceInfo === 'full' ? spans : spans.map((span) => (this.#isRoot(span) ? withTraceName(span) : span));
    const uploading = uploader.upload(sent, experimentId, deadline);
    track(known.values(), uploading);
    const { accepted, refused, failure } = await uploading;

    if (failure?.kind === 'unsupported') {
      this.#byArtifacts = true;
      this.#parts.reporter.note(
        `MLflow has no OTLP route here (${failure.status}), so traces are stored as artifacts, without cost and search by span: use MLflow >= 3.4 on a database.`,
      );
      return this.#deliverArtifacts(spans, experimentId, deadline);
    }
    if (refused > 0) metrics.lost(refused, { kind: 'rejected' });
    // The server takes spans again, so that it may take what an earlier export left behind. Nobody waits for that.
    if (failure === undefined && this.#postponed.size > 0 && this.#catchingUp === undefined) {
      void this.catchUp(performance.now() + this.#parts.timeoutMillis);
    }
    const completed = traceInfo === 'full' ? await this.#complete(accepted, known, experimentId, deadline) : {};
    if (failure !== undefined) {
      const missing = spans.length - accepted.length - refused;
      const { lost, ...result } = this.#undelivered(missing, await this.#explain(failure, deadline));
      return { ...result, lost: lost + refused };
    }
    return { lost: refused, ...completed };
  }

  /** The steps after an upload, for each of its traces. What fails for the moment only is no failure of the export. */
  async #complete(
    accepted: ReadableSpan[],
    known: ReadonlyMap<string, TraceFacts>,
    experimentId: string,
    deadline: number,
  ): Promise<Omit<DeliveryResult, 'lost'>> {
    const failures: Failure[] = [];
    const waiting: Failure[] = [];
    const limit = { deadline, records: this.#parts.records };
    await forEachLimited(groupByTrace(accepted), this.#parts.concurrencyLimit, async ([traceId, spans]) => {
      const trace = { traceId, spans, facts: known.get(traceId) ?? {}, experimentId };
      const failure = await this.#inTurn(trace, limit);
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
    const explained = await this.#explain(first, deadline);
    this.#incomplete(failures.length, explained);
    return { failure: explained, postponed };
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
      const failure = await Promise.race([this.#inTurn(trace, limit), ended]);
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
    const roots = trace.spans.filter((span) => this.#isRoot(span));
    // With a root, its record is all there is to send.
    this.#postponed.add(roots.length > 0 ? { ...trace, spans: roots } : trace);
  }

  /** The steps of one trace, one at a time. */
  #inTurn(trace: Omit<PostponedTrace, 'cause'>, limit: Limit): Promise<Failure | undefined> {
    const { facts } = trace;
    const earlier = facts.turn;
    const step = async (): Promise<Failure | undefined> => {
      // Steps of another export may have a later deadline.
      const isFree = earlier === undefined || (await settledBefore(limit.deadline, [earlier]));
      return isFree && !isOver(limit) ? this.#completeTrace(trace, limit) : OUT_OF_TIME;
    };
    // What nobody foresaw about one trace must not count as the loss of a whole batch, whose spans arrived.
    const turn = step().catch(
      (error: unknown): Failure => ({ kind: 'rejected', reason: `MLflow exporter failed: ${String(error)}` }),
    );
    // Who gave up waiting must not let the next one in.
    facts.turn = Promise.allSettled([earlier, turn]).then(() => undefined);
    return turn;
  }

  async #completeTrace(
    { traceId, spans, facts, experimentId }: Omit<PostponedTrace, 'cause'>,
    { deadline, records }: Limit,
  ): Promise<Failure | undefined> {
    const { context } = this.#parts;
    const roots = spans.filter((span) => this.#isRoot(span));
    if (roots.length > 0) {
      // Other batches of this trace may be on their way at the same time: with them first, the totals are right at once.
      const patience = performance.now() + (deadline - performance.now()) / 2;
      if (facts.uploads?.size) await settledBefore(patience, facts.uploads);
      let failure: Failure | undefined;
      for (const root of roots) {
        failure = (await records.record(root, facts, { ...context, experimentId }, deadline)) ?? failure;
      }
      return failure;
    }
    if (facts.record !== undefined) return records.repeat(facts, spans, deadline);
    const isEntry = spans.some(({ parentSpanContext }) => parentSpanContext?.isRemote);
    if (isEntry || (facts.remote && spans.some(hasFigures)) || (facts.recalled && facts.rooted)) {
      return records.join(`tr-${traceId}`, facts, spans, deadline);
    }
    return undefined;
  }

  async #deliverArtifacts(spans: ReadableSpan[], experimentId: string, deadline: number): Promise<DeliveryResult> {
    const { artifacts, context } = this.#parts;
    for (const span of spans) observeSpan(this.#facts.of(span.spanContext().traceId), span);
    const factsOf = (traceId: string): TraceFacts => this.#facts.of(traceId);
    const { failure, lost } = await artifacts.deliver(spans, factsOf, { ...context, experimentId }, deadline);
    return failure === undefined ? { lost } : this.#undelivered(lost, failure);
  }

  #isRoot({ parentSpanContext }: ReadableSpan): boolean {
    return parentSpanContext === undefined || (this.#parts.recordRemoteTraces && parentSpanContext.isRemote === true);
  }

  /** An experiment that was deleted or removed in mid-run shows as an odd refusal: look what became of it. */
  async #explain(failure: Failure, deadline: number): Promise<Failure> {
    if (failure.kind === 'retryable') return failure;
    this.#parts.experiment.forget();
    const again = await this.#parts.experiment.resolve(deadline);
    return again.kind === 'success' ? failure : again;
  }

  #undelivered(spans: number, failure: Failure): DeliveryResult {
    this.#parts.metrics.lost(spans, failure);
    this.#parts.reporter.undelivered(spans, failure);
    return { failure, lost: spans };
  }

  #incomplete(traces: number, failure: Failure): void {
    this.#parts.metrics.lostRecords(traces, failure);
    this.#parts.reporter.incomplete(traces, failure.reason);
  }
}

function isOver({ deadline, signal }: Limit): boolean {
  return signal?.aborted === true || performance.now() >= deadline;
}

function groupByTrace(spans: readonly ReadableSpan[]): Map<string, ReadableSpan[]> {
  const groups = new Map<string, ReadableSpan[]>();
  for (const span of spans) {
    const { traceId } = span.spanContext();
    const group = groups.get(traceId);
    if (group === undefined) groups.set(traceId, [span]);
    else group.push(span);
  }
  return groups;
}

/** Notes that spans of these traces are on their way. */
function track(traces: Iterable<TraceFacts>, upload: Promise<unknown>): void {
  for (const facts of traces) {
    facts.uploads ??= new Set();
    const { uploads } = facts;
    uploads.add(upload);
    const settled = (): void => void uploads.delete(upload);
    upload.then(settled, settled);
  }
}

export function toError({ reason, status, errorCode }: Failure): MlflowError {
  return new MlflowError(reason, { status, errorCode });
}
