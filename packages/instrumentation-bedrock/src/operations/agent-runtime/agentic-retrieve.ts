/** AgenticRetrieveStream. Its trace events are content of the span: their times have no documented unit. */

import type { Attributes } from '@opentelemetry/api';
import { asMembers, asNumber, asObject, asObjects, asString, isObject, type JsonObject } from '../../data/json.js';
import { ATTR_GEN_AI_CONVERSATION_ID, ATTR_GEN_AI_RETRIEVAL_TOP_K, ATTR_MLFLOW_SPAN_TYPE } from '../../data/semconv.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { asId } from '../../data/words.js';
import { agenticRetrieval } from '../../dialects/knowledge-base/agentic-retrieval.js';
import { documentCount, retrievalIdentity, viewRetrieved } from '../../dialects/knowledge-base/retrieval.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { readGuardrailAction, readGuardrailConfiguration } from './guardrail.js';

export const agenticRetrieve: Operation = describedOperation({
  name: 'AgenticRetrieveStream',
  spanType: 'RETRIEVER',
  dialect: agenticRetrieval,
  modelOf: readModel,
  // The attribute holds one data source, so a call with several knowledge bases has none.
  identity: (input) => retrievalIdentity(onlyKnowledgeBase(input)['knowledgeBaseId']),
  requestFacts: (input) => ({ ...readSession(input), ...readLimit(input), ...readSpanType(input) }),
  answerFacts: ({ results }) => documentCount(results),
  requested: ({ policyConfiguration }) =>
    readGuardrailConfiguration(asObject(policyConfiguration)?.['bedrockGuardrailConfiguration']),
  served: readGuardrailAction,
  answerForm: {
    bodyOf: asObject,
    show: (content) => (isObject(content) && isObject(content['generatedResponse']) ? content : viewRetrieved(content)),
  },
  stream: 'stream',
});

/** The configuration has a member for each kind of model, and the ARN at the same place in each. */
function readModel(input: JsonObject): string | undefined {
  const { foundationModelConfiguration } = asMembers(input['agenticRetrieveConfiguration']);
  const kinds = Object.values(asMembers(foundationModelConfiguration)).map(asObject);
  const models = kinds.map((kind) => asString(asObject(kind?.['modelConfiguration'])?.['modelArn']));
  return models.find((model) => model !== undefined);
}

/** Returns an empty object if the request names several. */
function onlyKnowledgeBase({ retrievers }: JsonObject): JsonObject {
  const [only = {}, ...more] = asObjects(retrievers);
  const configuration = unwrapUnknown(asMembers(only['configuration']));
  return (more.length === 0 && asObject(configuration['knowledgeBase'])) || {};
}

function readSession({ memoryConfiguration }: JsonObject): Attributes {
  const binding = asObject(asObject(memoryConfiguration)?.['sessionBinding']);
  return { [ATTR_GEN_AI_CONVERSATION_ID]: asId(binding?.['sessionId']) };
}

function readLimit(input: JsonObject): Attributes {
  const overrides = asObject(onlyKnowledgeBase(input)['retrievalOverrides']);
  return { [ATTR_GEN_AI_RETRIEVAL_TOP_K]: asNumber(overrides?.['maxNumberOfResults']) };
}

/** MLflow shows nothing but documents for a retriever, so a call that also generates an answer is a chain. */
function readSpanType({ generateResponse }: JsonObject): Attributes {
  return generateResponse === true ? { [ATTR_MLFLOW_SPAN_TYPE]: 'CHAIN' } : {};
}
