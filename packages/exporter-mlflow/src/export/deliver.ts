import { performance } from 'node:perf_hooks';
import { MlflowError } from '../common/error.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import type { Failure } from '../http/outcome.js';
import type { ExperimentResolver } from '../mlflow/experiments.js';
import type { ArtifactDelivery } from './artifacts.js';
import type { ExporterMetrics } from './metrics.js';
import { RepeatedUsage } from './repeated-usage.js';
import type { Reporter } from './reporter.js';
import { sanitizeSpan } from './sanitize.js';
import type { TraceCompletion } from './trace-completion.js';
import { observeParent, observeSpan, type TraceFacts, TraceFactsStore } from './trace-facts.js';
import { type RecordContext, withTraceName } from './trace-info.js';

import type { Uploader } from './upload.js';

export interface DeliveryParts {
  experiment: ExperimentResolver;
  uploader: Uploader;
  completion: TraceCompletion;
  artifacts: ArtifactDelivery;
  reporter: Reporter;
  metrics: ExporterMetrics;
  context: Omit<RecordContext, 'experimentId'>;
  traceInfo: 'full' | 'otlp-only';
  /** Whether the record of a trace is sent with this span. */
  isRoot: (span: ReadableSpan) => boolean;
  /** Resolves when it is time for some work of the processor. */
  nextTurn: () => Promise<void>;
  timeoutMillis: number;
}

type Found = Awaited<ReturnType<ExperimentResolver['resolve']>>;

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
    const fit: ReadableSpan[] = [];
    for (const span of spans) {
      try {
        fit.push(sanitizeSpan(this.#repeatedUsage.without(span)));
      } catch (error) {
        this.#parts.metrics.lost(1, { kind: 'rejected' });
        this.#parts.reporter.refusedSpan(String(span?.name), `it cannot be read: ${String(error)}`);
      }
    }
    return fit;
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

  /** Sends the records of traces that did not fit into the deadline of their export; see {@link TraceCompletion}. */
  catchUp(deadline: number): Promise<void> {
    return this.#parts.completion.catchUp(deadline);
  }

  /** Nothing more will come. */
  close(): void {
    this.#parts.completion.close();
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
    const { uploader, completion, traceInfo, isRoot, metrics, nextTurn, timeoutMillis, experiment } = this.#parts;
    const traces = groupByTrace(spans);
    await nextTurn();
    const isFull = traceInfo === 'full';
    // Without a record, nobody asks what else the spans hold.
    const observe = isFull ? observeSpan : observeParent;
    // Kept until the export is done: a flush of many batches may have the store forget some of them before.
    const known = new Map<string, TraceFacts>();
    for (const [traceId, group] of traces) {
      const facts = this.#facts.of(traceId);
      known.set(traceId, facts);
      for (const span of group) observe(facts, span);
    }
    const sent = isFull ? spans : spans.map((span) => (isRoot(span) ? withTraceName(span) : span));
    const uploading = uploader.upload(sent, experimentId, deadline);
    if (isFull) track(known.values(), uploading);
    const { accepted, rejected, refused, failure } = await uploading;

    if (failure?.kind === 'unsupported') {
      this.#byArtifacts = true;
      this.#parts.reporter.note(
        `MLflow has no OTLP route here (${failure.status}), so traces are stored as artifacts, without cost and search by span: use MLflow >= 3.4 on a database.`,
      );
      return this.#deliverArtifacts(spans, experimentId, deadline);
    }
    const notTaken = refused + rejected;
    if (notTaken > 0) metrics.lost(notTaken, { kind: 'rejected' });
    if (failure === undefined) completion.resume(performance.now() + timeoutMillis);
    const arrived = [...groupByTrace(isFull ? accepted : [])].map(([traceId, group]) => {
      return { traceId, spans: group, facts: known.get(traceId) ?? {}, experimentId };
    });
    const completed = isFull ? await completion.complete(arrived, deadline) : {};
    if (failure !== undefined) {
      const missing = spans.length - accepted.length - refused;
      const { lost, ...result } = this.#undelivered(missing, await experiment.explain(failure, deadline));
      return { ...result, lost: lost + notTaken };
    }
    return { lost: notTaken, ...completed };
  }

  async #deliverArtifacts(spans: ReadableSpan[], experimentId: string, deadline: number): Promise<DeliveryResult> {
    const { artifacts, context } = this.#parts;
    for (const span of spans) observeSpan(this.#facts.of(span.spanContext().traceId), span);
    const factsOf = (traceId: string): TraceFacts => this.#facts.of(traceId);
    const { failure, lost } = await artifacts.deliver(spans, factsOf, { ...context, experimentId }, deadline);
    return failure === undefined ? { lost } : this.#undelivered(lost, failure);
  }

  #undelivered(spans: number, failure: Failure): DeliveryResult {
    this.#parts.metrics.lost(spans, failure);
    this.#parts.reporter.undelivered(spans, failure);
    return { failure, lost: spans };
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

/** Notes that spans of these traces are on their way. */
function track(traces: Iterable<TraceFacts>, upload: Promise<unknown>): void {
  const underWay: Set<Promise<unknown>>[] = [];
  for (const facts of traces) {
    facts.uploads ??= new Set();
    underWay.push(facts.uploads.add(upload));
  }
  const settled = (): void => {
    for (const uploads of underWay) uploads.delete(upload);
  };
  upload.then(settled, settled);
}

export function toError({ reason, status, errorCode }: Failure): MlflowError {
  return new MlflowError(reason, { status, errorCode });
}
