import { performance } from 'node:perf_hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { ArtifactDelivery } from './artifact-delivery.js';
import { forEachLimited, settledBefore } from './concurrency.js';
import type { ExperimentResolver } from './experiment.js';
import { MlflowError } from './mlflow-error.js';
import type { Reporter } from './reporter.js';
import type { Failure } from './response.js';
import { hasFigures, observeSpan, type TraceFacts, TraceFactsStore } from './trace-facts.js';
import { type RecordContext, withTraceName } from './trace-info.js';
import type { TraceRecords } from './trace-records.js';
import type { Uploader } from './upload.js';

export interface DeliveryParts {
  experiment: ExperimentResolver;
  uploader: Uploader;
  records: TraceRecords;
  artifacts: ArtifactDelivery;
  reporter: Reporter;
  context: Omit<RecordContext, 'experimentId'>;
  traceInfo: 'full' | 'otlp-only';
  recordRemoteTraces: boolean;
  concurrencyLimit: number;
  timeoutMillis: number;
}

// A few kilobytes each at most. A trace that is forgotten only loses what its children would have told its record.
const REMEMBERED_TRACES = 1000;

/**
 * How spans become MLflow traces: spans first, by OTLP, then the record of each trace whose root was accepted. In that
 * order the record has the last word, and the spans need not be uploaded a second time.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #facts = new TraceFactsStore(REMEMBERED_TRACES);
  /** Set for good once the server turned out to have no OTLP route. */
  #byArtifacts = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Delivers a batch and gives the error when part of it could not be delivered, which is reported already. */
  async deliver(spans: ReadableSpan[]): Promise<MlflowError | undefined> {
    const { experiment, reporter, timeoutMillis } = this.#parts;
    const deadline = performance.now() + timeoutMillis;
    const found = await experiment.resolve(deadline);
    if (found.kind !== 'success') return this.#undelivered(spans.length, found);
    const failure = this.#byArtifacts
      ? await this.#deliverArtifacts(spans, found.value, deadline)
      : await this.#deliverSpans(spans, found.value, deadline);
    if (failure === undefined) reporter.recovered();
    return failure;
  }

  /** Drops a batch, because too many wait already. */
  refuse(spans: number): MlflowError {
    return this.#undelivered(spans, {
      kind: 'retryable',
      reason: 'Too many spans wait for MLflow, which is slow or down, so further ones are dropped.',
    });
  }

  /** What nobody foresaw is told and counted like any other cause. */
  fail(spans: number, error: unknown): MlflowError {
    const message = error instanceof Error ? error.message : String(error);
    return this.#undelivered(spans, { kind: 'rejected', reason: `MLflow exporter failed: ${message}` });
  }

  /** Nothing more will come. */
  close(): void {
    this.#parts.artifacts.close();
    const { traces, mayBeMore } = this.#facts.withoutRoot;
    if (traces > 0 && !this.#byArtifacts) {
      this.#parts.reporter.note(
        `The root span of ${mayBeMore ? 'at least ' : ''}${traces} traces never ended, so MLflow shows them as in progress: end every span before the shutdown.`,
      );
    }
    this.#parts.reporter.summarize();
  }

  async #deliverSpans(spans: ReadableSpan[], experimentId: string, deadline: number): Promise<MlflowError | undefined> {
    const { uploader, traceInfo } = this.#parts;
    const traces = groupByTrace(spans);
    for (const [traceId, group] of traces) {
      const facts = this.#facts.of(traceId);
      for (const span of group) observeSpan(facts, span);
    }
    const sent = traceInfo === 'full' ? spans : spans.map((span) => (this.#isRoot(span) ? withTraceName(span) : span));
    const uploading = uploader.upload(sent, experimentId, deadline);
    this.#track(traces.keys(), uploading);
    const { accepted, refused, failure } = await uploading;

    if (failure?.kind === 'unsupported') {
      this.#byArtifacts = true;
      this.#parts.reporter.note(
        `MLflow has no OTLP route here (${failure.status}), so traces are stored as artifacts, without cost and search by span: use MLflow >= 3.4 on a database.`,
      );
      return this.#deliverArtifacts(spans, experimentId, deadline);
    }
    const recordFailure = traceInfo === 'full' ? await this.#complete(accepted, experimentId, deadline) : undefined;
    if (failure !== undefined) {
      const missing = spans.length - accepted.length - refused;
      return this.#undelivered(missing, await this.#explain(failure, deadline));
    }
    if (recordFailure === undefined) return undefined;
    const explained = await this.#explain(recordFailure, deadline);
    this.#parts.reporter.incomplete(explained.reason);
    return toError(explained);
  }

  /** The steps after an upload, for each of its traces; gives one failure if there was any. */
  async #complete(accepted: ReadableSpan[], experimentId: string, deadline: number): Promise<Failure | undefined> {
    let failure: Failure | undefined;
    await forEachLimited(groupByTrace(accepted), this.#parts.concurrencyLimit, async ([traceId, group]) => {
      const facts = this.#facts.of(traceId);
      const step = (): Promise<Failure | undefined> =>
        this.#completeTrace(traceId, group, facts, experimentId, deadline);
      const turn = (facts.turn ?? Promise.resolve()).then(step);
      facts.turn = turn;
      failure = (await turn) ?? failure;
    });
    return failure;
  }

  async #completeTrace(
    traceId: string,
    spans: ReadableSpan[],
    facts: TraceFacts,
    experimentId: string,
    deadline: number,
  ): Promise<Failure | undefined> {
    const { records, context } = this.#parts;
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
    if (isEntry || (facts.remote && spans.some(hasFigures))) {
      return records.join(`tr-${traceId}`, facts, spans, deadline);
    }
    return undefined;
  }

  async #deliverArtifacts(
    spans: ReadableSpan[],
    experimentId: string,
    deadline: number,
  ): Promise<MlflowError | undefined> {
    const { artifacts, context } = this.#parts;
    for (const span of spans) observeSpan(this.#facts.of(span.spanContext().traceId), span);
    const factsOf = (traceId: string): TraceFacts => this.#facts.of(traceId);
    const { failure, lost } = await artifacts.deliver(spans, factsOf, { ...context, experimentId }, deadline);
    return failure === undefined ? undefined : this.#undelivered(lost, failure);
  }

  #isRoot({ parentSpanContext }: ReadableSpan): boolean {
    return parentSpanContext === undefined || (this.#parts.recordRemoteTraces && parentSpanContext.isRemote === true);
  }

  #track(traceIds: Iterable<string>, upload: Promise<unknown>): void {
    for (const traceId of traceIds) {
      const facts = this.#facts.of(traceId);
      facts.uploads ??= new Set();
      const { uploads } = facts;
      uploads.add(upload);
      const settled = (): void => void uploads.delete(upload);
      upload.then(settled, settled);
    }
  }

  /** An experiment that was deleted or removed in mid-run shows as an odd refusal: look what became of it. */
  async #explain(failure: Failure, deadline: number): Promise<Failure> {
    if (failure.kind === 'retryable') return failure;
    this.#parts.experiment.forget();
    const again = await this.#parts.experiment.resolve(deadline);
    return again.kind === 'success' ? failure : again;
  }

  #undelivered(spans: number, failure: Failure): MlflowError {
    this.#parts.reporter.undelivered(spans, failure);
    return toError(failure);
  }
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

function toError({ reason, status, errorCode }: Failure): MlflowError {
  return new MlflowError(reason, { status, errorCode });
}
