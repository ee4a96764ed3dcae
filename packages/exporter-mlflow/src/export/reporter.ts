import { diag } from '@opentelemetry/api';
import { atExit } from '../common/process-state.js';
import type { Failure } from '../http/outcome.js';

/**
 * Reports to the application's `diag` logger what goes wrong: once per cause, not once per span or batch. After a
 * success, a cause is reported again.
 */
export interface Reporter {
  /** Spans will not arrive. */
  undelivered(spans: number, failure: Pick<Failure, 'kind' | 'reason'>): void;
  /** The server refuses one span. */
  refusedSpan(name: string, reason: string): void;
  /** The server takes one span only without its content. */
  repairedSpan(name: string, reason: string): void;
  /** The server took a request, but rejected so many of its spans. With 0, it only has something to say. */
  partlyTaken(rejected: number, message: string): void;
  /** Spans arrived, but something about so many of their traces could not be recorded. */
  incomplete(traces: number, reason: string): void;
  /** So many traces did not fit into the deadline, and their records are sent later. */
  postponed(traces: number, reason: string): void;
  /** Anything else that the application's owner should know. */
  note(message: string): void;
  /** An export succeeded. */
  recovered(): void;
  /** At the end: how many spans and records were lost, if that is more than reported. The end of the process does this, too. */
  summarize(): void;
}

/** How much was lost, and how much of it a message named. */
interface Tally {
  lost: number;
  reported: number;
}

// More causes than these at a time are one cause that varies its words.
const MAX_CAUSES = 20;
// Refused spans are not an outage that ends, so that a success does not have their causes reported again.
const LASTING = 'refused ';

export function createReporter(): Reporter {
  let reported = new Set<string>();
  const spans: Tally = { lost: 0, reported: 0 };
  const records: Tally = { lost: 0, reported: 0 };
  let forgetExit: (() => void) | undefined;

  const once = (level: 'error' | 'warn', cause: string, message: string): boolean => {
    if (reported.has(cause) || reported.size >= MAX_CAUSES) return false;
    reported.add(cause);
    diag[level](message);
    return true;
  };
  /** Counts a loss. `named` of it are in the message. */
  const lose = (tally: Tally, lost: number, named: number, report: () => boolean): void => {
    tally.lost += lost;
    forgetExit ??= atExit(summarize);
    if (report()) tally.reported += named;
  };
  const summarize = (): void => {
    forgetExit?.();
    forgetExit = undefined;
    if (spans.lost > spans.reported) diag.warn(`MLflow exporter: ${spans.lost} spans were not delivered in all.`);
    if (records.lost > records.reported)
      diag.warn(`MLflow exporter: ${records.lost} traces were left without their record in all.`);
    for (const tally of [spans, records]) tally.reported = tally.lost;
  };

  return {
    undelivered(count, { reason }) {
      lose(spans, count, count, () => once('error', reason, `${sentence(reason)} ${count} spans were not delivered.`));
    },
    refusedSpan(name, reason) {
      const message = `MLflow refuses span "${name}" (${reason}), it was dropped.`;
      lose(spans, 1, 1, () => once('warn', `${LASTING}${reason}`, message));
    },
    repairedSpan(name, reason) {
      const message = `MLflow refuses span "${name}" (${reason}), it was sent without its content.`;
      once('warn', `${LASTING}content ${reason}`, message);
    },
    partlyTaken(rejected, message) {
      if (rejected === 0) {
        once('warn', `${LASTING}nothing ${message}`, `MLflow takes the spans, but says: ${sentence(message)}`);
        return;
      }
      const reason = message || 'without a reason';
      lose(spans, rejected, rejected, () =>
        once(
          'warn',
          `${LASTING}some ${reason}`,
          `MLflow takes a request, but not ${rejected} of its spans (${reason}).`,
        ),
      );
    },
    incomplete(traces, reason) {
      const message = `The spans were delivered, but not the trace record: ${sentence(reason)}`;
      lose(records, traces, 1, () => once('error', `record ${reason}`, message));
    },
    postponed(traces, reason) {
      const message = `${traces} trace records could not be sent in time, they follow with the next export: ${sentence(reason)}`;
      once('warn', 'postponed', message);
    },
    note(message) {
      once('warn', message, message);
    },
    recovered() {
      reported = new Set([...reported].filter((cause) => cause.startsWith(LASTING)));
    },
    summarize,
  };
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
