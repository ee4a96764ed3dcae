/** Retrieve: a lookup in a knowledge base, without a model. */

import {
  documentCount,
  retrieval,
  retrievalFacts,
  retrievalIdentity,
} from '../../dialects/knowledge-base/retrieval.js';
import { describedOperation } from '../common/described.js';
import { DOCUMENTS } from '../common/form.js';
import type { Operation } from '../common/operation.js';
import { readGuardrailAction, readGuardrailConfiguration } from './guardrail.js';

export const retrieve: Operation = describedOperation({
  name: 'Retrieve',
  spanType: 'RETRIEVER',
  dialect: retrieval,
  identity: ({ knowledgeBaseId }) => retrievalIdentity(knowledgeBaseId),
  requestFacts: ({ retrievalConfiguration }) => retrievalFacts(retrievalConfiguration),
  answerFacts: ({ retrievalResults }) => documentCount(retrievalResults),
  requested: ({ guardrailConfiguration }) => readGuardrailConfiguration(guardrailConfiguration),
  served: readGuardrailAction,
  answerForm: DOCUMENTS,
});
