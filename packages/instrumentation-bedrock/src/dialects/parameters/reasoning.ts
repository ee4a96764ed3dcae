/** How much a request asks the model to reason. Every provider has members of its own. */

import type { RequestParameters } from '../../data/facts.js';
import { asNumber, asObject, type JsonObject } from '../../data/json.js';
import { asWord } from '../../data/words.js';

/**
 * Reads the effort of reasoning and the token budget for it, as sent.
 *
 * @param body a model's own request, or the additional fields of a Converse request.
 */
export function readReasoning(body: JsonObject): RequestParameters {
  const { reasoning_config: config } = body;
  const effort =
    // Claude, gpt-oss and others with OpenAI's format.
    asWord(asObject(body['output_config'])?.['effort']) ??
    asWord(body['reasoning_effort']) ??
    asWord(asObject(body['reasoning'])?.['effort']) ??
    // Nova 2: https://docs.aws.amazon.com/nova/latest/nova2-userguide/request-response-schema.html
    asWord(novaReasoning(body)?.['maxReasoningEffort']) ??
    // Qwen and DeepSeek. Claude has an object of this name.
    asWord(config);
  const budget =
    asNumber(asObject(body['thinking'])?.['budget_tokens']) ?? asNumber(asObject(config)?.['budget_tokens']);
  return { reasoningLevel: effort, reasoningBudget: budget };
}

function novaReasoning(body: JsonObject): JsonObject | undefined {
  return asObject(body['reasoningConfig']) ?? asObject(asObject(body['inferenceConfig'])?.['reasoningConfig']);
}
