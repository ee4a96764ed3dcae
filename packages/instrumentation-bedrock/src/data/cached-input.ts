/** Whether the input tokens that a provider reports include the cached ones. The API is the same, the models differ. */

/** The part of a usage report that decides. */
interface ReportedInput {
  readonly inputTokens: number;
  /** Read from the cache and written to it. */
  readonly cachedTokens: number;
  /** The company that made the model; undefined if the model id hides it. */
  readonly vendor: string | undefined;
}

/** By vendor: true if its models include cached tokens, whatever their total suggests. */
const INCLUDES_CACHE: ReadonlyMap<string, boolean> = new Map([
  // Amazon Bedrock User Guide, "Prompt caching": "inputTokens" are those that were neither read nor written. All recorded
  // exchanges with these two agree.
  ['anthropic', false],
  ['amazon', false],
  // https://github.com/earendil-works/pi/issues/8752: the input includes cached tokens, and the total adds them again.
  ['xai', true],
]);

/**
 * Returns true if the input tokens include the cached ones. Only for reports whose format does not define it: Converse,
 * response headers and stream metrics.
 *
 * The total does not help. If it is the sum of input and output, the input includes the cached tokens. If it adds the
 * cached tokens, it is correct for one model and counts them twice for another: OpenAI's models have reported both for
 * one prompt (https://github.com/maximhq/bifrost/pull/6942). So the smaller figure counts, also without a total.
 */
export function inputIncludesCache({ inputTokens, cachedTokens, vendor = '' }: ReportedInput): boolean {
  // A part cannot be larger than the whole.
  if (cachedTokens > inputTokens) return false;
  return INCLUDES_CACHE.get(vendor) ?? true;
}
