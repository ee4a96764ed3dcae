import type { SpanContext } from '@opentelemetry/api';
import { nameOfError } from '../../common/error.js';
import { addNewest } from '../../common/maps.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { type ShownText, say } from '../../common/shown-text.js';
import { optional } from '../../mlflow/rest.js';
import { isPromise } from './callback.js';
import { spanType } from './conventions/span-type.js';
import { copySpan, type PlacedSpan } from './span.js';

/** Decides which spans go to MLflow: all, those of generative AI, or those for which a function returns true. */
export type SpanFilter = 'all' | 'gen_ai' | ((span: ReadableSpan) => boolean);

// Spans whose children or siblings may end later. Beyond this number the oldest is forgotten, which bounds memory.
const CAPACITY = 10_000;

const GEN_AI_KEY = /^(?:gen_ai\.|mlflow\.|openinference\.span\.kind$)/;

/** Whether any convention, or an attribute of MLflow, marks the span as part of generative AI. */
export function isGenAi({ attributes }: ReadableSpan): boolean {
  return spanType(attributes) !== undefined || Object.keys(attributes).some((key) => GEN_AI_KEY.test(key));
}

/** A span that was left out. */
interface LeftOut {
  /** The span above it, or one further up: then all spans in between were left out, too. */
  above: SpanContext | undefined;
  /** Whether spans were sent with one of those in between as their parent. */
  isNamed: boolean;
}

/**
 * Leaves out spans. Children of a span that was left out move below the nearest span that was not, so that the trace
 * stays one tree: MLflow counts the tokens of a span twice if it cannot see that an agent above has counted them.
 */
export class Filter {
  readonly #accepts: (span: ReadableSpan) => boolean;
  readonly #onFault: (message: ShownText) => void;
  /** The spans that were left out, by trace and span id. */
  readonly #leftOut = new Map<string, LeftOut>();
  /** Ids of the parents that spans were sent with. */
  readonly #named = new Map<string, undefined>();

  /** @param onFault receives a message if the function fails */
  constructor(filter: Exclude<SpanFilter, 'all'>, onFault: (message: ShownText) => void) {
    this.#accepts = filter === 'gen_ai' ? isGenAi : filter;
    this.#onFault = onFault;
  }

  /** Whether to send the span. Also true if the function fails. */
  accepts(span: ReadableSpan): boolean {
    try {
      const accepted: unknown = this.#accepts(span);
      if (isPromise(accepted)) {
        this.#onFault(
          say`spanFilter returned a promise, so the span was kept: the function must return true or false.`,
        );
        return true;
      }
      if (!accepted)
        addNewest(this.#leftOut, idOf(span.spanContext()), { above: span.parentSpanContext, isNamed: false }, CAPACITY);
      return Boolean(accepted);
    } catch (error) {
      this.#onFault(say`spanFilter threw ${nameOfError(error)}, so the span was kept: correct the function.`);
      return true;
    }
  }

  /** The span below the nearest span above it that was not left out. The same object if that is its parent. */
  place(span: ReadableSpan): PlacedSpan {
    const { parent, leftOutRoot } = this.#nearest(span);
    if (parent !== undefined) addNewest(this.#named, idOf(parent), undefined, CAPACITY);
    const isMoved = leftOutRoot !== undefined;
    if (parent === span.parentSpanContext && !isMoved) return span;
    const { parentSpanContext: _, ...root } = copySpan(span, isMoved ? { leftOutRoot } : {});
    return parent === undefined ? root : { ...root, parentSpanContext: parent };
  }

  #nearest(span: ReadableSpan): { parent: SpanContext | undefined; leftOutRoot?: string } {
    let last = span.parentSpanContext;
    let parent = last;
    let isNamed = false;
    const passed = new Map<string, LeftOut>();
    while (parent !== undefined) {
      const id = idOf(parent);
      const leftOut = this.#leftOut.get(id);
      // An application can make a circle of span ids.
      if (leftOut === undefined || passed.has(id)) break;
      passed.set(id, leftOut);
      isNamed ||= leftOut.isNamed || this.#named.has(id);
      last = parent;
      parent = leftOut.above;
    }
    if (passed.size > 2) this.#shorten([...passed], last);
    const isAtTop = passed.size > 0 && (parent === undefined || parent.isRemote === true);
    return {
      // A root beside spans that still name a root would take the record of the trace from them.
      parent: parent === undefined && isNamed ? last : parent,
      ...optional('leftOutRoot', isAtTop ? last?.spanId : undefined),
    };
  }

  /** Lets the next span skip the spans between the first and the last one. Otherwise deep trees would take ages. */
  #shorten(passed: readonly (readonly [string, LeftOut])[], last: SpanContext | undefined): void {
    let isNamed = false;
    for (const [id, leftOut] of passed.slice(0, -1).reverse()) {
      leftOut.above = last;
      leftOut.isNamed ||= isNamed;
      isNamed = leftOut.isNamed || this.#named.has(id);
    }
  }
}

function idOf({ traceId, spanId }: SpanContext): string {
  return traceId + spanId;
}
