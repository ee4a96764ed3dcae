/** Token usage of Anthropic's Messages. */

import { asNumber, asObject, isObject, type JsonObject, type JsonValue } from '../data/json.js';
import { asCount, type UsageReport } from '../data/usage.js';

/** Reads `usage` of an answer. Its input tokens exclude cached ones (Anthropic's guide "Prompt caching"). */
export function readAnthropicUsage(usage: JsonObject | undefined): UsageReport | undefined {
  if (!usage) return undefined;
  return {
    ...readCounts(usage),
    ...sumIterations(usage['iterations']),
    reasoningTokens: asNumber(asObject(usage['output_tokens_details'])?.['thinking_tokens']),
    inputIncludesCache: false,
  };
}

interface Counts {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  cacheReadTokens?: number | undefined;
  cacheWriteTokens?: number | undefined;
  longCacheWriteTokens?: number | undefined;
}

function readCounts(usage: JsonObject): Counts {
  return {
    inputTokens: asCount(usage['input_tokens']),
    outputTokens: asCount(usage['output_tokens']),
    cacheReadTokens: asCount(usage['cache_read_input_tokens']),
    cacheWriteTokens: asCount(usage['cache_creation_input_tokens']),
    longCacheWriteTokens: asCount(asObject(usage['cache_creation'])?.['ephemeral_1h_input_tokens']),
  };
}

/**
 * Sums the billed iterations of an answer. `usage` itself leaves out the iterations of compaction and of advisors, and
 * includes the others (`BetaUsage` in Anthropic's SDKs; Amazon Bedrock User Guide, "Compaction").
 *
 * @returns the counts that the iterations state. None if an iteration lacks its input or output: the sum would be too low.
 */
function sumIterations(iterations: JsonValue | undefined): Counts {
  if (!Array.isArray(iterations) || !iterations.every(isObject)) return {};
  const sum: Counts = {};
  for (const iteration of withoutDeclined(iterations)) {
    const counts = readCounts(iteration);
    if (counts.inputTokens === undefined || counts.outputTokens === undefined) return {};
    for (const name of Object.keys(counts) as (keyof Counts)[]) {
      if (counts[name] !== undefined) sum[name] = (sum[name] ?? 0) + counts[name];
    }
  }
  return sum;
}

/**
 * Leaves out the attempts of models that declined. If another model answered, its last iteration is a `fallback_message`.
 * Its earlier iterations and those of the models before it are of type `message` (Anthropic's guide "Refusals and
 * fallback").
 */
function withoutDeclined(iterations: readonly JsonObject[]): readonly JsonObject[] {
  const answer = iterations.findLast(({ type }) => type === 'fallback_message');
  if (!answer) return iterations;
  const { model } = answer;
  return iterations.filter((each) => each['type'] !== 'message' || (model !== undefined && each['model'] === model));
}
