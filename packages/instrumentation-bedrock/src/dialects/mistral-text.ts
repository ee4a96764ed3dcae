/** Mistral's instruct models that take a prompt: 7B, Mixtral, Small and Large of February 2024. */

import { asArray, asNumber, asStrings, isObject } from '../data/json.js';
import { completionMessage, createTextsFold, promptInput, strings, withoutText } from './completions.js';
import type { Dialect } from './dialect.js';

export const mistralText: Dialect = {
  name: 'mistral-text',
  operation: 'text_completion',
  // `prompt` and `max_tokens` alone say nothing: several families have just these. The answer tells.
  matchesRequest: () => false,
  matchesResponse: (body) => asArray(body['outputs']).some((output) => isObject(output) && 'text' in output),
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']),
    topK: asNumber(body['top_k']),
    stopSequences: asStrings(body['stop']),
  }),
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => ({
    finishReasons: strings(
      asArray(body['outputs'])
        .filter(isObject)
        .map((output) => output['stop_reason']),
    ),
  }),
  readOutput: (body) =>
    asArray(body['outputs'])
      .filter(isObject)
      .map((output) => completionMessage(output['text'], output['stop_reason'])),
  createFold: () =>
    createTextsFold(
      (chunk) =>
        asArray(chunk['outputs'])
          .filter(isObject)
          .map((output, index) => ({ index, text: output['text'] ?? null, reason: output['stop_reason'] ?? null })),
      (texts) => ({ outputs: texts.map(({ text, reason }) => ({ text, stop_reason: reason ?? null })) }),
    ),
  withoutContent: (chunk) => ({
    ...chunk,
    outputs: asArray(chunk['outputs'])
      .filter(isObject)
      .map((output) => withoutText(output, 'text')),
  }),
};
