/** Cohere Rerank, and Amazon Rerank, which uses the same format. */

import { asArray, asString, isObject } from '../data/json.js';
import { type Part, textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';

export const cohereRerank: Dialect = {
  name: 'cohere-rerank',
  operation: 'rerank',
  matchesRequest: (body) => typeof body['query'] === 'string' && Array.isArray(body['documents']),
  matchesResponse: (body) =>
    asArray(body['results']).some((result) => isObject(result) && result['relevance_score'] !== undefined),
  readParameters: () => ({}),
  readInput(body) {
    const query = asString(body['query']);
    const documents = asArray(body['documents']).map((document): Part => ({ type: 'document', document }));
    return { messages: [{ role: 'user', parts: [...(query === undefined ? [] : [textPart(query)]), ...documents] }] };
  },
  readTools: () => [],
  readResponse: (body) => ({ id: asString(body['id']) }),
  readOutput: () => [],
  createFold: createChunkListFold,
};
