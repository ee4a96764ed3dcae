/** The registry, evaluations, recommendations and A/B tests. */

import type { Attributes } from '@opentelemetry/api';
import { asNumber, type JsonObject } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { asId, asWord } from '../../data/words.js';
import { evaluation } from '../../dialects/agentcore/evaluation.js';
import { registrySearch, viewRegistryRecords } from '../../dialects/agentcore/registry.js';
import { describedOperation } from '../common/described.js';
import { WHOLE } from '../common/form.js';
import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

const searchRegistryRecords: Operation = describedOperation({
  name: 'SearchRegistryRecords',
  spanType: 'RETRIEVER',
  dialect: registrySearch,
  requestFacts: ({ maxResults }) => ({ [semconv.ATTR_GEN_AI_RETRIEVAL_TOP_K]: asNumber(maxResults) }),
  answerForm: { bodyOf: WHOLE.bodyOf, show: viewRegistryRecords },
});

const evaluate: Operation = describedOperation({
  name: 'Evaluate',
  spanType: 'TASK',
  dialect: evaluation,
  requestFacts: ({ evaluatorId }) => ({ [semconv.ATTR_AWS_BEDROCK_AGENTCORE_EVALUATOR_ID]: asId(evaluatorId) }),
});

const JOBS = [
  ...['StartBatchEvaluation', 'GetBatchEvaluation', 'ListBatchEvaluations', 'StopBatchEvaluation'],
  ...['DeleteBatchEvaluation', 'StartRecommendation', 'GetRecommendation', 'ListRecommendations'],
  ...['DeleteRecommendation', 'CreateABTest', 'GetABTest', 'ListABTests', 'UpdateABTest', 'DeleteABTest'],
];

export const others: readonly Operation[] = [
  searchRegistryRecords,
  evaluate,
  ...JOBS.map((name) => plainOperation({ name, spanType: 'TASK', requestFacts: readJob, answerFacts: readJob })),
];

/** The id and the status of a job, in requests and answers. */
function readJob({ batchEvaluationId, recommendationId, abTestId, status }: JsonObject): Attributes {
  return {
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_JOB_ID]: asId(batchEvaluationId) ?? asId(recommendationId) ?? asId(abTestId),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_JOB_STATUS]: asWord(status),
  };
}
