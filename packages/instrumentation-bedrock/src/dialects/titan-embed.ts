/** Amazon Titan embedding models. */

import { asNumber, asObject, asStrings, isObject, type JsonObject, type JsonValue } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';
import { promptInput, withImages } from './messages/text-completion.js';

export const titanEmbed: Dialect = {
  name: 'titan-embed',
  operation: 'embeddings',
  matchesRequest: (body) =>
    typeof body['inputText'] === 'string' && (body['dimensions'] !== undefined || body['embeddingTypes'] !== undefined),
  matchesResponse: (body) => Array.isArray(body['embedding']) || isObject(body['embeddingsByType']),
  readParameters: (body) => ({
    // The models for images have a member of their own.
    embeddingDimensions:
      asNumber(body['dimensions']) ?? asNumber(asObject(body['embeddingConfig'])?.['outputEmbeddingLength']),
    encodingFormats: asStrings(body['embeddingTypes']),
  }),
  readInput: (body) => withImages(promptInput(body['inputText']), [body['inputImage']]),
  readTools: () => [],
  readResponse: (body) => ({
    usage: { inputTokens: asNumber(body['inputTextTokenCount']) },
    embeddingDimensions: vector(body)?.length,
  }),
  readOutput: () => [],
  createFold: createChunkListFold,
};

/** Returns the vector of `float` numbers. Binary vectors can hold several dimensions in one number. */
function vector(body: JsonObject): readonly JsonValue[] | undefined {
  const floats = body['embedding'] ?? asObject(body['embeddingsByType'])?.['float'];
  return Array.isArray(floats) ? floats : undefined;
}
