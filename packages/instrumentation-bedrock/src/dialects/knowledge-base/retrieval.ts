/**
 * Lookups in knowledge bases: Retrieve, and those of an agent. Their requests are `{retrievalQuery}` and `{text}`, their
 * answers `{retrievalResults}` and `{retrievedReferences}`, with the same form for each result.
 */

import type { Attributes } from '@opentelemetry/api';
import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../data/json.js';
import type { Message } from '../../data/messages.js';
import {
  ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_ID,
  ATTR_AWS_BEDROCK_RETRIEVAL_DOCUMENT_COUNT,
  ATTR_GEN_AI_DATA_SOURCE_ID,
  ATTR_GEN_AI_RETRIEVAL_DOCUMENTS,
  ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT,
  ATTR_GEN_AI_RETRIEVAL_TOP_K,
} from '../../data/semconv.js';
import { asId } from '../../data/words.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { readDocument, viewDocument } from '../documents/documents.js';
import { mimeTypeOf } from '../messages/mime-types.js';
import { blobPart } from '../messages/parts.js';

export const retrieval: Dialect = {
  ...blankDialect('retrieval', 'retrieval'),
  // The conventions have no attribute for a query that is an image.
  readInput: ({ retrievalQuery }) => ({ messages: imageMessages(asObject(retrievalQuery)?.['image']) }),
  readInputDetails: (body) => ({ [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: queryOf(body) }),
  readOutputDetails: (body) => ({ [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: resultsOf(body)?.map(readDocument) }),
};

/** What makes the name of the span of a lookup. */
export function retrievalIdentity(knowledgeBaseId: unknown): Attributes {
  const id = asId(knowledgeBaseId);
  return id === undefined ? {} : { [ATTR_GEN_AI_DATA_SOURCE_ID]: id, [ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_ID]: id };
}

/** @param configuration `retrievalConfiguration` of a request. */
export function retrievalFacts(configuration: unknown): Attributes {
  const { vectorSearchConfiguration, managedSearchConfiguration } = asMembers(configuration);
  const search = asObject(vectorSearchConfiguration) ?? asObject(managedSearchConfiguration);
  return { [ATTR_GEN_AI_RETRIEVAL_TOP_K]: asNumber(search?.['numberOfResults']) };
}

/** How many documents an answer has. The number is known also if content is off. */
export function documentCount(documents: unknown): Attributes {
  return { [ATTR_AWS_BEDROCK_RETRIEVAL_DOCUMENT_COUNT]: Array.isArray(documents) ? documents.length : undefined };
}

/**
 * Returns the documents of an answer as MLflow shows those of a span of the type `RETRIEVER`; the answer itself if it has
 * no list of results.
 */
export function viewRetrieved(answer: JsonValue): JsonValue {
  return resultsOf(asMembers(answer))?.map(viewDocument) ?? answer;
}

function imageMessages(image: unknown): Message[] {
  const { format, inlineContent } = asMembers(image);
  const content = asString(inlineContent);
  if (content === undefined) return [];
  const media = { modality: 'image', mimeType: mimeTypeOf('image', asString(format)) };
  return [{ role: 'user', parts: [blobPart(media, content)] }];
}

function queryOf({ retrievalQuery, text }: JsonObject): string | undefined {
  return asString(asObject(retrievalQuery)?.['text']) ?? asString(text);
}

function resultsOf({ retrievalResults, retrievedReferences, results }: JsonObject): JsonObject[] | undefined {
  const list = [retrievalResults, retrievedReferences, results].find(Array.isArray);
  return list && asObjects(list);
}
