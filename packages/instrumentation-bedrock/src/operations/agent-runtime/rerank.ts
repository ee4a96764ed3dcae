/** Rerank: sorts documents of the request by their relevance to a query. */

import { asMembers, asNumber, asObject, asString, type JsonObject } from '../../data/json.js';
import { ATTR_GEN_AI_RETRIEVAL_TOP_K } from '../../data/semconv.js';
import { rerank as dialect } from '../../dialects/knowledge-base/rerank.js';
import { documentCount } from '../../dialects/knowledge-base/retrieval.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';

export const rerank: Operation = describedOperation({
  name: 'Rerank',
  spanType: 'RERANKER',
  dialect,
  modelOf: (input) => asString(asObject(configurationOf(input)['modelConfiguration'])?.['modelArn']),
  requestFacts: (input) => ({ [ATTR_GEN_AI_RETRIEVAL_TOP_K]: asNumber(configurationOf(input)['numberOfResults']) }),
  answerFacts: ({ results }) => documentCount(results),
});

function configurationOf(input: JsonObject): JsonObject {
  return asMembers(asObject(input['rerankingConfiguration'])?.['bedrockRerankingConfiguration']);
}
