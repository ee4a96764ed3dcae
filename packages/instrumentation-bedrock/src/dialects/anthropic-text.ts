/** Anthropic's text completions, the format of Claude 2 and Claude Instant. */

import { asNumber, asString, asStrings } from '../data/json.js';
import { completionMessage, createTextsFold, promptInput, strings, withoutText } from './completions.js';
import type { Dialect } from './dialect.js';

export const anthropicText: Dialect = {
  name: 'anthropic-text',
  operation: 'text_completion',
  matchesRequest: (body) => typeof body['prompt'] === 'string' && body['max_tokens_to_sample'] !== undefined,
  matchesResponse: (body) => typeof body['completion'] === 'string',
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens_to_sample']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']),
    topK: asNumber(body['top_k']),
    stopSequences: asStrings(body['stop_sequences']),
  }),
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  // Token counts come in headers and stream metrics only.
  readResponse: (body) => ({ id: asString(body['id']), finishReasons: strings([body['stop_reason']]) }),
  readOutput: (body) =>
    typeof body['completion'] === 'string' ? [completionMessage(body['completion'], body['stop_reason'])] : [],
  createFold: () =>
    createTextsFold(
      (chunk) => [{ text: chunk['completion'] ?? null, reason: chunk['stop_reason'] ?? null }],
      ([{ text, reason } = { text: '' }]) => ({ type: 'completion', completion: text, stop_reason: reason ?? null }),
    ),
  withoutContent: (chunk) => withoutText(chunk, 'completion'),
};
