import { runningTime } from '../common/running-time.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import { say } from '../common/shown-text.js';
import type { Slices } from '../common/slices.js';
import type { Limit } from '../common/waiting.js';
import type { Failure } from '../http/exchange/outcome.js';
import { optional, type Rest } from '../mlflow/rest.js';
import type { ExperimentResolver } from './experiment.js';
import type { TraceFiles, Written } from './files/artifacts.js';
import type { Backlog } from './ledger/backlog.js';
import type { SpanBatch, TraceLedger } from './ledger/ledger.js';
import type { Preparation, Prepared } from './prepare.js';
import type { Pricing } from './pricing.js';
import type { ExporterMetrics } from './report/metrics.js';
import type { Reporter } from './report/reporter.js';
import type { SpanRoute } from './routes/span-route.js';
import { describeWithoutQuotes, recordedTexts } from './span/recorded-texts.js';
import { isRoot } from './span/span.js';
import { type RecordContext, withTraceName } from './trace/record.js';
import type { Uploader, UploadResult } from './upload/upload.js';

export interface DeliveryParts {
  /** Requests within a limit, for which spans wait, or about traces whose spans arrived. */
  connect: (limit: Limit, about: 'spans' | 'records') => Rest;
  experiment: ExperimentResolver;
  preparation: Preparation;
  /** Absent if the server computes cost, or if the settings want none. */
  pricing: Pricing | undefined;
  route: SpanRoute;
  /** Absent if the server never takes spans by OTLP. */
  uploader: Uploader | undefined;
  backlog: Backlog;
  ledger: TraceLedger;
  files: TraceFiles;
  reporter: Reporter;
  metrics: ExporterMetrics;
  context: Omit<RecordContext, 'experimentId'>;
  traceInfo: 'full' | 'otlp-only';
  /** For work that keeps the processor busy. */
  slices: Slices;
  /** Time for one export. */
  timeoutMillis: number;
}

/** The result of one export. */
export interface DeliveryResult {
  /** Why part of them will not arrive, or why something about their traces could not be recorded. Reported already. */
  failure?: Failure;
  /** Why the server refuses whole traces. The server works, so this is no outage. Reported already. */
  refusal?: Failure;
  /** How many spans will not arrive. Reported already. */
  lost: number;
  /** Spans that did not arrive because of an outage, in part as copies. Neither reported nor counted. */
  unsent: readonly ReadableSpan[];
  /** How many spans the application keeps out of MLflow. */
  leftOut?: number;
  /** How many more spans than before wait for the root of their trace; fewer if negative. Neither reported nor counted. */
  withoutRoot?: number;
  /** Whether some of their traces are settled later. */
  postponed?: boolean;
}

// The rest of the time is for the spans, which matter more than their records.
const SHARE_OF_RECORDS_AHEAD = 1 / 6;

/**
 * How spans become MLflow traces. Each export prepares its spans, uploads them by OTLP, and settles each trace whose
 * spans were accepted.
 *
 * The record of a trace goes first if all spans of the trace are in one request and this process has sent nothing of it
 * before, which costs the server least. Otherwise it goes last, because the server counts only the first spans after a
 * record. Records go first only while the server accepts spans: they would look like complete traces without spans. So
 * the first trace of a process, and the first after an outage, has its record last.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** True once the server has shown that it has no OTLP route. */
  #byArtifacts = false;
  /** Why spans without a root were not stored when they were to be. */
  #filesFailure: Failure | undefined;
  /** Whether the server accepted the latest spans. */
  #isAccepting = false;
  /** Resolves when the spans of the latest export are prepared. */
  #prepared: Promise<unknown> = Promise.resolve();
  /** The experiment of the latest export. */
  #experimentId: string | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Delivers the spans of one export until `deadline`, on the clock of `runningTime()`. */
  async deliver(handedOver: readonly ReadableSpan[], deadline: number): Promise<DeliveryResult> {
    const { connect, experiment, reporter, metrics } = this.#parts;
    const { spans, unreadable, leftOut } = await this.#prepare(handedOver, deadline);
    const rest = connect({ deadline }, 'spans').about(() => recordedTexts(spans));
    for (const { name, reason } of unreadable) {
      metrics.lost(1, { kind: 'rejected' });
      reporter.refusedSpan(rest.show(name), { kind: 'rejected', reason });
    }
    if (spans.length === 0) return { lost: unreadable.length, leftOut, unsent: [] };
    const found = await experiment.resolve(rest);
    const result =
      found.kind === 'success' ? await this.#deliverTo(found.value, spans, rest) : this.#undelivered(spans, found);
    return { ...result, lost: result.lost + unreadable.length, leftOut };
  }

  /** Gives up spans that an export left unsent, or that the application did not flush if there is no failure. */
  giveUp(spans: readonly ReadableSpan[], failure: Failure | undefined): void {
    if (failure === undefined) {
      this.#parts.metrics.lost(spans.length, 'shut_down');
      this.#parts.reporter.hint(`${spans.length} spans were not delivered, because the process ended without a flush.`);
    } else {
      this.#lose(spans.length, failure);
    }
    if (this.#experimentId !== undefined) this.#parts.ledger.giveUp(spans, this.#experimentId);
  }

  /** Reports and counts an unforeseen error like any other cause. */
  fail(spans: readonly ReadableSpan[], error: unknown): DeliveryResult {
    const { show } = this.#parts.connect({ deadline: 0 }, 'spans');
    const failure: Failure = {
      kind: 'rejected',
      reason: say`MLflow exporter failed: ${describeWithoutQuotes(error, spans, show)}`,
    };
    this.#lose(spans.length, failure);
    return { failure, lost: spans.length, unsent: [] };
  }

  /** Settles traces that did not fit into the deadline of their export, and those that wait for their root. */
  async catchUp(limit: Limit): Promise<void> {
    const { uploader, backlog, files, reporter, metrics } = this.#parts;
    if (uploader !== undefined && !this.#byArtifacts) return backlog.catchUp(limit);
    const received = reporter.received(files.waiting);
    const { failure, lost, stored } = await this.#deliverWithoutRoot(limit);
    this.#filesFailure = failure;
    metrics.arrived(stored);
    if (failure !== undefined && lost > 0) this.#lose(lost, failure);
    else if (failure !== undefined && files.waiting > 0) reporter.waiting(files.waiting, failure);
    else if (stored > 0) reporter.arrived();
    reporter.settled(received);
  }

  /** Takes the spans that wait here for the root of their trace, for {@link giveUp}. */
  takeWithoutRoot(): ReadableSpan[] {
    return this.#parts.files.giveUp();
  }

  /** Gives up what still waits, and reports it. Called after the last export. */
  close(): void {
    const { ledger, backlog, reporter } = this.#parts;
    backlog.close();
    const withoutRoot = this.takeWithoutRoot();
    if (withoutRoot.length > 0) this.giveUp(withoutRoot, this.#filesFailure);
    const { traces, mayBeMore } = ledger.provisional;
    if (traces > 0) {
      reporter.hint(
        `The root span of ${mayBeMore ? 'at least ' : ''}${traces} traces did not reach the MLflow exporter: a filter kept it out, or it never ended. MLflow shows name and state of their topmost spans.`,
      );
    }
    reporter.summarize();
  }

  async #deliverTo(experimentId: string, spans: ReadableSpan[], rest: Rest): Promise<DeliveryResult> {
    this.#experimentId = experimentId;
    const { uploader, route, ledger, backlog, traceInfo, metrics, slices, experiment, timeoutMillis, reporter } =
      this.#parts;
    if (uploader === undefined || this.#byArtifacts) return this.#deliverArtifacts(experimentId, spans, rest);
    const batch = traceInfo === 'full' ? await slices.run(ledger.observeEach(spans)) : undefined;
    const uploaded = batch
      ? await this.#uploadTraces(uploader, batch, spans, experimentId, rest)
      : await uploader.upload(
          uploader.plan(spans.map((span) => (isRoot(span) ? withTraceName(span) : span))),
          experimentId,
          rest,
        );
    const { accepted, requests, rejected, refused, refusal, failure, unsent } = uploaded;
    if (failure?.kind === 'unsupported' && route.hasFiles) {
      this.#byArtifacts = true;
      reporter.note(failure.reason);
      return this.#deliverArtifacts(experimentId, spans, rest);
    }
    const notTaken = refused + rejected;
    if (notTaken > 0) metrics.lost(notTaken, { kind: 'rejected' });
    if (failure === undefined) {
      if (accepted.length > 0) reporter.arrived();
      backlog.resume({ deadline: runningTime() + timeoutMillis });
    }
    const cause = failure && (await experiment.explain(failure, rest));
    const missing = cause && this.#undelivered(unsent, cause);
    const settled = batch ? await this.#settle(batch, requests, experimentId, rest, missing?.unsent ?? []) : {};
    if (missing === undefined) return { lost: notTaken, unsent, ...optional('refusal', refusal), ...settled };
    return { ...missing, lost: missing.lost + notTaken };
  }

  async #uploadTraces(
    uploader: Uploader,
    batch: SpanBatch,
    spans: readonly ReadableSpan[],
    experimentId: string,
    rest: Rest,
  ): Promise<UploadResult> {
    const { ledger } = this.#parts;
    const recordAhead = (requests: readonly ReadableSpan[][]): Promise<void> => {
      const millis = (rest.limit.deadline - runningTime()) * SHARE_OF_RECORDS_AHEAD;
      return ledger.recordAhead(batch, requests, experimentId, rest.withTime(millis));
    };
    const [first = [], ...others] = batch.values();
    let uploading: Promise<UploadResult>;
    if (this.#isAccepting) {
      const requests = uploader.plan(spans);
      await recordAhead(requests);
      uploading = uploader.upload(requests, experimentId, rest);
    } else {
      // The first request shows whether the server accepts spans.
      const requests = [...uploader.plan(first), ...uploader.plan(others.flat())];
      uploading = uploader.upload(requests, experimentId, rest, recordAhead);
    }
    ledger.uploading(batch, uploading);
    const result = await uploading;
    this.#isAccepting = result.failure === undefined && result.accepted.length > 0;
    return result;
  }

  async #settle(
    batch: SpanBatch,
    requests: readonly ReadableSpan[][],
    experimentId: string,
    rest: Rest,
    unsent: readonly ReadableSpan[],
  ): Promise<Omit<DeliveryResult, 'lost' | 'unsent'>> {
    const { ledger, reporter, metrics, experiment, connect } = this.#parts;
    const records = connect(rest.limit, 'records');
    const { failures, postponed, recorded } = await ledger.settle(batch, requests, experimentId, records, unsent);
    const [cause] = postponed;
    const [first] = failures;
    if (cause !== undefined) reporter.postponed(postponed.length, cause);
    else if (first === undefined && recorded > 0) reporter.recorded(recorded);
    if (first === undefined) return { postponed: postponed.length > 0 };
    const failure = await experiment.explain(first, rest);
    metrics.lostRecords(failures.length, failure);
    reporter.incomplete(failures.length, failure);
    return { failure, postponed: postponed.length > 0 };
  }

  async #deliverArtifacts(experimentId: string, spans: readonly ReadableSpan[], rest: Rest): Promise<DeliveryResult> {
    const { ledger, files, context, slices, reporter } = this.#parts;
    const outage = await files.outage(rest);
    if (outage !== undefined) return this.#undelivered(spans, outage);
    const batch = await slices.run(ledger.observeEach(spans));
    const { failure, lost, stored, unsent } = await files.deliver(batch, { ...context, experimentId }, rest);
    if (failure !== undefined && lost > 0) this.#lose(lost, failure);
    else if (failure === undefined && stored > 0) reporter.arrived();
    const withoutRoot = spans.length - stored - lost - unsent.length;
    return { lost, unsent, withoutRoot, ...optional('failure', failure) };
  }

  async #deliverWithoutRoot(limit: Limit): Promise<Omit<Written, 'unsent'>> {
    const { connect, experiment, files, context } = this.#parts;
    // A server that refuses the credentials gets no further request for nothing.
    if (files.waiting === 0) return { lost: 0, stored: 0 };
    const rest = connect(limit, 'spans');
    const found = await experiment.resolve(rest);
    if (found.kind !== 'success') return { failure: found, lost: 0, stored: 0 };
    return files.deliverWithoutRoot({ ...context, experimentId: found.value }, rest);
  }

  /** Prepares the spans after those of earlier exports, because parents may follow their children in another export. */
  #prepare(handedOver: readonly ReadableSpan[], deadline: number): Promise<Prepared> {
    const { preparation, pricing, slices } = this.#parts;
    const earlier = this.#prepared;
    const own = (async (): Promise<Prepared> => {
      await earlier;
      // A flush passes all its batches at once.
      await slices.next();
      const prepared = await slices.run(preparation.prepare(handedOver));
      if (pricing === undefined) return prepared;
      return { ...prepared, spans: await pricing.apply(prepared.spans, { deadline }) };
    })();
    this.#prepared = own.catch(() => {});
    return own;
  }

  /** After an outage, the caller decides what to do with the spans. */
  #undelivered(spans: readonly ReadableSpan[], failure: Failure): DeliveryResult {
    if (failure.kind === 'retryable') return { failure, lost: 0, unsent: spans };
    this.#lose(spans.length, failure);
    return { failure, lost: spans.length, unsent: [] };
  }

  #lose(spans: number, failure: Failure): void {
    this.#parts.metrics.lost(spans, failure);
    this.#parts.reporter.undelivered(spans, failure);
  }
}
