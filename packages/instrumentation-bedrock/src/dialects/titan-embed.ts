/** Amazon Titan embedding models. */

import { asNumber, asString, asStrings, isObject } from '../json.js';
import { textPart } from '../messages.js';
import type { Dialect } from './dialect.js';
import { createNoStreamFold } from './no-stream.js';

export const titanEmbed: Dialect = {
  name: 'titan-embed',
  operation: 'embeddings',
  matchesRequest: (body) =>
    typeof body['inputText'] === 'string' && (body['dimensions'] !== undefined || body['embeddingTypes'] !== undefined),
  matchesResponse: (body) => Array.isArray(body['embedding']) || isObject(body['embeddingsByType']),
  readParameters: (body) => ({
    embeddingDimensions: asNumber(body['dimensions']),
    encodingFormats: asStrings(body['embeddingTypes']),
  }),
  readInput(body) {
    const text = asString(body['inputText']);
    return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
  },
  readTools: () => [],
  readResponse: (body) => ({ usage: { inputTokens: asNumber(body['inputTextTokenCount']) } }),
  readOutput: () => [],
  createFold: createNoStreamFold,
};
