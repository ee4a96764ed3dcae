/** Amazon Nova multimodal embeddings. */

import { asArray, asMembers, asNumber, asObject, asString, isObject, type JsonObject } from '../data/json.js';
import { textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';
import { readMediaMembers } from './messages/content-blocks.js';

export const novaEmbed: Dialect = {
  name: 'nova-embed',
  operation: 'embeddings',
  matchesRequest: (body) => isObject(body['singleEmbeddingParams']) || isObject(body['segmentedEmbeddingParams']),
  matchesResponse: (body) =>
    asArray(body['embeddings']).some((item) => isObject(item) && Array.isArray(item['embedding'])),
  readParameters: (body) => ({ embeddingDimensions: asNumber(parameters(body)['embeddingDimension']) }),
  readInput(body) {
    const params = parameters(body);
    const text = asString(asObject(params['text'])?.['value']);
    const parts = [...(text === undefined ? [] : [textPart(text)]), ...readMediaMembers(params)];
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
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
  return asObject(body['singleEmbeddingParams']) ?? asMembers(body['segmentedEmbeddingParams']);
}
