import { isRecord } from '../common/json.js';
import { TRACE_COST, TRACE_TOKEN_USAGE } from './names.js';

/** Token counts of a span or of a whole trace. */
export interface TokenUsage {
  /** Includes tokens read from a prompt cache and written to it. */
  inputTokens: number;
  /** Includes tokens of reasoning. */
  outputTokens: number;
  /** Input and output. */
  totalTokens: number;
  /** Part of `inputTokens`. Absent if unknown. */
  cacheReadInputTokens?: number;
  /** Part of `inputTokens`. Absent if unknown. */
  cacheCreationInputTokens?: number;
  /** Part of `cacheCreationInputTokens` that the cache keeps for one hour, at a higher price. Absent if unknown. */
  cacheCreationInputTokensAbove1hr?: number;
}

/** Counts that a usage may lack, with the names that MLflow gives to them. */
export const CACHE_COUNTS = {
  cacheReadInputTokens: 'cache_read_input_tokens',
  cacheCreationInputTokens: 'cache_creation_input_tokens',
  cacheCreationInputTokensAbove1hr: 'cache_creation_input_tokens_above_1hr',
} as const;

/** The keys of {@link CACHE_COUNTS}. */
export const CACHE_KEYS = Object.keys(CACHE_COUNTS) as (keyof typeof CACHE_COUNTS)[];

/** Cost in US dollars, as MLflow computed it from token usage and model. */
export interface Cost {
  /** Of the input tokens. */
  inputCost: number;
  /** Of the output tokens. */
  outputCost: number;
  /** Of both. */
  totalCost: number;
}

/** Figures of a whole trace. */
export interface Totals {
  tokenUsage?: TokenUsage | undefined;
  cost?: Cost | undefined;
}

/** Reads the object in `mlflow.chat.tokenUsage` or `mlflow.trace.tokenUsage`; undefined if it holds no counts. */
export function readTokenUsage(value: unknown): TokenUsage | undefined {
  if (!isRecord(value)) return undefined;
  const inputTokens = finite(value['input_tokens']);
  const outputTokens = finite(value['output_tokens']);
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const usage: TokenUsage = {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    totalTokens: finite(value['total_tokens']) ?? 0,
  };
  for (const key of CACHE_KEYS) {
    const count = finite(value[CACHE_COUNTS[key]]);
    if (count !== undefined) usage[key] = count;
  }
  return usage;
}

/** Reads the object in `mlflow.llm.cost` or `mlflow.trace.cost`; undefined if it holds no total. */
export function readCost(value: unknown): Cost | undefined {
  if (!isRecord(value)) return undefined;
  const totalCost = finite(value['total_cost']);
  if (totalCost === undefined) return undefined;
  return { inputCost: finite(value['input_cost']) ?? 0, outputCost: finite(value['output_cost']) ?? 0, totalCost };
}

/** Metadata of a trace record that sets the totals. The server takes them as those of the whole trace. */
export function totalsMetadata({ tokenUsage, cost }: Totals): Record<string, string> {
  return {
    ...(tokenUsage === undefined ? {} : { [TRACE_TOKEN_USAGE]: writeTokenUsage(tokenUsage) }),
    ...(cost === undefined ? {} : { [TRACE_COST]: writeCost(cost) }),
  };
}

/** The JSON of `mlflow.chat.tokenUsage` and `mlflow.trace.tokenUsage`. */
export function writeTokenUsage(usage: TokenUsage): string {
  return JSON.stringify({
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    // JSON leaves out members that are undefined.
    ...Object.fromEntries(CACHE_KEYS.map((key) => [CACHE_COUNTS[key], usage[key]])),
  });
}

/** The JSON of `mlflow.llm.cost` and `mlflow.trace.cost`. */
export function writeCost(cost: Cost): string {
  return JSON.stringify({ input_cost: cost.inputCost, output_cost: cost.outputCost, total_cost: cost.totalCost });
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
