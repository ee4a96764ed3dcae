import { diag } from '@opentelemetry/api';
import type { Failure } from '../http/outcome.js';
import { atExit } from './at-exit.js';

/**
 * Tells the application's `diag` logger what goes wrong: once per cause, not once per span or batch. A cause may be
 * told again after things went well in between.
 */
export interface Reporter {
  /** Spans that will not arrive, and why. */
  undelivered(spans: number, failure: Pick<Failure, 'kind' | 'reason'>): void;
  /** One span that the server refuses. */
  refusedSpan(name: string, reason: string): void;
  /** One span that the server takes only without its content. */
  repairedSpan(name: string, reason: string): void;
  /** The server took a request, but rejected so many of its spans, or none and has only something to say. */
  partlyTaken(rejected: number, message: string): void;
  /** Spans arrived, but something about their traces could not be recorded; counts the traces. */
  incomplete(traces: number, reason: string): void;
  /** Records of traces did not fit into the deadline and are sent later. */
  postponed(traces: number, reason: string): void;
  /** Anything else that somebody should know. */
  note(message: string): void;
  /** Things work again. */
  recovered(): void;
  /** At the end, that of the process when nobody says it before: how many spans and records were lost, if more than told. */
  summarize(): void;
}

// More causes than these at a time are one cause that varies its words.
const MAX_CAUSES = 20;

export function createReporter(): Reporter {
  let told = new Set<string>();
  let lost = 0;
  let toldLost = 0;
  let lostRecords = 0;
  let toldLostRecords = 0;
  let forgetExit: (() => void) | undefined;
  const summarize = (): void => {
    forgetExit?.();
    forgetExit = undefined;
    if (lost > toldLost) diag.warn(`MLflow exporter: ${lost} spans were not delivered in all.`);
    toldLost = lost;
    if (lostRecords > toldLostRecords)
      diag.warn(`MLflow exporter: ${lostRecords} traces were left without their record in all.`);
    toldLostRecords = lostRecords;
  };
  const once = (level: 'error' | 'warn', cause: string, message: string): boolean => {
    if (told.has(cause) || told.size >= MAX_CAUSES) return false;
    told.add(cause);
    diag[level](message);
    return true;
  };
  const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
  return {
    undelivered(spans, { reason }) {
      lost += spans;
      forgetExit ??= atExit(summarize);
      if (once('error', reason, `${sentence(reason)} ${spans} spans were not delivered.`)) toldLost += spans;
    },
    refusedSpan(name, reason) {
      lost += 1;
      forgetExit ??= atExit(summarize);
      if (once('warn', `refused ${reason}`, `MLflow refuses span "${name}" (${reason}), it was dropped.`))
        toldLost += 1;
    },
    repairedSpan(name, reason) {
      once(
        'warn',
        `refused content ${reason}`,
        `MLflow refuses span "${name}" (${reason}), it was sent without its content.`,
      );
    },
    partlyTaken(rejected, message) {
      if (rejected === 0) {
        once('warn', `refused nothing ${message}`, `MLflow takes the spans, but says: ${sentence(message)}`);
        return;
      }
      lost += rejected;
      forgetExit ??= atExit(summarize);
      const reason = message || 'without a reason';
      if (
        once('warn', `refused some ${reason}`, `MLflow takes a request, but not ${rejected} of its spans (${reason}).`)
      )
        toldLost += rejected;
    },
    incomplete(traces, reason) {
      lostRecords += traces;
      forgetExit ??= atExit(summarize);
      if (once('error', `record ${reason}`, `The spans were delivered, but not the trace record: ${sentence(reason)}`))
        toldLostRecords += 1;
    },
    postponed(traces, reason) {
      once(
        'warn',
        'postponed',
        `${traces} trace records could not be sent in time, they follow with the next export: ${sentence(reason)}`,
      );
    },
    note(message) {
      once('warn', message, message);
    },
    recovered() {
      // Refused spans are no outage that ends: their causes stay told.
      told = new Set([...told].filter((cause) => cause.startsWith('refused ')));
    },
    summarize,
  };
}
