import type { ReadableSpan } from '../../common/sdk-types.js';
import { TOKEN_USAGE } from '../../mlflow/names.js';
import { spanType } from './conventions/span-type.js';
import { copySpan, hasRemoteParent } from './span.js';

// More spans than are open at a time. Spans that never end must not fill the memory.
const CAPACITY = 10_000;
const USAGE_OF_CONVENTIONS = /^(gen_ai|llm)\.usage\.|^llm\.token_count\./;
const MODEL_CALLS: ReadonlySet<string> = new Set(['CHAT_MODEL', 'LLM']);

/** The source of a count: the name of MLflow's own usage attribute, or the instrumentation scope of other counts. */
type Source = string;

/** The part of a span that decides about repeated counts. */
export interface Counting {
  readonly id: string;
  /** Absent if the parent is in another process. */
  readonly parentId: string | undefined;
  /** The source of its counts. Absent if it is no counted call to a model, or if it is not sent. */
  readonly source: Source | undefined;
}

/**
 * Removes token counts that repeat those of spans beneath. MLflow uses the outermost figure of a trace, and its charts of
 * cost by model add up all of them. Two kinds of counts repeat others:
 *
 * - Counts of conventions above MLflow's own `mlflow.chat.tokenUsage`. In these places frameworks record the tokens of an
 *   agent's whole life (Strands), or leave out cached tokens.
 * - Counts on a span that is no call to a model, above a call to a model that the same instrumentation counted. They are
 *   sums (AI SDK, https://github.com/langfuse/langfuse/issues/14754), which do not include agents that ran as tools.
 */
export class RepeatedUsage {
  /** Sources of counts beneath a span that has not arrived yet, by its id. The earliest first. */
  readonly #beneath = new Map<string, ReadonlySet<Source>>();

  /** Notes the sources of a batch, whose spans are in any order. A later batch must not have children of these spans. */
  observe(batch: readonly Counting[]): void {
    const parents = new Map(batch.map(({ id, parentId }) => [id, parentId]));
    for (const { id, parentId, source } of batch) {
      const sources = new Set(this.#beneath.get(id));
      if (source !== undefined) sources.add(source);
      if (sources.size === 0) continue;
      // Above a span that has these sources already, all spans of the batch have them, too.
      for (let above = parentId; above !== undefined && this.#add(above, sources); above = parents.get(above));
    }
  }

  /** The span without repeated counts. Expects that {@link observe} got its batch. */
  without(span: ReadableSpan, { id }: Counting): ReadableSpan {
    const beneath = this.#beneath.get(id);
    if (beneath === undefined || !repeats(span, beneath)) return span;
    const kept = Object.entries(span.attributes).filter(([key]) => !USAGE_OF_CONVENTIONS.test(key));
    return copySpan(span, { attributes: Object.fromEntries(kept) });
  }

  /** Forgets the spans of a batch. */
  forget(batch: readonly Counting[]): void {
    for (const { id } of batch) this.#beneath.delete(id);
  }

  /** Returns whether that changed anything. */
  #add(id: string, sources: ReadonlySet<Source>): boolean {
    const known = this.#beneath.get(id);
    const all = new Set([...(known ?? []), ...sources]);
    if (known?.size === all.size) return false;
    this.#beneath.set(id, all);
    if (this.#beneath.size > CAPACITY) {
      const [oldest] = this.#beneath.keys();
      if (oldest !== undefined) this.#beneath.delete(oldest);
    }
    return true;
  }
}

/**
 * Describes a span.
 *
 * @param sent the span as MLflow gets it; absent if it is not sent
 */
export function describeCounting(recorded: ReadableSpan, sent: ReadableSpan | undefined): Counting {
  const { traceId, spanId } = recorded.spanContext();
  const { parentSpanContext: parent } = recorded;
  return {
    id: traceId + spanId,
    parentId: parent === undefined || hasRemoteParent(recorded) ? undefined : traceId + parent.spanId,
    source: sent === undefined ? undefined : sourceOf(sent),
  };
}

function repeats(span: ReadableSpan, beneath: ReadonlySet<Source>): boolean {
  if (span.attributes[TOKEN_USAGE] !== undefined) return false;
  return beneath.has(TOKEN_USAGE) || (beneath.has(span.instrumentationScope.name) && !isModelCall(span));
}

function sourceOf(span: ReadableSpan): Source | undefined {
  if (span.attributes[TOKEN_USAGE] !== undefined) return TOKEN_USAGE;
  if (!Object.keys(span.attributes).some((key) => USAGE_OF_CONVENTIONS.test(key))) return undefined;
  return isModelCall(span) ? span.instrumentationScope.name : undefined;
}

function isModelCall({ attributes }: ReadableSpan): boolean {
  return MODEL_CALLS.has(spanType(attributes) ?? '');
}
