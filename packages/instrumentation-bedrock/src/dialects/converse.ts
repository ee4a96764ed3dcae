/** The Converse API, which is the same for every model. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  firstKey,
  type JsonObject,
  type JsonValue,
} from '../data/json.js';
import { finishReason } from '../data/messages.js';
import { stringify } from '../data/numbers.js';
import type { UsageReport } from '../data/usage.js';
import { asWord } from '../data/words.js';
import type { Dialect } from './dialect.js';
import { createConverseFold } from './fold/converse-fold.js';
import { readConversation, readMessage, readToolConfig } from './messages/content-blocks.js';
import { readReasoning } from './parameters/reasoning.js';
import { readToolChoice } from './parameters/tool-choice.js';
import { viewConverseRequest, viewConverseResponse } from './view/converse.js';

export const converse: Dialect = {
  name: 'converse',
  operation: 'chat',
  chatView: { format: 'bedrock', request: viewConverseRequest, response: viewConverseResponse },
  matchesRequest: () => false,
  matchesResponse: () => false,
  readParameters(body) {
    const inference = asMembers(body['inferenceConfig']);
    // Converse has no member for top_k. Models that support it read it from the additional fields.
    const additional = asMembers(body['additionalModelRequestFields']);
    const { reasoningLevel, reasoningBudget } = readReasoning(additional);
    const output = asObject(body['outputConfig']);
    return {
      maxTokens: asNumber(inference['maxTokens']),
      temperature: asNumber(inference['temperature']),
      topP: asNumber(inference['topP']),
      topK:
        asNumber(additional['top_k']) ??
        asNumber(additional['topK']) ??
        asNumber(asObject(additional['inferenceConfig'])?.['topK']),
      stopSequences: asStrings(inference['stopSequences']),
      outputType: asObject(output?.['textFormat'])?.['type'] === 'json_schema' ? 'json' : undefined,
      reasoningLevel: asWord(output?.['effort']) ?? reasoningLevel,
      reasoningBudget,
      toolChoice: readToolChoice(asObject(body['toolConfig'])?.['toolChoice']),
    };
  },
  readInput: (body) => ({
    ...readConversation(body),
    promptVariables: readPromptVariables(asObject(body['promptVariables'])),
  }),
  readTools: readToolConfig,
  readResponse(body) {
    const reason = asString(body['stopReason']);
    const router = asObject(asObject(body['trace'])?.['promptRouter']);
    return {
      model: asString(router?.['invokedModelId']),
      finishReasons: reason === undefined ? undefined : [reason],
      usage: readConverseUsage(asObject(body['usage'])),
    };
  },
  readOutput(body) {
    const raw = asObject(asObject(body['output'])?.['message']);
    if (!raw) return [];
    const { role, parts: content } = readMessage(raw);
    const fields = body['additionalModelResponseFields'] ?? undefined;
    const further = fields === undefined ? [] : [{ type: 'additional_model_response_fields', content: fields }];
    const parts = [...content, ...further];
    return [{ role, parts, finish_reason: finishReason(asString(body['stopReason'])) }];
  },
  createFold: ({ content }) => createConverseFold({ content, isTextSplit: false }),
  chunkName: firstKey,
};

/** Further variables are in `mlflow.spanInputs` only: a span can hold only so many attributes. */
const MAX_PROMPT_VARIABLES = 32;

/** Text is the only kind of value that the API defines. Others become JSON text. */
function readPromptVariables(variables: JsonObject | undefined): ReadonlyMap<string, string> | undefined {
  if (!variables) return undefined;
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(variables).slice(0, MAX_PROMPT_VARIABLES)) {
    if (asWord(name) !== undefined) read.set(name, asString(asObject(value)?.['text']) ?? stringify(value ?? null));
  }
  return read;
}

/** Reads `usage`. Nova's own format, and in places the service, name cached tokens `…TokenCount`. */
export function readConverseUsage(usage: JsonObject | undefined): UsageReport | undefined {
  if (!usage) return undefined;
  return {
    inputTokens: asNumber(usage['inputTokens']),
    outputTokens: asNumber(usage['outputTokens']),
    totalTokens: asNumber(usage['totalTokens']),
    cacheReadTokens: asNumber(usage['cacheReadInputTokens']) ?? asNumber(usage['cacheReadInputTokenCount']),
    cacheWriteTokens: asNumber(usage['cacheWriteInputTokens']) ?? asNumber(usage['cacheWriteInputTokenCount']),
    longCacheWriteTokens: longCacheWrites(usage['cacheDetails']),
  };
}

/** Sums the cache writes that the service keeps for an hour. The other time to live is `5m`. */
function longCacheWrites(details: JsonValue | undefined): number | undefined {
  let sum: number | undefined;
  for (const detail of asObjects(details)) {
    const tokens = asNumber(detail['inputTokens']);
    if (detail['ttl'] === '1h' && tokens !== undefined) sum = (sum ?? 0) + tokens;
  }
  return sum;
}
