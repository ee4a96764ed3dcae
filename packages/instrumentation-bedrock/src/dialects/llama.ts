/** Meta Llama models. */

import { asArray, asNumber, asStrings, type JsonValue } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';
import { keepUnknown } from './fold/unknown-members.js';
import { answerMessage, promptInput, withImages } from './messages/text-completion.js';

export const llama: Dialect = {
  name: 'llama',
  operation: 'text_completion',
  matchesRequest: (body) => typeof body['prompt'] === 'string' && body['max_gen_len'] !== undefined,
  matchesResponse: (body) => typeof body['generation'] === 'string',
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_gen_len']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['top_p']),
  }),
  // Models with vision take base64 images beside the prompt, which marks their places.
  readInput: (body) => withImages(promptInput(body['prompt']), asArray(body['images'])),
  readTools: () => [],
  readResponse: (body) => ({
    finishReasons: asStrings([body['stop_reason']]),
    usage: {
      inputTokens: asNumber(body['prompt_token_count']),
      outputTokens: asNumber(body['generation_token_count']),
    },
  }),
  readOutput: (body) =>
    typeof body['generation'] === 'string' ? [answerMessage(body['generation'], body['stop_reason'])] : [],
  createFold: (options) => keepUnknown(createFold(options), OF_CHUNK, options),
};

const OF_CHUNK = new Set(['generation', 'stop_reason', 'prompt_token_count', 'generation_token_count']);

/** Only the first chunk has the prompt count. The generation count grows until the chunk with the stop reason. */
function createFold(options: FoldOptions): StreamFold {
  const texts = new StreamedTexts(options);
  let promptTokens: JsonValue | undefined;
  let generationTokens: JsonValue | undefined;
  return {
    add(chunk) {
      texts.add(chunk['generation'], chunk['stop_reason']);
      promptTokens ??= asNumber(chunk['prompt_token_count']);
      if (texts.isComplete()) generationTokens = asNumber(chunk['generation_token_count']) ?? generationTokens;
    },
    body() {
      const [only] = texts.finish();
      if (!only && promptTokens === undefined && generationTokens === undefined) return undefined;
      return {
        generation: only?.text,
        prompt_token_count: promptTokens,
        generation_token_count: generationTokens,
        stop_reason: only?.reason,
      };
    },
    isComplete: () => texts.isComplete(),
  };
}
