import { diag } from '@opentelemetry/api';
import { atExit } from '../common/process-state.js';
import type { Failure } from '../http/outcome.js';

/** How much was lost, and how much of it a message named. */
interface Tally {
  lost: number;
  reported: number;
}

// If there are more causes of a kind at a time, they are probably one cause whose text varies.
const MAX_CAUSES = 20;
// A success ends an outage, but not the refusal of a span or a faulty function. So these causes are reported once.
const LASTING = 'refused ';
const TRACE_ID = /\b(?:tr-)?[0-9a-f]{32}\b/gi;

/**
 * Reports to the application's `diag` logger what goes wrong: once per cause, not once per span or batch. After a
 * success, a cause is reported again.
 */
export class Reporter {
  #causes = new Set<string>();
  readonly #spans: Tally = { lost: 0, reported: 0 };
  readonly #records: Tally = { lost: 0, reported: 0 };
  #forgetExit: (() => void) | undefined;

  /** Spans will not arrive. */
  undelivered(spans: number, { reason }: Pick<Failure, 'reason'>): void {
    const message = `${sentence(reason)} ${spans} spans were not delivered.`;
    this.#lose(this.#spans, spans, this.#once('error', reason, message) ? spans : 0);
  }

  /** The server refuses one span. */
  refusedSpan(name: string, reason: string): void {
    const message = `MLflow refuses span "${name}" (${reason}), it was dropped.`;
    this.#lose(this.#spans, 1, this.#once('warn', `${LASTING}${reason}`, message) ? 1 : 0);
  }

  /** The server refuses whole traces for one cause. `reason` names one of them. */
  refusedTraces(cause: string, reason: string, { traces, spans }: { traces: number; spans: number }): void {
    const lost = traces === 1 ? `${spans} spans` : `${spans} spans of ${traces} such traces`;
    const message = `${sentence(reason)} ${lost} were not delivered.`;
    this.#lose(this.#spans, spans, this.#once('error', `${LASTING}trace ${cause}`, message) ? spans : 0);
  }

  /** The server accepts one span only without its content. */
  repairedSpan(name: string, reason: string): void {
    const message = `MLflow refuses span "${name}" (${reason}), it was sent without its content.`;
    this.#once('warn', `${LASTING}content ${reason}`, message);
  }

  /** The server accepted a request but rejected this many of its spans. 0 means that it sent only a warning. */
  partlyTaken(rejected: number, message: string): void {
    if (rejected === 0) {
      this.#once('warn', `${LASTING}nothing ${message}`, `MLflow takes the spans, but says: ${sentence(message)}`);
      return;
    }
    const reason = message || 'without a reason';
    const line = `MLflow takes a request, but not ${rejected} of its spans (${reason}).`;
    this.#lose(this.#spans, rejected, this.#once('warn', `${LASTING}some ${reason}`, line) ? rejected : 0);
  }

  /** Spans arrived, but something about this many of their traces could not be recorded. */
  incomplete(traces: number, reason: string): void {
    const message = `The spans were delivered, but not the trace record: ${sentence(reason)}`;
    this.#lose(this.#records, traces, this.#once('error', `record ${reason}`, message) ? 1 : 0);
  }

  /** The spans of this many traces were lost after their records. */
  leftEmpty(traces: number): void {
    const message = `MLflow shows ${traces} traces without any span: their records arrived before an outage, and their spans were lost.`;
    this.#once('warn', 'empty', message);
  }

  /** This many traces did not fit into the deadline. Their records are sent later. */
  postponed(traces: number, reason: string): void {
    const message = `${traces} trace records could not be sent in time, they follow with the next export: ${sentence(reason)}`;
    this.#once('warn', 'postponed', message);
  }

  /** A function that the application gave to the exporter fails. */
  faultyFunction(option: string, message: string): void {
    this.#once('warn', `${LASTING}${option}`, message);
  }

  /** Anything else that the owner of the application should know. */
  note(message: string): void {
    this.#once('warn', message, message);
  }

  /** Something that is usual in some applications, and a mistake in others. */
  hint(message: string): void {
    this.#once('info', message, message);
  }

  /** An export succeeded. */
  recovered(): void {
    this.#causes = new Set([...this.#causes].filter(isLasting));
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

  #once(level: 'error' | 'warn' | 'info', cause: string, message: string): boolean {
    // A server that names a trace in each of its answers has one cause all the same.
    const known = cause.replace(TRACE_ID, '');
    const others = [...this.#causes].filter((other) => isLasting(other) === isLasting(known));
    if (others.includes(known) || others.length >= MAX_CAUSES) return false;
    this.#causes.add(known);
    diag[level](message);
    return true;
  }

  #lose(tally: Tally, lost: number, named: number): void {
    tally.lost += lost;
    tally.reported += named;
    this.#forgetExit ??= atExit(() => this.summarize());
  }
}

function isLasting(cause: string): boolean {
  return cause.startsWith(LASTING);
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
