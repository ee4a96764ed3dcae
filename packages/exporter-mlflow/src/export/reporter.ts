import { performance } from 'node:perf_hooks';
import { diag } from '@opentelemetry/api';
import { atExit } from '../common/process-state.js';
import type { ShownText } from '../common/shown-text.js';
import type { Failure } from '../http/outcome.js';
import { LineBudget } from './line-budget.js';

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
}

/** Spans of one export. */
export interface Received {
  readonly spans: number;
  readonly at: number;
}

/** What a report needs to know of a failure. */
type Cause = Pick<Failure, 'kind' | 'reason' | 'status' | 'errorCode'>;

// Servers name the parts of a request at fault, so one kind of refusal has many causes.
const MAX_REFUSALS = 20;
// An outage has few causes, in words that may vary. They may also take turns.
const MAX_LINES_OF_OUTAGE = 5;
// Names that servers make up count as one, so that there is a bounded number of classes.
const ERROR_CODES = new Set([
  ...['INTERNAL_ERROR', 'TEMPORARILY_UNAVAILABLE', 'REQUEST_LIMIT_EXCEEDED', 'RESOURCE_EXHAUSTED', 'RESOURCE_CONFLICT'],
  ...['INVALID_STATE', 'INVALID_PARAMETER_VALUE', 'BAD_REQUEST', 'MALFORMED_REQUEST', 'FEATURE_DISABLED', 'DATA_LOSS'],
  ...['PERMISSION_DENIED', 'UNAUTHENTICATED', 'RESOURCE_DOES_NOT_EXIST', 'RESOURCE_ALREADY_EXISTS', 'NOT_FOUND'],
]);

const STATUSES = new Set([400, 401, 403, 404, 405, 407, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504]);

/**
 * Reports to the application's `diag` logger what goes wrong. There is one line per cause, not one per span or batch, and
 * each class of causes has a {@link LineBudget} of its own.
 *
 * An outage is reported when it begins, when its cause changes, and when it ends. Spans and records of traces have
 * outages of their own, because a server or gateway may accept one and not the other.
 */
export class Reporter {
  readonly #now: () => number;
  readonly #lines: LineBudget;
  readonly #spans: Tally = { lost: 0, reported: 0 };
  readonly #records: Tally = { lost: 0, reported: 0 };
  readonly #received = new Set<Received>();
  #outageOfSpans: Outage | undefined;
  #outageOfRecords: Outage | undefined;
  /** When a request failed for the first time, and for the last time, since spans arrived. */
  #failing: { since: number; until: number } | undefined;
  #forgetExit: (() => void) | undefined;

  /** @param now a monotonic clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lines = new LineBudget(now);
  }

  /** An export begins. The returned object must be passed to {@link settled} when it ends. */
  received(spans: number): Received {
    const received = { spans, at: this.#now() };
    this.#received.add(received);
    return received;
  }

  /** An export ended. */
  settled(received: Received): void {
    this.#received.delete(received);
  }

  /** A request failed and is sent again. */
  retried(): void {
    this.#failing = { since: this.#failing?.since ?? this.#now(), until: this.#now() };
  }

  /** Spans will not arrive, because something keeps all of them from arriving. */
  undelivered(spans: number, cause: Cause): void {
    this.#outageOfSpans ??= this.#begin(this.#spans);
    const message = `${sentence(cause.reason)} ${spans} spans were not delivered.`;
    const isLogged = this.#logOutage('error', this.#outageOfSpans, 'spans', cause, message);
    this.#lose(this.#spans, spans, isLogged ? spans : 0);
  }

  /** So many spans wait in all, because something keeps them from arriving. They are sent again. */
  waiting(spans: number, cause: Cause): void {
    this.#outageOfSpans ??= this.#begin(this.#spans);
    this.#outageOfSpans.waited = Math.max(this.#outageOfSpans.waited, spans);
    const message = `${sentence(cause.reason)} ${spans} spans wait.`;
    this.#logOutage('warn', this.#outageOfSpans, 'spans wait', cause, message);
  }

  /** Spans are dropped by the exporter itself. `option` is one of few names for the cause. */
  dropped(spans: number, option: string, reason: string): void {
    const message = `${sentence(reason)} ${spans} spans were not delivered.`;
    this.#lose(this.#spans, spans, this.#log('error', `spans dropped ${option}`, reason, message) ? spans : 0);
  }

  /** Spans will not arrive for a cause that was reported before. */
  lost(spans: number): void {
    this.#lose(this.#spans, spans, 0);
  }

  /** All spans of an export arrived that the server does not refuse. This ends an outage. */
  arrived(): void {
    const outage = this.#outageOfSpans;
    const until = this.#failing?.until ?? Number.NEGATIVE_INFINITY;
    this.#failing = undefined;
    if (outage === undefined) return;
    this.#outageOfSpans = undefined;
    let received = 0;
    for (const { spans, at } of this.#received) if (at <= until) received += spans;
    const waited = Math.max(outage.waited, received);
    const lost = this.#end(outage, this.#spans, 'spans ');
    diag.warn(
      `MLflow takes spans again after ${this.#duration(outage)}: ${lost} spans were not delivered, ${waited} waited.`,
    );
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
    const lost = traces === 1 ? `${spans} spans` : `${spans} spans of ${traces} such traces`;
    const message = `${sentence(reason)} ${lost} were not delivered.`;
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
    let isLogged: boolean;
    if (cause.kind === 'rejected') {
      // The refusal of one record says nothing about the next one.
      isLogged = this.#log('error', `record ${classOf(cause)}`, cause.reason, message);
    } else {
      this.#outageOfRecords ??= this.#begin(this.#records);
      isLogged = this.#logOutage('error', this.#outageOfRecords, 'records', cause, message);
    }
    this.#lose(this.#records, traces, isLogged ? 1 : 0);
  }

  /** This many traces did not fit into the deadline. Their records are sent later. */
  postponed(traces: number, cause: Cause): void {
    this.#outageOfRecords ??= this.#begin(this.#records);
    this.#outageOfRecords.waited += traces;
    const message = `${traces} trace records could not be sent in time, they follow with the next export: ${sentence(cause.reason)}`;
    this.#logOutage('warn', this.#outageOfRecords, 'records wait', cause, message);
  }

  /** Records of traces arrived, and none failed. This ends an outage. */
  recorded(): void {
    const outage = this.#outageOfRecords;
    if (outage === undefined) return;
    this.#outageOfRecords = undefined;
    const lost = this.#end(outage, this.#records, 'records ');
    diag.warn(
      `MLflow takes trace records again after ${this.#duration(outage)}: ${lost} traces were left without their record, ${outage.waited} waited.`,
    );
  }

  /** The spans of this many traces were lost after their records. */
  leftEmpty(traces: number): void {
    const message = `MLflow shows ${traces} traces without any span: their records arrived before an outage, and their spans were lost.`;
    this.#log('warn', 'empty', '', message);
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
    if (spans.lost > spans.reported) diag.warn(`MLflow exporter: ${spans.lost} spans were not delivered in all.`);
    if (records.lost > records.reported)
      diag.warn(`MLflow exporter: ${records.lost} traces were left without their record in all.`);
    spans.reported = spans.lost;
    records.reported = records.lost;
  }

  #begin(tally: Tally): Outage {
    return { since: this.#failing?.since ?? this.#now(), cause: '', before: tally.lost, waited: 0 };
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
    const isChange = outage.cause !== kind;
    outage.cause = kind;
    const heldBack = this.#lines.take(`${what} ${kind}`, cause.reason, MAX_LINES_OF_OUTAGE, isChange);
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

/** One of a bounded number of texts: no server can exhaust the memory, or the log, with causes that it makes up. */
function classOf({ kind, status, errorCode }: Cause): string {
  const code = errorCode === undefined || ERROR_CODES.has(errorCode) ? errorCode : 'other';
  const known = status === undefined || STATUSES.has(status) ? status : `${Math.trunc(status / 100)}xx`;
  return [kind, known, code].join(' ');
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
