/** Amazon Nova multimodal embeddings. */

import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from '../data/json.js';
import { textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';

export const novaEmbed: Dialect = {
  name: 'nova-embed',
  operation: 'embeddings',
  matchesRequest: (body) => isObject(body['singleEmbeddingParams']) || isObject(body['segmentedEmbeddingParams']),
  matchesResponse: (body) =>
    asArray(body['embeddings']).some((item) => isObject(item) && Array.isArray(item['embedding'])),
  readParameters: (body) => ({ embeddingDimensions: asNumber(parameters(body)['embeddingDimension']) }),
  readInput(body) {
    const text = asString(asObject(parameters(body)['text'])?.['value']);
    return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
  },
  readTools: () => [],
  readResponse(body) {
    const vector = asObject(asArray(body['embeddings'])[0])?.['embedding'];
    return { embeddingDimensions: Array.isArray(vector) ? vector.length : undefined };
  },
  readOutput: () => [],
  createFold: createChunkListFold,
};

function parameters(body: JsonObject): JsonObject {
  return asObject(body['singleEmbeddingParams']) ?? asObject(body['segmentedEmbeddingParams']) ?? {};
}
