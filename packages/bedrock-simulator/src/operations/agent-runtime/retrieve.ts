import { isObject, type JsonObject, numberOf, objectOf, stringOf } from '../../json.js';
import type { Operation } from '../operation.js';
import { isBlocked } from './agents/guardrail.js';
import { referenceTo, searchDocuments } from './knowledge/search.js';

export const retrieve: Operation = {
  name: 'Retrieve',
  method: 'POST',
  path: '/knowledgebases/{knowledgeBaseId}/retrieve',
  answer({ body }) {
    const query = stringOf(objectOf(body['retrievalQuery'])['text']);
    const guarded = isObject(body['guardrailConfiguration']);
    if (guarded && isBlocked(query)) return { body: { guardrailAction: 'INTERVENED', retrievalResults: [] } };
    const found = searchDocuments(query, resultsOf(body['retrievalConfiguration']));
    const retrievalResults = found.map(({ document, score }) => ({ ...referenceTo(document), score }));
    return { body: { ...(guarded ? { guardrailAction: 'NONE' } : {}), retrievalResults } };
  },
};

/** Returns the number of results that a retrieval configuration asks for. */
export function resultsOf(configuration: unknown): number | undefined {
  const { vectorSearchConfiguration, managedSearchConfiguration }: JsonObject = objectOf(configuration);
  return numberOf(objectOf(vectorSearchConfiguration ?? managedSearchConfiguration)['numberOfResults']);
}
