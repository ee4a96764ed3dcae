/** Token usage in what a node of a flow got from a model, in the format of any model. */

import { asNumber, asObject, asString, type JsonObject, type JsonValue, parseJson } from '../../data/json.js';
import type { UsageReport } from '../../data/usage.js';

/** The names of the figures in Converse, Anthropic's, OpenAI's and Amazon's formats. */
const NAMES: Readonly<Record<keyof ActionUsage, readonly string[]>> = {
  inputTokens: ['inputTokens', 'input_tokens', 'prompt_tokens', 'inputTokenCount'],
  outputTokens: ['outputTokens', 'output_tokens', 'completion_tokens', 'outputTokenCount'],
  cacheReadTokens: ['cacheReadInputTokens', 'cache_read_input_tokens', 'cacheReadInputTokenCount'],
  cacheWriteTokens: ['cacheWriteInputTokens', 'cache_creation_input_tokens', 'cacheWriteInputTokenCount'],
};

type ActionUsage = Pick<UsageReport, 'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens'>;

/** Reads `usage` of an answer, or of the model's own answer in its `body`. Undefined if there is none. */
export function readActionUsage(response: JsonObject): ActionUsage | undefined {
  const usage = asObject(response['usage']) ?? asObject(objectIn(response['body'])?.['usage']);
  return usage && firstOf(usage);
}

/** Returns the object in a payload: itself, or in its JSON text. Undefined if there is none. */
export function objectIn(payload: JsonValue | undefined): JsonObject | undefined {
  const text = asString(payload);
  return asObject(text === undefined ? payload : parseJson(text));
}

function firstOf(usage: JsonObject): ActionUsage {
  const found: { -readonly [Name in keyof ActionUsage]: number } = {};
  for (const name of Object.keys(NAMES) as (keyof ActionUsage)[]) {
    const figure = NAMES[name].map((each) => asNumber(usage[each])).find((each) => each !== undefined);
    if (figure !== undefined) found[name] = figure;
  }
  return found;
}
