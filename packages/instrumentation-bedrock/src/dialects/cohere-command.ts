/** Cohere Command and Command Light. */

import { asArray, asNumber, asString, asStrings, isObject, type JsonObject, type JsonValue } from '../data/json.js';
import { completionMessage, createTextsFold, promptInput, strings, withoutText } from './completions.js';
import type { Dialect, StreamFold } from './dialect.js';

export const cohereCommand: Dialect = {
  name: 'cohere-command',
  operation: 'text_completion',
  matchesRequest: (body) =>
    typeof body['prompt'] === 'string' && (body['num_generations'] !== undefined || body['p'] !== undefined),
  matchesResponse: (body) => Array.isArray(body['generations']) || typeof body['is_finished'] === 'boolean',
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['p']),
    topK: asNumber(body['k']),
    stopSequences: asStrings(body['stop_sequences']),
    choiceCount: asNumber(body['num_generations']),
  }),
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => {
    const reasons = strings(generations(body).map((generation) => generation['finish_reason']));
    // A stream may give one reason for all its generations.
    return { id: asString(body['id']), finishReasons: reasons.length > 0 ? reasons : strings([body['finish_reason']]) };
  },
  readOutput: (body) =>
    generations(body).map((generation) =>
      completionMessage(generation['text'], generation['finish_reason'] ?? body['finish_reason']),
    ),
  createFold,
  withoutContent: (chunk) =>
    Array.isArray(chunk['generations'])
      ? { ...chunk, generations: generations(chunk).map((generation) => withoutText(generation, 'text')) }
      : withoutText(chunk, 'text'),
};

function generations(body: JsonObject): JsonObject[] {
  return asArray(body['generations']).filter(isObject);
}

/** Asked without `"stream": true`, the whole answer comes as one chunk. */
function createFold(): StreamFold {
  let whole: JsonObject | undefined;
  let reason: JsonValue | undefined;
  const generations = createTextsFold(
    (chunk) => {
      const index = asNumber(chunk['index']);
      const own = index === undefined ? null : (chunk['finish_reason'] ?? null);
      return [{ index, text: chunk['text'] ?? null, reason: own }];
    },
    (texts) => ({
      generations: texts.map(({ text, reason: own }) => ({ text, ...(own ? { finish_reason: own } : {}) })),
    }),
  );
  return {
    add(chunk) {
      if (Array.isArray(chunk['generations'])) whole = { ...whole, ...chunk };
      else generations.add(chunk);
      if (typeof chunk['finish_reason'] === 'string') reason = chunk['finish_reason'];
    },
    body() {
      if (whole) return whole;
      const folded = generations.body();
      if (!folded && reason === undefined) return undefined;
      return { generations: [], ...folded, finish_reason: reason ?? null };
    },
    isComplete: () => whole !== undefined || reason !== undefined,
  };
}
