/** Meta Llama models. */

import { asNumber, asString, type JsonObject } from '../data/json.js';
import { completionMessage, promptInput, strings, withoutText } from './completions.js';
import type { Dialect, StreamFold } from './dialect.js';
import { addPiece, type StreamedText } from './streamed-text.js';

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
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => ({
    finishReasons: strings([body['stop_reason']]),
    usage: {
      inputTokens: asNumber(body['prompt_token_count']),
      outputTokens: asNumber(body['generation_token_count']),
    },
  }),
  readOutput: (body) =>
    typeof body['generation'] === 'string' ? [completionMessage(body['generation'], body['stop_reason'])] : [],
  createFold,
  withoutContent: (chunk) => withoutText(chunk, 'generation'),
};

/** The prompt count stands on the first chunk only; the generation count is cumulative. */
function createFold(): StreamFold {
  const body: JsonObject = {};
  let generation: StreamedText | undefined;
  return {
    add(chunk) {
      const text = asString(chunk['generation']);
      if (text !== undefined) generation = addPiece(generation, text);
      for (const key of ['prompt_token_count', 'generation_token_count', 'stop_reason']) {
        const value = chunk[key];
        if (value !== undefined && value !== null) body[key] = value;
      }
    },
    body() {
      if (generation === undefined && Object.keys(body).length === 0) return undefined;
      return { ...(generation && { generation: generation.toString() }), ...body };
    },
    isComplete: () => body['stop_reason'] !== undefined,
  };
}
