/** Token usage: what a provider reports, and the one form in which it is recorded. */

import { inputIncludesCache } from './cached-input.js';
import { asNumber, asString, type JsonObject } from './json.js';

/** Token counts from one source. Undefined means not reported; no count is ever inferred. */
export interface UsageReport {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that the cache keeps for an hour or longer. */
  readonly longCacheWriteTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  /** The parts of `inputTokens` and `outputTokens` that are text or speech. */
  readonly textInputTokens?: number | undefined;
  readonly audioInputTokens?: number | undefined;
  readonly textOutputTokens?: number | undefined;
  readonly audioOutputTokens?: number | undefined;
  /** True if `inputTokens` include cached tokens (OpenAI), false if not (Nova), undefined if the format does not define it. */
  readonly inputIncludesCache?: boolean | undefined;
}

/** Token counts as they are recorded: `inputTokens` include cached tokens once. */
export type TokenUsage = Omit<UsageReport, 'inputIncludesCache'>;

/**
 * Combines the reports of one call. Each count is taken from the first report that has it.
 *
 * @param reports in this order: body, response headers, `amazon-bedrock-invocationMetrics`.
 * @param vendor the company that made the model; undefined if the model id hides it.
 */
export function combineUsage(
  reports: readonly (UsageReport | undefined)[],
  vendor?: string | undefined,
): TokenUsage | undefined {
  const combined: Counts = {};
  let definedByFormat: boolean | undefined;
  for (const report of reports) {
    if (!report) continue;
    definedByFormat ??= report.inputIncludesCache;
    combined.inputTokens ??= asCount(report.inputTokens);
    combined.outputTokens ??= asCount(report.outputTokens);
    combined.totalTokens ??= asCount(report.totalTokens);
    combined.cacheReadTokens ??= asCount(report.cacheReadTokens);
    combined.cacheWriteTokens ??= asCount(report.cacheWriteTokens);
    combined.longCacheWriteTokens ??= asCount(report.longCacheWriteTokens);
    combined.reasoningTokens ??= asCount(report.reasoningTokens);
    combined.textInputTokens ??= asCount(report.textInputTokens);
    combined.audioInputTokens ??= asCount(report.audioInputTokens);
    combined.textOutputTokens ??= asCount(report.textOutputTokens);
    combined.audioOutputTokens ??= asCount(report.audioOutputTokens);
  }
  return normalize(combined, definedByFormat, vendor);
}

type Counts = { -readonly [Key in keyof TokenUsage]: TokenUsage[Key] };

/** Returns undefined if the value is no count of tokens. */
export function asCount(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** @param definedByFormat `inputIncludesCache` of the reports. */
function normalize(
  counts: Counts,
  definedByFormat: boolean | undefined,
  vendor: string | undefined,
): TokenUsage | undefined {
  const { inputTokens, outputTokens } = counts;
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  if (inputTokens === undefined) return counts;
  const cachedTokens = (counts.cacheReadTokens ?? 0) + (counts.cacheWriteTokens ?? 0);
  const isIncluded = definedByFormat ?? inputIncludesCache({ inputTokens, cachedTokens, vendor });
  counts.inputTokens = isIncluded ? inputTokens : inputTokens + cachedTokens;
  if (outputTokens !== undefined) counts.totalTokens = counts.inputTokens + outputTokens;
  return counts;
}

/** Reads `amazon-bedrock-invocationMetrics`, a member of the last chunk of an InvokeModelWithResponseStream answer. */
export function readInvocationMetrics(metrics: JsonObject): UsageReport {
  return {
    inputTokens: asNumber(metrics['inputTokenCount']),
    outputTokens: asNumber(metrics['outputTokenCount']),
    cacheReadTokens: asNumber(metrics['cacheReadInputTokenCount']),
    cacheWriteTokens: asNumber(metrics['cacheWriteInputTokenCount']),
  };
}

/** Reads the response headers of InvokeModel. The service sends them with every text and embedding. */
export function readUsageHeaders(headers: JsonObject): UsageReport {
  const count = (name: string): number | undefined => {
    const value = asString(headers[name]);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  return {
    inputTokens: count('x-amzn-bedrock-input-token-count'),
    outputTokens: count('x-amzn-bedrock-output-token-count'),
    cacheReadTokens: count('x-amzn-bedrock-cache-read-input-token-count'),
    cacheWriteTokens: count('x-amzn-bedrock-cache-write-input-token-count'),
  };
}
