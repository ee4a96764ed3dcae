/** Readers that OpenAI's chat format and completions format share. */

import type { RequestParameters, ResponseFacts } from '../data/facts.js';
import { asNumber, asObject, asObjects, asString, asStrings, type JsonObject, type JsonValue } from '../data/json.js';
import { asWord } from '../data/words.js';
import { readReasoning } from './parameters/reasoning.js';
import { readToolChoice } from './parameters/tool-choice.js';

export function readOpenAiParameters(body: JsonObject): RequestParameters {
  const stop = asString(body['stop']);
  return {
    maxTokens: asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']) ?? asNumber(body['topP']),
    stopSequences: stop === undefined ? asStrings(body['stop']) : [stop],
    seed: asNumber(body['seed']),
    frequencyPenalty: asNumber(body['frequency_penalty']),
    presencePenalty: asNumber(body['presence_penalty']),
    choiceCount: asNumber(body['n']),
    outputType: outputType(body),
    ...readReasoning(body),
    toolChoice: readToolChoice(body['tool_choice'] ?? body['function_call']),
    serviceTier: asWord(body['service_tier']),
  };
}

function outputType(body: JsonObject): RequestParameters['outputType'] {
  if (asStrings(body['modalities'])?.includes('audio')) return 'speech';
  return asString(asObject(body['response_format'])?.['type'])?.startsWith('json') ? 'json' : undefined;
}

export function readOpenAiResponse(body: JsonObject): ResponseFacts {
  const usage = asObject(body['usage']);
  const details = asObject(usage?.['prompt_tokens_details']);
  const outputDetails = asObject(usage?.['completion_tokens_details']);
  return {
    id: asString(body['id']),
    model: asString(body['model']),
    serviceTier: asWord(body['service_tier']),
    finishReasons: asStrings(asObjects(body['choices']).map(choiceReason)),
    usage: usage && {
      inputTokens: asNumber(usage['prompt_tokens']),
      outputTokens: asNumber(usage['completion_tokens']),
      totalTokens: asNumber(usage['total_tokens']),
      // Moonshot and DeepSeek have counts of their own beside OpenAI's.
      cacheReadTokens:
        asNumber(details?.['cached_tokens']) ??
        asNumber(usage['cached_tokens']) ??
        asNumber(usage['prompt_cache_hit_tokens']),
      cacheWriteTokens: asNumber(details?.['cache_write_tokens']),
      reasoningTokens: asNumber(outputDetails?.['reasoning_tokens']),
      textInputTokens: asNumber(details?.['text_tokens']),
      audioInputTokens: asNumber(details?.['audio_tokens']),
      textOutputTokens: asNumber(outputDetails?.['text_tokens']),
      audioOutputTokens: asNumber(outputDetails?.['audio_tokens']),
      inputIncludesCache: true,
    },
  };
}

/** Returns the finish reason of a choice. Mistral and DeepSeek call it `stop_reason`. */
export function choiceReason(choice: JsonObject): JsonValue | undefined {
  return choice['finish_reason'] ?? choice['stop_reason'];
}
