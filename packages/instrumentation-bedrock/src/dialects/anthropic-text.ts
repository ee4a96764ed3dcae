/** Anthropic's text completions, the format of Claude 2 and Claude Instant. */

import { asNumber, asString, asStrings } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';
import { keepUnknown } from './fold/unknown-members.js';
import { completionMessage, promptInput } from './messages/text-completion.js';

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
  // The body has no token counts. Only response headers and stream metrics have them.
  readResponse: (body) => ({ id: asString(body['id']), finishReasons: asStrings([body['stop_reason']]) }),
  readOutput: (body) =>
    typeof body['completion'] === 'string' ? [completionMessage(body['completion'], body['stop_reason'])] : [],
  createFold: (options) => keepUnknown(createFold(options), OF_CHUNK, options),
};

const OF_CHUNK = new Set(['type', 'completion', 'stop_reason']);

function createFold(options: FoldOptions): StreamFold {
  const texts = new StreamedTexts(options);
  return {
    add: (chunk) => texts.add(chunk['completion'], chunk['stop_reason']),
    body() {
      const [only] = texts.finish();
      return only && { type: 'completion', completion: only.text, stop_reason: only.reason ?? null };
    },
    isComplete: () => texts.isComplete(),
  };
}
