import type { ReadableSpan } from '../../common/sdk-types.js';
import { TOKEN_USAGE } from '../../mlflow/names.js';
import { copySpan, hasRemoteParent } from './span.js';

// More spans than are open at a time. Spans that never end must not fill the memory.
const CAPACITY = 10_000;
const USAGE_OF_CONVENTIONS = /^(gen_ai|llm)\.usage\.|^llm\.token_count\./;

/**
 * Removes token counts of conventions from spans above a span with MLflow's own `mlflow.chat.tokenUsage`. MLflow uses
 * the outermost figure. In these places agent frameworks record the tokens of an agent's whole life (Strands), or leave
 * out cached tokens. MLflow's charts of cost by model add up both.
 */
export class RepeatedUsage {
  /** Ids of spans above a span with MLflow's own attribute, the earliest first. */
  readonly #above = new Set<string>();

  /** The span without repeated counts. Expects spans in the order in which they end: children first. */
  without(span: ReadableSpan): ReadableSpan {
    const { attributes, parentSpanContext: parent } = span;
    const { traceId, spanId } = span.spanContext();
    const isAbove = this.#above.delete(traceId + spanId);
    const isCounted = attributes[TOKEN_USAGE] !== undefined;
    if ((isAbove || isCounted) && parent !== undefined && !hasRemoteParent(span)) {
      this.#remember(traceId + parent.spanId);
    }
    if (!isAbove || isCounted) return span;
    const kept = Object.entries(attributes).filter(([key]) => !USAGE_OF_CONVENTIONS.test(key));
    return copySpan(span, { attributes: Object.fromEntries(kept) });
  }

  /** Notes a span that is not sent: spans that count are below its parent, too. */
  passOver(span: ReadableSpan): void {
    const { traceId, spanId } = span.spanContext();
    const { parentSpanContext: parent } = span;
    const isAbove = this.#above.delete(traceId + spanId);
    if (isAbove && parent !== undefined && !hasRemoteParent(span)) this.#remember(traceId + parent.spanId);
  }

  #remember(id: string): void {
    this.#above.add(id);
    if (this.#above.size <= CAPACITY) return;
    const [oldest] = this.#above;
    if (oldest !== undefined) this.#above.delete(oldest);
  }
}
