import type { ReadableSpan } from '../common/sdk-types.js';
import { copySpan } from './span-copy.js';
import { TOKEN_USAGE } from './usage.js';

/** More spans than are open at a time; some that never end must not fill the memory. */
const CAPACITY = 10_000;
const USAGE_OF_CONVENTIONS = /^(gen_ai|llm)\.usage\.|^llm\.token_count\./;

/**
 * Takes token counts in the words of a convention off spans above one that counts in MLflow's own,
 * `mlflow.chat.tokenUsage`. MLflow counts the outermost figure, and agent frameworks put there what an agent used in
 * its whole life (Strands), or leave cached tokens out; its charts of cost by model add both up.
 */
export class RepeatedUsage {
  readonly #above = new Set<string>();

  /** To be asked in the order in which spans end: children first. */
  without(span: ReadableSpan): ReadableSpan {
    const { attributes, parentSpanContext: parent } = span;
    const { traceId, spanId } = span.spanContext();
    const isAbove = this.#above.delete(traceId + spanId);
    const isCounted = attributes[TOKEN_USAGE] !== undefined;
    if ((isAbove || isCounted) && parent !== undefined && !parent.isRemote) this.#remember(traceId + parent.spanId);
    if (!isAbove || isCounted) return span;
    const kept = Object.entries(attributes).filter(([key]) => !USAGE_OF_CONVENTIONS.test(key));
    return copySpan(span, { attributes: Object.fromEntries(kept) });
  }

  #remember(id: string): void {
    this.#above.add(id);
    if (this.#above.size <= CAPACITY) return;
    const [oldest] = this.#above;
    if (oldest !== undefined) this.#above.delete(oldest);
  }
}
