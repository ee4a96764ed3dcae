/** RetrieveAndGenerate and its stream. The service states no token usage. */

import { asObject, asString, type JsonObject } from '../../data/json.js';
import { ATTR_GEN_AI_CONVERSATION_ID } from '../../data/semconv.js';
import { asId, asWord } from '../../data/words.js';
import { retrievalFacts, retrievalIdentity } from '../../dialects/knowledge-base/retrieval.js';
import {
  retrieveAndGenerate as dialect,
  generateConfiguration,
  generationOf,
} from '../../dialects/knowledge-base/retrieve-and-generate.js';
import { type DescribedOperation, describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { readGuardrailAction, readGuardrailConfiguration } from './guardrail.js';

const described: DescribedOperation = {
  name: 'RetrieveAndGenerate',
  // A call of a model from the view of its caller, so MLflow shows it as a conversation.
  spanType: 'CHAT_MODEL',
  dialect,
  modelOf: (input) => asString(generateConfiguration(input)['modelArn']),
  identity: (input) => retrievalIdentity(generateConfiguration(input)['knowledgeBaseId']),
  requestFacts: (input) => ({
    ...readSession(input),
    ...retrievalFacts(generateConfiguration(input)['retrievalConfiguration']),
  }),
  answerFacts: readSession,
  requested(input) {
    const { guardrailConfiguration, performanceConfig } = generationOf(input);
    const latencyMode = asWord(asObject(performanceConfig)?.['latency']);
    return { ...readGuardrailConfiguration(guardrailConfiguration), latencyMode };
  },
  served: readGuardrailAction,
};

export const retrieveAndGenerate: Operation = describedOperation(described);

export const retrieveAndGenerateStream: Operation = describedOperation({
  ...described,
  name: 'RetrieveAndGenerateStream',
  stream: 'stream',
});

/** The service gives the first call of a session its id. */
function readSession({ sessionId }: JsonObject): { readonly [ATTR_GEN_AI_CONVERSATION_ID]?: string | undefined } {
  return { [ATTR_GEN_AI_CONVERSATION_ID]: asId(sessionId) };
}
