import type { ReadableSpan } from '../../common/sdk-types.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { optional } from '../../mlflow/rest.js';
import type { ExporterMetrics } from '../report/metrics.js';
import type { Reporter } from '../report/reporter.js';

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

/** Reports and counts spans that do not arrive. */
export interface Losses {
  lose(spans: number, failure: Failure): void;
  /** After an outage, the caller decides what to do with the spans. */
  undelivered(spans: readonly ReadableSpan[], failure: Failure): DeliveryResult;
}

export function createLosses(reporter: Reporter, metrics: ExporterMetrics): Losses {
  const lose = (spans: number, failure: Failure): void => {
    metrics.lost(spans, failure);
    reporter.undelivered(spans, failure);
  };
  return {
    lose,
    undelivered(spans, failure) {
      if (failure.kind === 'retryable') return { failure, lost: 0, unsent: spans };
      lose(spans.length, failure);
      return { failure, lost: spans.length, unsent: [] };
    },
  };
}

/** The result of an export whose spans went different ways. */
export function joinResults(some: DeliveryResult, more: DeliveryResult): DeliveryResult {
  return {
    lost: some.lost + more.lost,
    unsent: [...some.unsent, ...more.unsent],
    withoutRoot: (some.withoutRoot ?? 0) + (more.withoutRoot ?? 0),
    postponed: some.postponed === true || more.postponed === true,
    ...optional('failure', some.failure ?? more.failure),
    ...optional('refusal', some.refusal ?? more.refusal),
  };
}
