/** OpenAI's text completions format: DeepSeek R1, imported models, Marketplace endpoints. */

import {
  asArray,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../data/json.js';
import type { Dialect, FoldOptions, StreamFold } from './dialect.js';
import { readOpenAiUsage, withoutOutput } from './openai-usage.js';
import { completionMessage, promptInput, StreamedTexts } from './text-completion.js';

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
    finishReasons: asStrings(choices(body).map(reason)),
    usage: readOpenAiUsage(body),
  }),
  readOutput: (body) => choices(body).map((choice) => completionMessage(choice['text'], reason(choice))),
  createFold,
};

function choices(body: JsonObject): JsonObject[] {
  return asObjects(body['choices']);
}

/** DeepSeek calls it `stop_reason`. */
function reason(choice: JsonObject): JsonValue | undefined {
  return choice['finish_reason'] ?? choice['stop_reason'];
}

function createFold(options: FoldOptions): StreamFold {
  const texts = new StreamedTexts(options);
  let id: JsonValue | undefined;
  let model: JsonValue | undefined;
  let usage: JsonObject | undefined;
  return {
    add(chunk) {
      for (const choice of choices(chunk)) texts.add(choice['text'], reason(choice), choice['index']);
      // The service's metrics may come in a chunk of their own, which has neither.
      id ??= chunk['id'];
      model ??= chunk['model'];
      usage = asObject(chunk['usage']) ?? usage;
    },
    body() {
      const finished = texts.finish().map(({ text, reason: why }) => ({ text, finish_reason: why ?? null }));
      if (finished.length === 0) return undefined;
      return { id, model, choices: finished, usage: texts.isComplete() ? usage : withoutOutput(usage) };
    },
    isComplete: () => texts.isComplete(),
  };
}
