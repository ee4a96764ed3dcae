/** Token counts of a span or of a whole trace. */
export interface TokenUsage {
  /** Includes tokens read from and written to a prompt cache. */
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  cacheReadInputTokens?: number;
  cacheCreationInputTokens?: number;
}

/** Cost in US dollars, as MLflow computed it from token usage and model. */
export interface Cost {
  inputCost: number;
  outputCost: number;
  totalCost: number;
}

/** What the totals need to know of a span. */
export interface SpanFigures {
  spanId: string;
  parentSpanId?: string | undefined;
  tokenUsage?: TokenUsage | undefined;
  cost?: Cost | undefined;
}

/** Tokens of a trace by MLflow's rule; absent when no span has any. */
export function totalTokenUsage(spans: readonly SpanFigures[]): TokenUsage | undefined {
  const counted = outermost(spans, ({ tokenUsage }) => tokenUsage);
  if (counted.length === 0) return undefined;
  const total: TokenUsage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  for (const usage of counted) {
    total.inputTokens += usage.inputTokens;
    total.outputTokens += usage.outputTokens;
    total.totalTokens += usage.totalTokens;
    for (const key of ['cacheReadInputTokens', 'cacheCreationInputTokens'] as const) {
      const tokens = usage[key];
      if (tokens !== undefined) total[key] = (total[key] ?? 0) + tokens;
    }
  }
  return total;
}

/** Cost of a trace by MLflow's rule; absent when no span has any. */
export function totalCost(spans: readonly SpanFigures[]): Cost | undefined {
  const counted = outermost(spans, ({ cost }) => cost);
  if (counted.length === 0) return undefined;
  const total: Cost = { inputCost: 0, outputCost: 0, totalCost: 0 };
  for (const cost of counted) {
    total.inputCost += cost.inputCost;
    total.outputCost += cost.outputCost;
    total.totalCost += cost.totalCost;
  }
  return total;
}

/**
 * The figures of every span above which no other span has any: MLflow takes a parent's figure to include those of
 * its descendants (frameworks report sums on their own spans), see `_aggregate_from_nodes` in mlflow/tracing/utils.
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
  // A list instead of recursion, because traces may be thousands of spans deep. Below a figure nothing else counts.
  const pending = [...(children.get(undefined) ?? [])];
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    const own = figure(span);
    if (own !== undefined) found.push(own);
    else pending.push(...(children.get(span.spanId) ?? []));
  }
  return found;
}

/** The spelling of `mlflow.chat.tokenUsage` and `mlflow.trace.tokenUsage`. */
export interface WireTokenUsage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
}

/** The spelling of `mlflow.llm.cost` and `mlflow.trace.cost`. */
export interface WireCost {
  input_cost: number;
  output_cost: number;
  total_cost: number;
}

export function toWireTokenUsage(usage: TokenUsage): WireTokenUsage {
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    ...(usage.cacheReadInputTokens === undefined ? {} : { cache_read_input_tokens: usage.cacheReadInputTokens }),
    ...(usage.cacheCreationInputTokens === undefined
      ? {}
      : { cache_creation_input_tokens: usage.cacheCreationInputTokens }),
  };
}

export function toWireCost(cost: Cost): WireCost {
  return { input_cost: cost.inputCost, output_cost: cost.outputCost, total_cost: cost.totalCost };
}

export function readTokenUsage(value: unknown): TokenUsage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const usage = value as Partial<Record<keyof WireTokenUsage, unknown>>;
  const inputTokens = count(usage.input_tokens);
  const outputTokens = count(usage.output_tokens);
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const read = count(usage.cache_read_input_tokens);
  const creation = count(usage.cache_creation_input_tokens);
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    totalTokens: count(usage.total_tokens) ?? 0,
    ...(read === undefined ? {} : { cacheReadInputTokens: read }),
    ...(creation === undefined ? {} : { cacheCreationInputTokens: creation }),
  };
}

export function readCost(value: unknown): Cost | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const cost = value as Partial<Record<keyof WireCost, unknown>>;
  const totalCost = count(cost.total_cost);
  if (totalCost === undefined) return undefined;
  return { inputCost: count(cost.input_cost) ?? 0, outputCost: count(cost.output_cost) ?? 0, totalCost };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
