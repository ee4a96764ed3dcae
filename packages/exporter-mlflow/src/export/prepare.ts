import { describeFault } from '../common/error.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import { type ShownText, say } from '../common/shown-text.js';
import type { Work } from '../common/slices.js';
import { COST } from '../mlflow/names.js';
import { Filter, type SpanFilter } from './span/filter.js';
import { type Mask, Masking } from './span/mask.js';
import { type Counting, describeCounting, RepeatedUsage, withoutUsage } from './span/repeated-usage.js';
import { sanitizeSpan } from './span/sanitize.js';

/** Spans as MLflow can take them, and those that cannot be read at all. */
export interface Prepared {
  spans: ReadableSpan[];
  /** Those for which the application recorded a cost, also one that is null or that MLflow cannot take. */
  withCost: Set<ReadableSpan>;
  unreadable: { name: string; reason: ShownText }[];
  /** How many spans the application does not want in MLflow. */
  leftOut: number;
}

interface PreparationOptions {
  spanFilter: SpanFilter;
  mask: Mask | undefined;
  /** Receives a message if a function of the application fails. */
  onFault: (option: 'spanFilter' | 'mask', message: ShownText) => void;
}

/**
 * Makes spans fit for MLflow: leaves out those that the application does not want there, masks values, and mends the
 * rest. A span with nothing to change stays the same object, and every other one is copied, because the spans belong to
 * the application.
 */
export class Preparation {
  readonly #filter: Filter | undefined;
  readonly #masking: Masking | undefined;
  readonly #repeatedUsage = new RepeatedUsage();

  constructor({ spanFilter, mask, onFault }: PreparationOptions) {
    if (spanFilter !== 'all') this.#filter = new Filter(spanFilter, (message) => onFault('spanFilter', message));
    if (mask !== undefined) this.#masking = new Masking(mask, (message) => onFault('mask', message));
  }

  /** Expects that batches follow in the order in which spans end: children first. So one must be finished before the next. */
  *prepare(handedOver: readonly ReadableSpan[]): Work<Prepared> {
    const filter = this.#filter;
    const accepted = new Set(filter === undefined ? handedOver : []);
    // All of them first: a span can only move below its grandparent once its parent was left out.
    for (const span of filter === undefined ? [] : handedOver) {
      if (filter?.accepts(span)) accepted.add(span);
      yield;
    }
    const prepared: Prepared = { spans: [], withCost: new Set(), unreadable: [], leftOut: 0 };
    const readable: { span: ReadableSpan; counting: Counting }[] = [];
    const countings: Counting[] = [];
    for (const span of handedOver) {
      this.#read(span, prepared, () => {
        const placed = accepted.has(span) ? this.#place(span) : undefined;
        const counting = describeCounting(span, placed);
        countings.push(counting);
        if (placed === undefined) prepared.leftOut += 1;
        else readable.push({ span: placed, counting });
      });
      yield;
    }
    const repeated = yield* this.#repeatedUsage.find(countings);
    for (const { span, counting } of readable) {
      this.#read(span, prepared, () => {
        const fit = sanitizeSpan(repeated.has(counting.id) ? withoutUsage(span) : span);
        prepared.spans.push(fit);
        if (span.attributes[COST] !== undefined) prepared.withCost.add(fit);
      });
      yield;
    }
    return prepared;
  }

  /** A faulty processor or wrapper may have made a span that cannot be read. The other spans must still arrive. */
  #read(span: ReadableSpan, { unreadable }: Prepared, work: () => void): void {
    try {
      work();
    } catch (error) {
      unreadable.push({ name: String(span?.name), reason: say`it cannot be read: ${describeFault(error)}` });
    }
  }

  /** The mask goes first, so that records and messages hold nothing that it hides. */
  #place(span: ReadableSpan): ReadableSpan {
    const placed = this.#filter?.place(span) ?? span;
    return this.#masking?.apply(placed) ?? placed;
  }
}
