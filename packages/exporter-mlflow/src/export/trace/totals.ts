import { CACHE_KEYS, type Cost, type TokenUsage, type Totals } from '../../mlflow/figures.js';
import type { SpanFigures } from '../span/span-figures.js';

/** Tokens and cost of a trace by MLflow's rule; each is absent if no span has it. */
export function sumUp(spans: readonly SpanFigures[]): Totals {
  const usages = outermost(spans, ({ tokenUsage }) => tokenUsage);
  const costs = outermost(spans, ({ cost }) => cost);
  return {
    ...(usages.length === 0 ? {} : { tokenUsage: usages.reduce(addUsage) }),
    ...(costs.length === 0 ? {} : { cost: costs.reduce(addCost) }),
  };
}

function addUsage(some: TokenUsage, more: TokenUsage): TokenUsage {
  const sum: TokenUsage = {
    inputTokens: some.inputTokens + more.inputTokens,
    outputTokens: some.outputTokens + more.outputTokens,
    totalTokens: some.totalTokens + more.totalTokens,
  };
  for (const key of CACHE_KEYS) {
    if (some[key] !== undefined || more[key] !== undefined) sum[key] = (some[key] ?? 0) + (more[key] ?? 0);
  }
  return sum;
}

function addCost(some: Cost, more: Cost): Cost {
  return {
    inputCost: some.inputCost + more.inputCost,
    outputCost: some.outputCost + more.outputCost,
    totalCost: some.totalCost + more.totalCost,
  };
}

/**
 * The figures of every span without figures on a span above it. MLflow takes a parent's figure to include those of its
 * descendants, because frameworks report sums on their own spans: see `_aggregate_from_nodes` in mlflow/tracing/utils.
 */
function outermost<T>(spans: readonly SpanFigures[], figure: (span: SpanFigures) => T | undefined): T[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string | undefined, SpanFigures[]>();
  for (const span of spans) {
    // A span whose parent is unknown counts as a root.
    const parent = span.parentSpanId !== undefined && ids.has(span.parentSpanId) ? span.parentSpanId : undefined;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const found: T[] = [];
  // A list instead of recursion, because traces may be thousands of spans deep. Nothing below a figure counts.
  const pending = [...(children.get(undefined) ?? [])];
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    const own = figure(span);
    if (own !== undefined) found.push(own);
    else pending.push(...(children.get(span.spanId) ?? []));
  }
  return found;
}
