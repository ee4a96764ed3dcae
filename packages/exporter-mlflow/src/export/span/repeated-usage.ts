import type { ReadableSpan } from '../../common/sdk-types.js';
import type { Work } from '../../common/slices.js';
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
  /** The sources of which its counts are a repetition if a span beneath has one of them. Empty if it is not sent. */
  readonly repeatedBy: readonly Source[];
}

const NO_COUNTS: Pick<Counting, 'source' | 'repeatedBy'> = { source: undefined, repeatedBy: [] };

/**
 * Finds token counts that repeat those of spans beneath. MLflow uses the outermost figure of a trace, and its charts of
 * cost by model add up all of them. Two kinds of counts repeat others:
 *
 * - Counts of conventions above MLflow's own `mlflow.chat.tokenUsage`. In these places frameworks record the tokens of an
 *   agent's whole life (Strands), or leave out cached tokens.
 * - Counts on a span that is no call to a model, above a call to a model that the same instrumentation counted. They are
 *   sums (AI SDK, https://github.com/langfuse/langfuse/issues/14754), which do not include agents that ran as tools.
 */
export class RepeatedUsage {
  /** Sources of counts beneath a span that has not arrived yet, by its id. The earliest first. */
  readonly #beneath = new Map<string, Set<Source>>();

  /** Ids of the spans with repeated counts. The batch is in any order, but no later one may have children of its spans. */
  *find(batch: readonly Counting[]): Work<ReadonlySet<string>> {
    const repeated = new Set<string>();
    if (this.#beneath.size === 0 && batch.every(({ source }) => source === undefined)) return repeated;
    for (const { id, parentId, source, repeatedBy } of childrenFirst(batch)) {
      const sources = this.#beneath.get(id) ?? new Set();
      this.#beneath.delete(id);
      if (repeatedBy.some((other) => sources.has(other))) repeated.add(id);
      if (source !== undefined) sources.add(source);
      if (parentId !== undefined && sources.size > 0) this.#add(parentId, sources);
      yield;
    }
    this.#bound();
    return repeated;
  }

  /** Takes the set over. It adds the smaller set to the larger one, so that a long chain of spans costs linear time. */
  #add(id: string, sources: Set<Source>): void {
    const known = this.#beneath.get(id) ?? new Set();
    const [larger, smaller] = known.size > sources.size ? [known, sources] : [sources, known];
    for (const source of smaller) larger.add(source);
    this.#beneath.set(id, larger);
  }

  #bound(): void {
    for (const oldest of this.#beneath.keys()) {
      if (this.#beneath.size <= CAPACITY) return;
      this.#beneath.delete(oldest);
    }
  }
}

/** Each span once, behind all spans beneath it. Leaves out spans whose ancestors form a circle. */
function* childrenFirst(batch: readonly Counting[]): Iterable<Counting> {
  const spans = new Map(batch.map((span) => [span.id, span]));
  const children = new Map<string, number>();
  for (const { parentId } of spans.values()) {
    if (parentId !== undefined) children.set(parentId, (children.get(parentId) ?? 0) + 1);
  }
  const ready = [...spans.values()].filter(({ id }) => !children.has(id));
  for (const span of ready) {
    yield span;
    const { parentId } = span;
    if (parentId === undefined) continue;
    const remaining = (children.get(parentId) ?? 0) - 1;
    children.set(parentId, remaining);
    const parent = spans.get(parentId);
    if (remaining === 0 && parent !== undefined) ready.push(parent);
  }
}

/** The span without its counts by conventions. */
export function withoutUsage(span: ReadableSpan): ReadableSpan {
  const kept = Object.entries(span.attributes).filter(([key]) => !USAGE_OF_CONVENTIONS.test(key));
  return copySpan(span, { attributes: Object.fromEntries(kept) });
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
    ...(sent === undefined ? NO_COUNTS : describeCounts(sent)),
  };
}

function describeCounts({ attributes, instrumentationScope: { name } }: ReadableSpan): typeof NO_COUNTS {
  if (attributes[TOKEN_USAGE] !== undefined) return { source: TOKEN_USAGE, repeatedBy: [] };
  if (!Object.keys(attributes).some((key) => USAGE_OF_CONVENTIONS.test(key))) return NO_COUNTS;
  return MODEL_CALLS.has(spanType(attributes) ?? '')
    ? { source: name, repeatedBy: [TOKEN_USAGE] }
    : { source: undefined, repeatedBy: [TOKEN_USAGE, name] };
}
