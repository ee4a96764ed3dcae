import { diag } from '@opentelemetry/api';
import { atExit } from '../../common/process-state.js';
import type { ShownText } from '../../common/shown-text.js';
import { sentence } from '../../common/text.js';
import { type Cause, classOf } from './cause-class.js';
import { LineBudget } from './line-budget.js';
import { notDelivered, recordsFollow, wait, withoutRecord, withoutSpans } from './phrases.js';
import { CLOCKS, type Clocks, RequestWatch } from './request-watch.js';

/** How much was lost, and how much of it a message named. */
interface Tally {
  lost: number;
  reported: number;
}

/** Spans, or records of traces, that do not get through at the moment. */
interface Outage {
  since: number;
  /** The class of its latest cause. */
  cause: string;
  /** The tally when it began. */
  before: number;
  /** How many had to wait, as far as a report named them. */
  waited: number;
  /** Whether it began while requests were still being repeated, which count once they succeed. */
  isHeldUp?: boolean;
}

/** Spans of one export. */
export interface Received {
  readonly spans: number;
  readonly at: number;
  /** How many spans wait in all, where a processor holds them. */
  readonly waiting: (() => number) | undefined;
}

// Servers name the parts of a request at fault, so one kind of refusal has many causes.
const MAX_REFUSALS = 20;
// An outage has few causes, in words that may vary. They may also take turns.
const MAX_LINES_OF_OUTAGE = 5;
// A server that comes and goes all the time has one long outage.
const MAX_ENDS = 40;

/**
 * Reports to the application's `diag` logger what goes wrong. There is one line per cause, not one per span or batch, and
 * each class of causes has a {@link LineBudget} of its own.
 *
 * An outage is reported when it begins, when its cause changes, and when it ends. It begins when an export fails, or
 * when requests have failed for 5 s and are still being repeated. After 40 outages in ten minutes, the last one goes on
 * until this time is over. Spans and records of traces have outages of their own, because a server or gateway may accept
 * one and not the other.
 */
export class Reporter {
  /** Requests for which spans wait. */
  readonly spanRequests: RequestWatch;
  /** Requests about traces whose spans arrived. */
  readonly recordRequests: RequestWatch;
  readonly #now: () => number;
  readonly #lines: LineBudget;
  readonly #spans: Tally = { lost: 0, reported: 0 };
  readonly #records: Tally = { lost: 0, reported: 0 };
  readonly #received = new Set<Received>();
  #outageOfSpans: Outage | undefined;
  #outageOfRecords: Outage | undefined;
  #forgetExit: (() => void) | undefined;

  constructor(clocks: Clocks = CLOCKS) {
    this.#now = clocks.now;
    this.#lines = new LineBudget(clocks.now);
    this.spanRequests = new RequestWatch(clocks, (cause) => this.#spansHeldUp(cause));
    this.recordRequests = new RequestWatch(clocks, (cause) => this.#recordsHeldUp(cause));
  }

  /**
   * An export begins. The returned object must be passed to {@link settled} when it ends.
   *
   * @param waiting how many spans wait in all. Default: those of exports.
   */
  received(spans: number, waiting?: () => number): Received {
    const received = { spans, at: this.#now(), waiting };
    this.#received.add(received);
    return received;
  }

  /** An export ended. */
  settled(received: Received): void {
    this.#received.delete(received);
    if (this.#received.size === 0) this.spanRequests.stop();
  }

  /** Spans will not arrive, because something keeps all of them from arriving. */
  undelivered(spans: number, cause: Cause): void {
    this.#outageOfSpans ??= this.#begin(this.#spans, this.spanRequests);
    const message = `${sentence(cause.reason)} ${notDelivered(spans)}.`;
    const isLogged = this.#logOutage('error', this.#outageOfSpans, 'spans', cause, message);
    this.#lose(this.#spans, spans, isLogged ? spans : 0);
  }

  /** So many spans wait in all, because something keeps them from arriving. They are sent again. */
  waiting(spans: number, cause: Cause): void {
    this.#outageOfSpans ??= this.#begin(this.#spans, this.spanRequests);
    this.#outageOfSpans.waited = Math.max(this.#outageOfSpans.waited, spans);
    const message = `${sentence(cause.reason)} ${wait(spans)}.`;
    this.#logOutage('warn', this.#outageOfSpans, 'spans wait', cause, message);
  }

  /** Spans are dropped by the exporter itself. `option` is one of few names for the cause. */
  dropped(spans: number, option: string, reason: string): void {
    const message = `${sentence(reason)} ${notDelivered(spans)}.`;
    this.#lose(this.#spans, spans, this.#log('error', `spans dropped ${option}`, reason, message) ? spans : 0);
  }

  /** Spans will not arrive for a cause that was reported before. */
  lost(spans: number): void {
    this.#lose(this.#spans, spans, 0);
  }

  /** All spans of an export arrived that the server does not refuse. This ends an outage. */
  arrived(): void {
    const outage = this.#outageOfSpans;
    if (outage === undefined || this.#lines.take('end of spans', '', MAX_ENDS, true) === undefined) return;
    this.#outageOfSpans = undefined;
    const waited = Math.max(outage.waited, this.#receivedUntil(this.spanRequests.until));
    const lost = this.#end(outage, this.#spans, 'spans ');
    diag.warn(`MLflow takes spans again after ${this.#duration(outage)}: ${notDelivered(lost)}, ${waited} waited.`);
  }

  /** The server refuses one span. */
  refusedSpan(name: ShownText, cause: Cause): void {
    const message = `MLflow refuses span "${name}" (${cause.reason}), it was dropped.`;
    this.#lose(this.#spans, 1, this.#log('warn', `span ${classOf(cause)}`, cause.reason, message) ? 1 : 0);
  }

  /**
   * The server refuses whole traces for one cause. `kind` is one of few names for it, `text` is the same for all of these
   * traces, and `reason` names one of them.
   */
  refusedTraces(
    { kind, text, reason }: { kind: string; text: string; reason: ShownText },
    { traces, spans }: { traces: number; spans: number },
  ): void {
    const message = `${sentence(reason)} ${notDelivered(spans, traces === 1 ? '' : ` of ${traces} such traces`)}.`;
    this.#lose(this.#spans, spans, this.#log('error', `trace ${kind}`, text, message) ? spans : 0);
  }

  /** The server accepts one span only without its content. */
  repairedSpan(name: ShownText, cause: Cause): void {
    const message = `MLflow refuses span "${name}" (${cause.reason}), it was sent without its content.`;
    this.#log('warn', `content ${classOf(cause)}`, cause.reason, message);
  }

  /** The server accepted a request but rejected this many of its spans. 0 means that it sent only a warning. */
  partlyTaken(rejected: number, message: ShownText): void {
    if (rejected === 0) {
      this.#log('warn', 'comment', message, `MLflow takes the spans, but says: ${sentence(message)}`);
      return;
    }
    const reason = message || 'without a reason';
    const line = `MLflow takes a request, but not ${rejected} of its spans (${reason}).`;
    this.#lose(this.#spans, rejected, this.#log('warn', 'partly taken', reason, line) ? rejected : 0);
  }

  /** Spans arrived, but something about this many of their traces could not be recorded. */
  incomplete(traces: number, cause: Cause): void {
    const message = `The spans were delivered, but not the trace record: ${sentence(cause.reason)}`;
    // The refusal of one record says nothing about the next one.
    const isLogged =
      cause.kind === 'rejected'
        ? this.#log('error', `record ${classOf(cause)}`, cause.reason, message)
        : this.#logOutage('error', this.#recordsOutage(), 'records', cause, message);
    this.#lose(this.#records, traces, isLogged ? 1 : 0);
  }

  /** This many traces did not fit into the deadline. Their records are sent later. */
  postponed(traces: number, cause: Cause): void {
    const outage = this.#recordsOutage();
    outage.waited += traces;
    const message = `${recordsFollow(traces)} with the next export: ${sentence(cause.reason)}`;
    this.#logOutage('warn', outage, 'records wait', cause, message);
  }

  /** Records of so many traces arrived, and none failed. This ends an outage. */
  recorded(traces: number): void {
    const outage = this.#outageOfRecords;
    if (outage === undefined) return;
    if (outage.isHeldUp) outage.waited += traces;
    outage.isHeldUp = false;
    if (this.#lines.take('end of records', '', MAX_ENDS, true) === undefined) return;
    this.#outageOfRecords = undefined;
    const lost = this.#end(outage, this.#records, 'records ');
    diag.warn(
      `MLflow takes trace records again after ${this.#duration(outage)}: ${withoutRecord(lost)}, ${outage.waited} waited.`,
    );
  }

  /** The spans of this many traces were lost after their records. */
  leftEmpty(traces: number): void {
    this.#log('warn', 'empty', '', `MLflow shows ${withoutSpans(traces)}.`);
  }

  /** A function that the application gave to the exporter fails. */
  faultyFunction(option: 'spanFilter' | 'mask', message: ShownText): void {
    // The message names the first of many attributes.
    this.#log('warn', `function ${option}`, message.replace(/"[^"]*"/g, ''), message);
  }

  /** Anything else that the owner of the application should know. */
  note(message: string): void {
    this.#log('warn', 'note', message, message);
  }

  /** Something that is usual in some applications, and a mistake in others. */
  hint(message: string): void {
    this.#log('info', 'hint', message, message);
  }

  /** Reports how much was lost in all if the messages named less. Also runs when the process ends. */
  summarize(): void {
    this.#forgetExit?.();
    this.#forgetExit = undefined;
    const [spans, records] = [this.#spans, this.#records];
    if (spans.lost > spans.reported) diag.warn(`MLflow exporter: ${notDelivered(spans.lost)} in all.`);
    if (records.lost > records.reported) diag.warn(`MLflow exporter: ${withoutRecord(records.lost)} in all.`);
    spans.reported = spans.lost;
    records.reported = records.lost;
  }

  /** Requests of an export fail, and are still being repeated. */
  #spansHeldUp(cause: Cause): void {
    if (this.#outageOfSpans?.cause === classOf(cause)) return;
    this.waiting(this.#receivedUntil(this.spanRequests.until), cause);
  }

  #recordsHeldUp(cause: Cause): void {
    if (this.#outageOfRecords?.cause === classOf(cause)) return;
    const message = `The spans were delivered, but trace records wait: ${sentence(cause.reason)}`;
    this.#logOutage('warn', this.#recordsOutage(true), 'records wait', cause, message);
  }

  #recordsOutage(isHeldUp = false): Outage {
    this.#outageOfRecords ??= this.#begin(this.#records, this.recordRequests);
    this.#outageOfRecords.isHeldUp = isHeldUp;
    if (!isHeldUp) this.recordRequests.stop();
    return this.#outageOfRecords;
  }

  /** How many spans wait because of a failure at this time. */
  #receivedUntil(time: number): number {
    let [sum, held] = [0, 0];
    for (const { spans, at, waiting } of this.#received) {
      if (at > time) continue;
      sum += spans;
      held = Math.max(held, waiting?.() ?? 0);
    }
    return Math.max(sum, held);
  }

  #begin(tally: Tally, requests: RequestWatch): Outage {
    return { since: requests.since ?? this.#now(), cause: '', before: tally.lost, waited: 0 };
  }

  /** Returns how much the outage cost. */
  #end({ before }: Outage, tally: Tally, classes: string): number {
    this.#lines.refill(classes);
    return tally.lost - before;
  }

  #duration({ since }: Outage): string {
    return `${((this.#now() - since) / 1000).toFixed(1)} s`;
  }

  #logOutage(level: 'error' | 'warn', outage: Outage, what: string, cause: Cause, message: string): boolean {
    const kind = classOf(cause);
    const heldBack = this.#lines.take(`${what} ${kind}`, cause.reason, MAX_LINES_OF_OUTAGE, outage.cause !== kind);
    outage.cause = kind;
    return this.#write(level, message, heldBack);
  }

  #log(level: 'error' | 'warn' | 'info', cause: string, text: string, message: string): boolean {
    return this.#write(level, message, this.#lines.take(cause, text, MAX_REFUSALS));
  }

  #write(level: 'error' | 'warn' | 'info', message: string, heldBack: number | undefined): boolean {
    if (heldBack === undefined) return false;
    diag[level](heldBack === 0 ? message : `${message} … and ${heldBack} more like it.`);
    return true;
  }

  #lose(tally: Tally, lost: number, named: number): void {
    tally.lost += lost;
    tally.reported += named;
    this.#forgetExit ??= atExit(() => this.summarize());
  }
}
