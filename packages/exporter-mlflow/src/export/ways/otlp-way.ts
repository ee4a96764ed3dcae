import { runningTime } from '../../common/running-time.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import type { Slices } from '../../common/slices.js';
import type { Limit } from '../../common/waiting.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { optional, type Rest } from '../../mlflow/rest.js';
import type { Backlog } from '../ledger/backlog.js';
import type { SpanBatch, TraceLedger } from '../ledger/ledger.js';
import type { ExporterMetrics } from '../report/metrics.js';
import type { Reporter } from '../report/reporter.js';
import { isRoot } from '../span/span.js';
import { withTraceName } from '../trace/record.js';
import type { Uploader, UploadResult } from '../upload/upload.js';
import type { OtlpAvailability } from './otlp-availability.js';
import type { DeliveryResult, Losses } from './result.js';

interface OtlpWayParts {
  availability: OtlpAvailability;
  uploader: Uploader;
  ledger: TraceLedger;
  backlog: Backlog;
  /** Requests about traces whose spans arrived. */
  connectRecords: (limit: Limit) => Rest;
  /** Returns the cause of a refusal. */
  explain: (refusal: Failure, rest: Rest) => Promise<Failure>;
  reporter: Reporter;
  metrics: ExporterMetrics;
  losses: Losses;
  traceInfo: 'full' | 'otlp-only';
  slices: Slices;
  timeoutMillis: number;
}

/** The result of a delivery by OTLP. */
export interface OtlpResult extends DeliveryResult {
  /** Spans that the server did not take, because it turned out to lack the route. Neither reported nor counted. */
  turnedAway?: readonly ReadableSpan[];
}

// The rest of the time is for the spans, which matter more than their records.
const SHARE_OF_RECORDS_AHEAD = 1 / 6;

/**
 * Uploads spans by OTLP, and settles each trace whose spans were accepted.
 *
 * The record of a trace goes first if all spans of the trace are in one request and this process has sent nothing of it
 * before, which costs the server least. Otherwise it goes last, because the server counts only the first spans after a
 * record. Records go first only while the server accepts spans: they would look like complete traces without spans. So
 * the first trace of a process, and the first after an outage, has its record last.
 */
export class OtlpWay {
  readonly #parts: OtlpWayParts;
  /** Whether the server accepted the latest spans. */
  #isAccepting = false;

  constructor(parts: OtlpWayParts) {
    this.#parts = parts;
  }

  async deliver(spans: readonly ReadableSpan[], experimentId: string, rest: Rest): Promise<OtlpResult> {
    const { availability, uploader, ledger, backlog, traceInfo, metrics, slices, timeoutMillis, reporter } =
      this.#parts;
    const batch = traceInfo === 'full' ? await slices.run(ledger.observeEach(spans)) : undefined;
    const uploaded = batch
      ? await this.#uploadTraces(batch, spans, experimentId, rest)
      : await uploader.upload(
          uploader.plan(spans.map((span) => (isRoot(span) ? withTraceName(span) : span))),
          experimentId,
          rest,
        );
    const { accepted, requests, rejected, refused, refusal, failure, unsent } = uploaded;
    const notTaken = refused + rejected;
    if (notTaken > 0) metrics.lost(notTaken, { kind: 'rejected' });
    if (accepted.length > 0) availability.took();
    if (failure === undefined) {
      if (accepted.length > 0) reporter.arrived();
      backlog.resume({ deadline: runningTime() + timeoutMillis });
    }
    const taken = { lost: notTaken, ...optional('refusal', refusal) };
    if (failure?.kind === 'unsupported' && availability.isOptional) {
      availability.foundMissing(failure);
      const settled = batch ? await this.#settle(batch, requests, experimentId, rest, unsent) : {};
      return { ...taken, ...settled, unsent: [], turnedAway: unsent };
    }
    const missing = failure && this.#parts.losses.undelivered(unsent, await this.#parts.explain(failure, rest));
    const settled = batch ? await this.#settle(batch, requests, experimentId, rest, missing?.unsent ?? []) : {};
    if (missing === undefined) return { ...taken, unsent, ...settled };
    return { ...missing, lost: missing.lost + notTaken };
  }

  async #uploadTraces(
    batch: SpanBatch,
    spans: readonly ReadableSpan[],
    experimentId: string,
    rest: Rest,
  ): Promise<UploadResult> {
    const { uploader, ledger } = this.#parts;
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
    const { ledger, reporter, metrics, explain, connectRecords } = this.#parts;
    const records = connectRecords(rest.limit);
    const { failures, postponed, recorded } = await ledger.settle(batch, requests, experimentId, records, unsent);
    const [cause] = postponed;
    const [first] = failures;
    if (cause !== undefined) reporter.postponed(postponed.length, cause);
    else if (first === undefined && recorded > 0) reporter.recorded(recorded);
    if (first === undefined) return { postponed: postponed.length > 0 };
    const failure = await explain(first, rest);
    metrics.lostRecords(failures.length, failure);
    reporter.incomplete(failures.length, failure);
    return { failure, postponed: postponed.length > 0 };
  }
}
