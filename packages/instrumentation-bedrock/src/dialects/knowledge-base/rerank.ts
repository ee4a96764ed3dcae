/** Rerank of the agent runtime. The formats of Cohere and Amazon, for InvokeModel, are in `cohere-rerank.ts`. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../data/json.js';
import { type Part, textPart } from '../../data/messages.js';
import { ATTR_GEN_AI_RETRIEVAL_DOCUMENTS, ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';

export const rerank: Dialect = {
  ...blankDialect('rerank', 'rerank'),
  readInput(body) {
    const documents = asObjects(body['sources']).map(
      ({ inlineDocumentSource }): Part => ({ type: 'document', document: documentOf(inlineDocumentSource) ?? null }),
    );
    const parts = [...queriesOf(body).map(textPart), ...documents];
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  // The service accepts one query.
  readInputDetails: (body) => ({ [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: queriesOf(body)[0] }),
  readOutputDetails: ({ results }) => ({
    [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: Array.isArray(results) ? asObjects(results).map(readResult) : undefined,
  }),
};

function queriesOf(body: JsonObject): string[] {
  return asObjects(body['queries'])
    .map(({ textQuery }) => asString(asObject(textQuery)?.['text']))
    .filter((text) => text !== undefined);
}

function documentOf(document: JsonValue | undefined): JsonValue | undefined {
  const { textDocument, jsonDocument } = asMembers(document);
  return asString(asObject(textDocument)?.['text']) ?? jsonDocument ?? document;
}

/** The place of the document in the request is its id: the service knows no other. */
function readResult({ index, relevanceScore, document, ...others }: JsonObject): JsonObject {
  const place = asNumber(index);
  const content = documentOf(document);
  return {
    ...others,
    ...(place === undefined ? {} : { id: String(place), index: place }),
    ...(asNumber(relevanceScore) === undefined ? {} : { score: asNumber(relevanceScore) }),
    ...(content === undefined ? {} : { content }),
  };
}
