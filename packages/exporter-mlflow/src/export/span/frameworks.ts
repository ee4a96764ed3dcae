import type { Attributes } from '@opentelemetry/api';
import { SPAN_OUTPUTS } from '../../mlflow/names.js';
import { CACHE_READ_TOKENS, CACHE_WRITE_TOKENS, INPUT_TOKENS } from './usage.js';

/**
 * The attributes of a span with additions for MLflow. They repeat attributes of frameworks that no translator of MLflow
 * 3.17 reads, in words that it does read. Undefined if the span needs none.
 */
export function translateFramework(attributes: Attributes): Attributes | undefined {
  if (attributes['ai.operationId'] !== undefined) return translateAiSdk(attributes);
  if (attributes[ANTHROPIC_TOOL_RESULT] !== undefined) return translateAnthropicTool(attributes);
  return undefined;
}

const AI_SDK_EMBEDDINGS = /^ai\.embed(?:Many)?\.doEmbed$/;

/** Spans of the AI SDK, https://ai-sdk.dev/docs/ai-sdk-core/telemetry. */
function translateAiSdk(attributes: Attributes): Attributes | undefined {
  // Only on calls to a model, because the spans above them repeat the sums and would count instead.
  if (AI_SDK_EMBEDDINGS.test(String(attributes['ai.operationId']))) {
    return addMissing(attributes, {
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.request.model': attributes['ai.model.id'],
      [INPUT_TOKENS]: attributes['ai.usage.tokens'],
    });
  }
  // Without these counts, the server charges all input at the price of uncached tokens. The AI SDK reports uncached
  // tokens only if its input tokens include the cached ones, as those of MLflow do.
  if (attributes[INPUT_TOKENS] === undefined) return undefined;
  if (attributes['ai.usage.inputTokenDetails.noCacheTokens'] === undefined) return undefined;
  return addMissing(attributes, {
    [CACHE_READ_TOKENS]: attributes['ai.usage.inputTokenDetails.cacheReadTokens'],
    [CACHE_WRITE_TOKENS]: attributes['ai.usage.inputTokenDetails.cacheWriteTokens'],
  });
}

const ANTHROPIC_TOOL_RESULT = 'anthropic.tool_result.content';

/** Spans of tools that the tool runner of Anthropic's SDK ran. */
function translateAnthropicTool(attributes: Attributes): Attributes | undefined {
  if (attributes[SPAN_OUTPUTS] !== undefined) return undefined;
  return addMissing(attributes, { 'gen_ai.tool.call.result': attributes[ANTHROPIC_TOOL_RESULT] });
}

function addMissing(attributes: Attributes, translated: Attributes): Attributes | undefined {
  const missing = Object.entries(translated).filter(
    ([key, value]) => value !== undefined && attributes[key] === undefined,
  );
  return missing.length === 0 ? undefined : { ...attributes, ...Object.fromEntries(missing) };
}
