import type { ReadableSpan } from '../common/sdk-types.js';
import { say } from '../common/shown-text.js';
import type { Slices } from '../common/slices.js';
import { counted } from '../common/text.js';
import type { Limit } from '../common/waiting.js';
import type { Failure } from '../http/exchange/outcome.js';
import { optional, type Rest } from '../mlflow/rest.js';
import type { ExperimentResolver } from './experiment.js';
import type { Backlog } from './ledger/backlog.js';
import type { TraceLedger } from './ledger/ledger.js';
import type { Preparation, Prepared } from './prepare.js';
import type { Pricing } from './pricing.js';
import type { ExporterMetrics } from './report/metrics.js';
import { notDelivered } from './report/phrases.js';
import type { Reporter } from './report/reporter.js';
import { describeWithoutQuotes, recordedTexts } from './span/recorded-texts.js';
import type { TracePlace } from './trace/trace.js';
import type { FileWay } from './ways/file-way.js';
import type { OtlpAvailability } from './ways/otlp-availability.js';
import type { OtlpResult, OtlpWay } from './ways/otlp-way.js';
import { type DeliveryResult, joinResults, type Losses } from './ways/result.js';

interface DeliveryParts {
  /** Requests within a limit, for which spans wait. */
  connect: (limit: Limit) => Rest;
  experiment: ExperimentResolver;
  preparation: Preparation;
  /** Absent if the server computes cost, or if the settings want none. */
  pricing: Pricing | undefined;
  /** Absent if the server never takes spans by OTLP. */
  otlp: { availability: OtlpAvailability; way: OtlpWay } | undefined;
  fileWay: FileWay;
  backlog: Backlog;
  ledger: TraceLedger;
  reporter: Reporter;
  metrics: ExporterMetrics;
  losses: Losses;
  /** For work that keeps the processor busy. */
  slices: Slices;
}

/**
 * How spans become MLflow traces. Each export prepares its spans and sends them by OTLP, or stores them as files if the
 * server does not take OTLP. The server reads a trace from one of both, so a trace goes on as it began.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** Resolves when the spans of the latest export are prepared. */
  #prepared: Promise<unknown> = Promise.resolve();
  /** The experiment of the latest export. */
  #experimentId: string | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Delivers the spans of one export until `deadline`, on the clock of `runningTime()`. */
  async deliver(handedOver: readonly ReadableSpan[], deadline: number): Promise<DeliveryResult> {
    const { connect, experiment, pricing, reporter, metrics, losses } = this.#parts;
    const prepared = await this.#prepare(handedOver);
    const { unreadable, leftOut } = prepared;
    const spans = (await pricing?.apply(prepared, { deadline })) ?? prepared.spans;
    const rest = connect({ deadline }).about(() => recordedTexts(spans));
    for (const { name, reason } of unreadable) {
      metrics.lost(1, { kind: 'rejected' });
      reporter.refusedSpan(rest.show(name), { kind: 'rejected', reason });
    }
    if (spans.length === 0) return { lost: unreadable.length, leftOut, unsent: [] };
    const found = await experiment.resolve(rest);
    const result =
      found.kind === 'success' ? await this.#deliverTo(found.value, spans, rest) : losses.undelivered(spans, found);
    return { ...result, lost: result.lost + unreadable.length, leftOut };
  }

  /** Gives up spans that an export left unsent, or that the application did not flush if there is no failure. */
  giveUp(spans: readonly ReadableSpan[], failure: Failure | undefined): void {
    if (failure === undefined) {
      this.#parts.metrics.lost(spans.length, 'shut_down');
      this.#parts.reporter.hint(`${notDelivered(spans.length)}, because the process ended without a flush.`);
    } else {
      this.#parts.losses.lose(spans.length, failure);
    }
    if (this.#experimentId !== undefined) this.#parts.ledger.giveUp(spans, this.#experimentId);
  }

  /** Reports and counts an unforeseen error like any other cause. */
  fail(spans: readonly ReadableSpan[], error: unknown): DeliveryResult {
    const { show } = this.#parts.connect({ deadline: 0 });
    const failure: Failure = {
      kind: 'rejected',
      reason: say`MLflow exporter failed: ${describeWithoutQuotes(error, spans, show)}`,
    };
    return this.#parts.losses.undelivered(spans, failure);
  }

  /** Settles traces that did not fit into the deadline of their export, and those that wait for their root. */
  async catchUp(limit: Limit): Promise<void> {
    const { backlog, fileWay, connect, experiment } = this.#parts;
    await backlog.catchUp(limit);
    await fileWay.catchUp(async () => {
      const rest = connect(limit);
      const found = await experiment.resolve(rest);
      return found.kind === 'success' ? { rest, experimentId: found.value } : found;
    });
  }

  /** Takes the spans that wait here for the root of their trace, for {@link giveUp}. */
  takeWithoutRoot(): ReadableSpan[] {
    return this.#parts.fileWay.takeWithoutRoot().spans;
  }

  /** Gives up what still waits, and reports it. Called after the last export. */
  close(): void {
    const { ledger, backlog, fileWay, reporter } = this.#parts;
    backlog.close();
    const { spans, failure } = fileWay.takeWithoutRoot();
    if (spans.length > 0) this.giveUp(spans, failure);
    const { traces, mayBeMore } = ledger.provisional;
    if (traces > 0) {
      reporter.hint(
        `The root span of ${mayBeMore ? 'at least ' : ''}${counted(traces, 'trace')} did not reach the MLflow exporter: a filter kept it out, or it never ended. MLflow shows name and state of the topmost spans instead.`,
      );
    }
    reporter.summarize();
  }

  async #deliverTo(experimentId: string, spans: readonly ReadableSpan[], rest: Rest): Promise<DeliveryResult> {
    this.#experimentId = experimentId;
    const { otlp, fileWay, losses } = this.#parts;
    if (otlp === undefined) return fileWay.deliver(spans, experimentId, rest);
    // A look for the route would only cost time while the server is away.
    const outage = otlp.availability.isMissing ? await fileWay.outage(rest) : undefined;
    if (outage !== undefined) return losses.undelivered(spans, outage);
    const [others, inFiles] = this.#partition(spans, 'file');
    let result: OtlpResult = { lost: 0, unsent: [], turnedAway: others };
    if (others.length > 0 && (await otlp.availability.mayTake(experimentId, rest)))
      result = await otlp.way.deliver(others, experimentId, rest);
    const { turnedAway = [], ...sent } = result;
    const [newOnes, begun] = this.#partition(turnedAway, 'database');
    const refusal = fileWay.refuse(begun, experimentId, rest);
    const byOtlp: DeliveryResult = { ...sent, lost: sent.lost + begun.length, ...optional('refusal', refusal) };
    const forFiles = inFiles.length === 0 ? newOnes : [...inFiles, ...newOnes];
    return forFiles.length === 0 ? byOtlp : joinResults(byOtlp, await fileWay.deliver(forFiles, experimentId, rest));
  }

  /** Prepares the spans after those of earlier exports, because parents may follow their children in another export. */
  #prepare(handedOver: readonly ReadableSpan[]): Promise<Prepared> {
    const { preparation, slices } = this.#parts;
    const earlier = this.#prepared;
    const own = (async (): Promise<Prepared> => {
      await earlier;
      // A flush passes all its batches at once.
      await slices.next();
      return slices.run(preparation.prepare(handedOver));
    })();
    this.#prepared = own.catch(() => {});
    return own;
  }

  /** The spans of other traces, and those of traces at this place. */
  #partition(spans: readonly ReadableSpan[], place: TracePlace): [readonly ReadableSpan[], readonly ReadableSpan[]] {
    const isThere = (span: ReadableSpan): boolean => this.#parts.ledger.placeOf(span.spanContext().traceId) === place;
    const there = spans.filter(isThere);
    return there.length === 0 ? [spans, there] : [spans.filter((span) => !isThere(span)), there];
  }
}
