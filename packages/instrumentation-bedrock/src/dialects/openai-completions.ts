/** OpenAI's text completions format: DeepSeek R1, imported models, Marketplace endpoints. */

import { asArray, asNumber, asString, asStrings, isObject, type JsonObject, type JsonValue } from '../data/json.js';
import { completionMessage, createTextsFold, promptInput, strings, withoutText } from './completions.js';
import type { Dialect, StreamFold } from './dialect.js';
import { readOpenAiUsage } from './openai-usage.js';

export const openAiCompletions: Dialect = {
  name: 'openai-completions',
  operation: 'text_completion',
  // The plainest of the prompt formats: what no more telling member marks as another family's.
  matchesRequest: (body) => typeof body['prompt'] === 'string',
  matchesResponse: (body) => asArray(body['choices']).some((choice) => isObject(choice) && 'text' in choice),
  readParameters(body) {
    const stop = asString(body['stop']);
    return {
      maxTokens: asNumber(body['max_tokens']),
      temperature: asNumber(body['temperature']),
      topP: asNumber(body['top_p']) ?? asNumber(body['topP']),
      stopSequences: stop === undefined ? asStrings(body['stop']) : [stop],
      seed: asNumber(body['seed']),
      frequencyPenalty: asNumber(body['frequency_penalty']),
      presencePenalty: asNumber(body['presence_penalty']),
      choiceCount: asNumber(body['n']),
    };
  },
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => ({
    id: asString(body['id']),
    model: asString(body['model']),
    finishReasons: strings(choices(body).map(reason)),
    usage: readOpenAiUsage(body),
  }),
  readOutput: (body) => choices(body).map((choice) => completionMessage(choice['text'], reason(choice))),
  createFold,
  withoutContent: (chunk) => ({ ...chunk, choices: choices(chunk).map((choice) => withoutText(choice, 'text')) }),
};

function choices(body: JsonObject): JsonObject[] {
  return asArray(body['choices']).filter(isObject);
}

/** DeepSeek calls it `stop_reason`. */
function reason(choice: JsonObject): JsonValue | undefined {
  return choice['finish_reason'] ?? choice['stop_reason'];
}

function createFold(): StreamFold {
  let id: JsonValue | undefined;
  let model: JsonValue | undefined;
  let usage: JsonValue | undefined;
  const texts = createTextsFold(
    (chunk) =>
      choices(chunk).map((choice) => ({
        index: choice['index'],
        text: choice['text'] ?? null,
        reason: reason(choice) ?? null,
      })),
    (folded) => ({ choices: folded.map(({ text, reason: why }) => ({ text, finish_reason: why ?? null })) }),
  );
  return {
    ...texts,
    add(chunk) {
      texts.add(chunk);
      // The service's metrics may come in a chunk of their own, which has neither.
      id ??= chunk['id'];
      model ??= chunk['model'];
      usage = chunk['usage'] ?? usage;
    },
    body() {
      const folded = texts.body();
      return folded && { id, model, ...folded, ...(usage ? { usage } : {}) };
    },
  };
}
