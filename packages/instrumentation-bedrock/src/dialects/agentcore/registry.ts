/** Searches in the registry of agents, tools and skills. */

import { asMembers, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { ATTR_GEN_AI_RETRIEVAL_DOCUMENTS, ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { readDocument, viewDocument } from '../documents/documents.js';

export const registrySearch: Dialect = {
  ...blankDialect('registry-search', 'search_registry_records'),
  readInputDetails: ({ searchQuery }) => ({ [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: asString(searchQuery) }),
  readOutputDetails: (body) => ({ [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: documentsOf(body)?.map(readDocument) }),
};

/** Returns what was found as MLflow shows the documents of a span of the type `RETRIEVER`. */
export function viewRegistryRecords(answer: JsonValue): JsonValue {
  return documentsOf(asMembers(answer))?.map(viewDocument) ?? answer;
}

/** A record has a name and can have a description. */
function documentsOf({ registryRecords }: JsonObject): JsonObject[] | undefined {
  if (!Array.isArray(registryRecords)) return undefined;
  return asObjects(registryRecords).map(({ recordId: documentId, name, description, ...others }) => {
    const text = [name, description].filter((part) => typeof part === 'string').join(': ');
    return { documentId, content: { text }, metadata: { name, ...others } };
  });
}
