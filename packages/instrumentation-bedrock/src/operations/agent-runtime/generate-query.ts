/** GenerateQuery: the service does not say which model wrote the query, nor how many tokens it took. */

import { asMembers, asObject, asString, type JsonObject } from '../../data/json.js';
import { generateQuery as dialect } from '../../dialects/knowledge-base/generate-query.js';
import { retrievalIdentity } from '../../dialects/knowledge-base/retrieval.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';

export const generateQuery: Operation = describedOperation({
  name: 'GenerateQuery',
  spanType: 'TASK',
  dialect,
  identity: (input) => retrievalIdentity(knowledgeBaseOf(input)?.split('/').at(-1)),
});

/** Returns the ARN of the knowledge base. */
function knowledgeBaseOf(input: JsonObject): string | undefined {
  const { textToSqlConfiguration } = asMembers(input['transformationConfiguration']);
  const { knowledgeBaseConfiguration } = asMembers(textToSqlConfiguration);
  return asString(asObject(knowledgeBaseConfiguration)?.['knowledgeBaseArn']);
}
