import type { ShownText } from '../../common/shown-text.js';
import type { Failure } from '../../http/exchange/outcome.js';
import type { Reporter } from '../report/reporter.js';
import { causeOf, describeRefusal, type TraceRefusal } from '../trace/refused.js';

/** Traces that the server refuses for the same cause. */
interface SameCause {
  kind: TraceRefusal['cause'];
  traceIds: Set<string>;
  spans: number;
  /** Names the first of the traces. */
  reason: ShownText;
}

/** The spans of one upload whose traces the server refuses as a whole, by cause. */
export class SetAside {
  readonly #place: { url: ShownText; experimentId: ShownText };
  readonly #byCause = new Map<string, SameCause>();

  /** @param place where the spans were to go, for messages */
  constructor(place: { url: ShownText; experimentId: ShownText }) {
    this.#place = place;
  }

  /** Counts a span. */
  add(traceId: string, refusal: TraceRefusal): void {
    const cause = causeOf(refusal);
    const counted = this.#byCause.get(cause);
    if (counted !== undefined) {
      counted.traceIds.add(traceId);
      counted.spans += 1;
      return;
    }
    const reason = describeRefusal(traceId, refusal, this.#place);
    this.#byCause.set(cause, { kind: refusal.cause, traceIds: new Set([traceId]), spans: 1, reason });
  }

  /** Reports all of them. Returns the first refusal; undefined if there is none. */
  report(reporter: Reporter): Failure | undefined {
    for (const [cause, { kind, traceIds, spans, reason }] of this.#byCause) {
      reporter.refusedTraces({ kind, text: cause, reason }, { traces: traceIds.size, spans });
    }
    const [first] = this.#byCause.values();
    return first && { kind: 'rejected', reason: first.reason };
  }
}
