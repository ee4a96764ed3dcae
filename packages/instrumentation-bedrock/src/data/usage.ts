/** Token usage: what a provider reported, and the one form in which it is recorded. */

import { asNumber, asString, type JsonObject } from './json.js';

/** Token counts as one source gives them. Absent or undefined means not reported; nothing is ever inferred. */
export interface UsageReport {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that is kept for an hour or longer. */
  readonly longCacheWriteTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  /** Whether the provider's `inputTokens` contain the cached ones, where the format tells: OpenAI's do, Nova's do not. */
  readonly inputIncludesCache?: boolean | undefined;
}

/** Token counts as recorded: `inputTokens` contain cached tokens, once. */
export type TokenUsage = Omit<UsageReport, 'inputIncludesCache'>;

/**
 * Combines reports of one call, each figure from the first that has it: body, then response headers, then
 * `amazon-bedrock-invocationMetrics`.
 *
 * @param vendor who made the model, where that is known; some report cached tokens in a way of their own.
 */
export function combineUsage(
  reports: readonly (UsageReport | undefined)[],
  vendor?: string | undefined,
): TokenUsage | undefined {
  const combined: Counts = {};
  let inputIncludesCache: boolean | undefined;
  for (const report of reports) {
    if (!report) continue;
    inputIncludesCache ??= report.inputIncludesCache;
    combined.inputTokens ??= asCount(report.inputTokens);
    combined.outputTokens ??= asCount(report.outputTokens);
    combined.totalTokens ??= asCount(report.totalTokens);
    combined.cacheReadTokens ??= asCount(report.cacheReadTokens);
    combined.cacheWriteTokens ??= asCount(report.cacheWriteTokens);
    combined.longCacheWriteTokens ??= asCount(report.longCacheWriteTokens);
    combined.reasoningTokens ??= asCount(report.reasoningTokens);
  }
  return normalize(combined, inputIncludesCache, vendor);
}

type Counts = { -readonly [Key in keyof TokenUsage]: TokenUsage[Key] };

function asCount(value: number | undefined): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? value : undefined;
}

function normalize(
  counts: Counts,
  inputIncludesCache: boolean | undefined,
  vendor: string | undefined,
): TokenUsage | undefined {
  const { inputTokens, outputTokens, totalTokens } = counts;
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const cached = (counts.cacheReadTokens ?? 0) + (counts.cacheWriteTokens ?? 0);
  // OpenAI's models report input tokens on ConverseStream that contain the cached ones already, and on Converse input
  // tokens that do not; their own total tells which. It is asked where it can be one of them: behind an ARN as well.
  const included =
    inputIncludesCache ??
    ((vendor === undefined || vendor === 'openai') &&
      totalTokens !== undefined &&
      totalTokens === (inputTokens ?? 0) + (outputTokens ?? 0));
  const input = inputTokens === undefined || included ? inputTokens : inputTokens + cached;
  if (input !== undefined) counts.inputTokens = input;
  if (input !== undefined && outputTokens !== undefined) counts.totalTokens = input + outputTokens;
  return counts;
}

/** `amazon-bedrock-invocationMetrics` of the last chunk of an InvokeModelWithResponseStream answer. */
export function readInvocationMetrics(metrics: JsonObject): UsageReport {
  return {
    inputTokens: asNumber(metrics['inputTokenCount']),
    outputTokens: asNumber(metrics['outputTokenCount']),
    cacheReadTokens: asNumber(metrics['cacheReadInputTokenCount']),
    cacheWriteTokens: asNumber(metrics['cacheWriteInputTokenCount']),
  };
}

/** Token counts in the response headers of InvokeModel; the service sends them on every text and embedding answer. */
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
