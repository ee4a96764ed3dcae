import { runningTime } from '../../common/running-time.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { say } from '../../common/shown-text.js';
import { type Failure, isInternalError } from '../../http/exchange/outcome.js';
import type { PartialSuccess } from '../../mlflow/partial-success.js';
import { optional, type Rest } from '../../mlflow/rest.js';
import type { Reporter } from '../report/reporter.js';
import { halve, splitIntoBatches } from '../span/batches.js';
import { repairs } from '../span/repair.js';
import type { RefusedTraces, TraceRefusal } from '../trace/refused.js';
import { CulpritSearch } from './culprits.js';
import { type SendOptions, sendSpans } from './send.js';
import { SetAside } from './set-aside.js';

/** The part of a batch that the server has now. */
export interface UploadResult {
  /** Includes spans that arrived without their content, and whole requests of which the server rejected a part. */
  accepted: ReadableSpan[];
  /** The accepted spans of each request. */
  requests: ReadableSpan[][];
  /** How many of the accepted spans the server rejected. Reported already. */
  rejected: number;
  /** How many spans the server refused for their content or with their trace. Reported already. */
  refused: number;
  /** Why the server refused whole traces; absent if it refused none. Reported already. */
  refusal?: Failure;
  /** Why the rest is missing; absent if nothing else is. */
  failure?: Failure;
  /** The rest, which the server neither accepted nor refused; empty without a failure. */
  unsent: ReadableSpan[];
}

interface UploadOptions extends SendOptions {
  /** Known from earlier uploads. */
  refusedTraces: RefusedTraces;
  reporter: Reporter;
}

type OnAccepted = (requests: readonly ReadableSpan[][]) => Promise<void>;

// Finding one bad span among 512 takes 18 requests. A server that refuses everything must not get a thousand of them.
const MAX_REFUSALS_PER_EXPORT = 100;
// Each accepted span shows that the search is worth further requests. Of 512 traces, 256 refused ones take about 700.
const REFUSALS_PER_ACCEPTED_SPAN = 3;
// Spans that are refused even without content show that content is not the cause.
const MAX_USELESS_REPAIRS = 4;
const MAX_SPANS_PER_REQUEST = 512;
// A server that has so many internal errors, and accepts no spans between them, is down.
const MAX_INTERNAL_ERRORS = 8;

/** Sends spans of one experiment by OTLP, in as many requests as it takes. */
export class Uploader {
  readonly #options: UploadOptions;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Divides spans into requests, which {@link upload} divides further if the server takes only smaller ones. */
  plan(spans: readonly ReadableSpan[]): ReadableSpan[][] {
    return splitIntoBatches(spans, { spans: MAX_SPANS_PER_REQUEST, bytes: this.#options.maxRequestBytes });
  }

  /**
   * Sends the spans of these requests. The server accepts or refuses a request as a whole, so {@link CulpritSearch} looks
   * for the traces or spans at fault, and the others are sent without them. A bad span is sent again without its content.
   *
   * @param onAccepted called once, after the first accepted request and before the next one, with what is still to be sent
   */
  upload(
    requests: readonly ReadableSpan[][],
    experimentId: string,
    rest: Rest,
    onAccepted?: OnAccepted,
  ): Promise<UploadResult> {
    return new Upload(this.#options, experimentId, rest, onAccepted).run(requests);
  }
}

/** One upload. It owns the spans that are still to be sent, and the result. */
class Upload {
  readonly #options: UploadOptions;
  readonly #experimentId: string;
  readonly #rest: Rest;
  readonly #search: CulpritSearch;
  readonly #result: UploadResult = { accepted: [], requests: [], rejected: 0, refused: 0, unsent: [] };
  readonly #setAside: SetAside;
  readonly #undecided = new Set<ReadableSpan>();
  #onAccepted: OnAccepted | undefined;
  #refusals = 0;
  /** How many traces the search found at fault. */
  #found = 0;
  #uselessRepairs = 0;
  /** How many internal errors the server had since it last accepted spans. */
  #internalErrors = 0;
  /** Whether the server accepted spans after an internal error. */
  #isUp = false;

  constructor(options: UploadOptions, experimentId: string, rest: Rest, onAccepted?: OnAccepted) {
    this.#options = options;
    this.#onAccepted = onAccepted;
    this.#experimentId = experimentId;
    this.#rest = rest;
    this.#search = new CulpritSearch(experimentId, rest);
    this.#setAside = new SetAside({ url: rest.url, experimentId: rest.show(experimentId) });
  }

  async run(requests: readonly ReadableSpan[][]): Promise<UploadResult> {
    for (const request of requests) for (const span of request) this.#undecided.add(span);
    const failure = await this.#sendAll([...requests]);
    const refusal = this.#setAside.report(this.#options.reporter);
    const unsent = failure === undefined ? [] : [...this.#undecided];
    return { ...this.#result, unsent, ...optional('refusal', refusal), ...optional('failure', failure) };
  }

  /** Returns why it gave up the rest. */
  async #sendAll(pending: ReadableSpan[][]): Promise<Failure | undefined> {
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const part = this.#withoutRefused(next);
      if (part.length === 0) continue;
      if (this.#result.accepted.length > 0) {
        await this.#onAccepted?.([part, ...pending]);
        this.#onAccepted = undefined;
      }
      const mayBeAtFault = this.#mayBeAtFault(part, pending);
      const sent = await sendSpans(part, this.#experimentId, this.#options, this.#rest, mayBeAtFault);
      if (sent === undefined) {
        pending.unshift(...halve(part));
      } else if (sent.kind === 'success') {
        this.#accept(part, sent.value);
      } else if (mayBeAtFault && isInternalError(sent)) {
        const failure = await this.#lookFurther(part, sent, pending);
        if (failure !== undefined) return failure;
      } else if (!this.#search.isAboutContent(sent, part)) {
        return sent;
      } else {
        const failure = this.#countRefusal(sent) ?? (await this.#divide(part, sent, pending));
        if (failure !== undefined) return failure;
      }
    }
    return undefined;
  }

  #accept(part: ReadableSpan[], partial: PartialSuccess | undefined): void {
    for (const span of part) this.#undecided.delete(span);
    const missing = Math.min(partial?.rejected ?? 0, part.length);
    if (partial !== undefined) this.#options.reporter.partlyTaken(missing, partial.message);
    if (missing === part.length) {
      this.#result.refused += missing;
      return;
    }
    this.#isUp ||= this.#internalErrors > 0;
    this.#internalErrors = 0;
    this.#result.rejected += missing;
    this.#result.accepted.push(...part);
    this.#result.requests.push(part);
    this.#search.accepted(part);
  }

  /** Whether an internal error of the server can be about this part alone, and other parts can show that. */
  #mayBeAtFault(part: ReadableSpan[], pending: ReadableSpan[][]): boolean {
    if (this.#internalErrors >= MAX_INTERNAL_ERRORS) return false;
    return part.length > 1 || pending.length > 0 || this.#isUp;
  }

  /** Sends the part later, in halves, or repairs a single span once it is clear that the server accepts others. */
  async #lookFurther(part: ReadableSpan[], failure: Failure, pending: ReadableSpan[][]): Promise<Failure | undefined> {
    this.#internalErrors += 1;
    const [span] = part;
    if (this.#isUp && part.length === 1 && span !== undefined) return this.#repair(span, failure);
    pending.push(...(part.length > 1 ? halve(part) : [part]));
    return undefined;
  }

  /** Returns a reason to give up: the server refuses almost everything, or time is over. */
  #countRefusal(failure: Failure): Failure | undefined {
    this.#refusals += 1;
    // A refusal that names a trace at fault brings the search forward, so it does not count.
    const limit = MAX_REFUSALS_PER_EXPORT + this.#found + REFUSALS_PER_ACCEPTED_SPAN * this.#result.accepted.length;
    const isHopeless = this.#refusals >= limit;
    if (!isHopeless && runningTime() < this.#rest.limit.deadline) return undefined;
    return { ...failure, reason: say`MLflow at ${this.#rest.url} refuses span after span (${failure.reason})` };
  }

  /** Adds to `pending` what to send instead of a refused part. Returns a failure that is not about the content. */
  async #divide(part: ReadableSpan[], failure: Failure, pending: ReadableSpan[][]): Promise<Failure | undefined> {
    const { refused, parts } = await this.#search.divide(part, failure);
    for (const [traceId, refusal] of refused) this.#refuse(traceId, refusal);
    for (const span of part) {
      const refusal = refused.get(span.spanContext().traceId);
      if (refusal !== undefined) this.#countSetAside(span, refusal);
    }
    pending.unshift(...parts);
    const [span] = part;
    if (refused.size > 0 || parts.length > 0 || span === undefined) return undefined;
    return this.#repair(span, failure);
  }

  /** Sends the span without its content. Returns why that failed if it was not for the content. */
  async #repair(span: ReadableSpan, failure: Failure): Promise<Failure | undefined> {
    const { reporter } = this.#options;
    const attempts = this.#uselessRepairs < MAX_USELESS_REPAIRS ? repairs(span, failure.reason) : [];
    for (const repaired of attempts) {
      const sent = await sendSpans([repaired], this.#experimentId, this.#options, this.#rest, true);
      if (sent?.kind === 'success') {
        if (sent.value?.rejected) break;
        this.#undecided.delete(span);
        this.#result.accepted.push(span);
        this.#result.requests.push([span]);
        this.#search.accepted([span]);
        reporter.repairedSpan(this.#rest.show(span.name), failure);
        return undefined;
      }
      if (sent !== undefined && sent.kind !== 'rejected' && !isInternalError(sent)) return sent;
      this.#refusals += 1;
    }
    this.#uselessRepairs += 1;
    this.#undecided.delete(span);
    this.#result.refused += 1;
    reporter.refusedSpan(this.#rest.show(span.name), failure);
    const refusal = this.#search.refusedBare(span, failure);
    if (refusal !== undefined) this.#refuse(span.spanContext().traceId, refusal);
    return undefined;
  }

  #refuse(traceId: string, refusal: TraceRefusal): void {
    this.#found += 1;
    this.#options.refusedTraces.add(traceId, this.#experimentId, refusal);
  }

  /** Counts the spans of traces that the server is known to refuse, and returns the others. */
  #withoutRefused(part: ReadableSpan[]): ReadableSpan[] {
    const { refusedTraces } = this.#options;
    if (refusedTraces.isEmpty) return part;
    const others = part.filter((span) => {
      const refusal = refusedTraces.get(span.spanContext().traceId, this.#experimentId);
      if (refusal !== undefined) this.#countSetAside(span, refusal);
      return refusal === undefined;
    });
    // The search recognises parts by their identity.
    return others.length === part.length ? part : others;
  }

  #countSetAside(span: ReadableSpan, refusal: TraceRefusal): void {
    const { traceId } = span.spanContext();
    this.#undecided.delete(span);
    this.#result.refused += 1;
    this.#setAside.add(traceId, refusal);
  }
}
