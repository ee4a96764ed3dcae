/** Token usage in OpenAI's formats. */

import { asNumber, asObject, type JsonObject } from '../data/json.js';
import type { UsageReport } from '../data/usage.js';

export function readOpenAiUsage(body: JsonObject): UsageReport | undefined {
  const usage = asObject(body['usage']);
  return (
    usage && {
      inputTokens: asNumber(usage['prompt_tokens']),
      outputTokens: asNumber(usage['completion_tokens']),
      totalTokens: asNumber(usage['total_tokens']),
      cacheReadTokens: asNumber(asObject(usage['prompt_tokens_details'])?.['cached_tokens']),
      reasoningTokens: asNumber(asObject(usage['completion_tokens_details'])?.['reasoning_tokens']),
      inputIncludesCache: true,
    }
  );
}

/** The usage of an answer that did not finish: input figures are final from the start, output figures still grow. */
export function withoutOutput(usage: JsonObject | undefined): JsonObject | undefined {
  if (!usage) return undefined;
  const { completion_tokens, completion_tokens_details, total_tokens, ...input } = usage;
  return input;
}
