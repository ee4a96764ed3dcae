import type { Cost, TokenUsage } from '../figures.js';
import type { ModelPrices } from './price-list.js';

/**
 * The cost of a model call, by the formula of `cost_per_token` in mlflow/utils/providers.py. Cached tokens are part of the
 * input. Undefined without tokens, and for a sum beyond the range of numbers.
 */
export function costOf(usage: TokenUsage, prices: ModelPrices): Cost | undefined {
  const { inputTokens, outputTokens, cacheReadInputTokens: read = 0, cacheCreationInputTokens: written = 0 } = usage;
  if (inputTokens === 0 && outputTokens === 0) return undefined;
  const { input = 0, output = 0, cacheRead = input, cacheWrite = input, cacheWriteAbove1hr = cacheWrite } = prices;
  const writtenAbove1hr = Math.min(usage.cacheCreationInputTokensAbove1hr ?? 0, written);
  // In the order of Python's additions, so that both clients get the same number to the last digit.
  let inputCost = Math.max(inputTokens - read - written, 0) * input;
  inputCost += read * cacheRead;
  inputCost += (written - writtenAbove1hr) * cacheWrite;
  inputCost += writtenAbove1hr * cacheWriteAbove1hr;
  const outputCost = outputTokens * output;
  const totalCost = inputCost + outputCost;
  // JSON has no infinite numbers, and the server would refuse the request.
  return Number.isFinite(totalCost) ? { inputCost, outputCost, totalCost } : undefined;
}
