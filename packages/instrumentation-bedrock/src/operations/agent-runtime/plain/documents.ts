/** Documents that a knowledge base has read, and who may see them. */

import type { Attributes } from '@opentelemetry/api';
import { isObject, type JsonObject, type JsonValue } from '../../../data/json.js';
import {
  ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DATA_SOURCE_ID,
  ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DOCUMENT_ID,
} from '../../../data/semconv.js';
import { asId } from '../../../data/words.js';
import { retrievalIdentity } from '../../../dialects/knowledge-base/retrieval.js';
import type { Operation } from '../../common/operation.js';
import { plainOperation } from '../../common/plain.js';

export const documents: readonly Operation[] = [
  plainOperation({
    name: 'GetDocumentContent',
    spanType: 'TASK',
    requestFacts: readIds,
    answerContent: withoutSignature,
  }),
  ...['CheckIngestedDocumentAcl', 'GetIngestedDocumentAcl'].map((name) =>
    plainOperation({ name, spanType: 'TASK', requestFacts: readIds }),
  ),
];

function readIds({ knowledgeBaseId, dataSourceId, documentId }: JsonObject): Attributes {
  return {
    ...retrievalIdentity(knowledgeBaseId),
    [ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DATA_SOURCE_ID]: asId(dataSourceId),
    [ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DOCUMENT_ID]: asId(documentId),
  };
}

/** The query of a presigned URL is a credential: it lets its holder download the document. */
function withoutSignature(content: JsonValue): JsonValue {
  if (!isObject(content) || typeof content['presignedUrl'] !== 'string') return content;
  const [address, ...query] = content['presignedUrl'].split('?');
  return { ...content, presignedUrl: `${address}${query.length > 0 ? '?[signature not recorded]' : ''}` };
}
