import type { ReadableSpan } from '../common/sdk-types.js';
import { RepeatedUsage } from './span/repeated-usage.js';
import { sanitizeSpan } from './span/sanitize.js';

/** Spans as MLflow can take them, and those that cannot be read at all. */
export interface Prepared {
  spans: ReadableSpan[];
  unreadable: { name: string; reason: string }[];
}

/**
 * Makes spans fit for MLflow. A span with nothing to mend stays the same object, and every other one is copied, because
 * the spans belong to the application.
 */
export class Preparation {
  readonly #repeatedUsage = new RepeatedUsage();

  /** Expects spans in the order in which they end: children first. */
  prepare(spans: readonly ReadableSpan[]): Prepared {
    const prepared: Prepared = { spans: [], unreadable: [] };
    for (const span of spans) {
      try {
        prepared.spans.push(sanitizeSpan(this.#repeatedUsage.without(span)));
      } catch (error) {
        // A faulty processor or wrapper made this span. The other spans must still arrive.
        prepared.unreadable.push({ name: String(span?.name), reason: `it cannot be read: ${String(error)}` });
      }
    }
    return prepared;
  }
}
