/** StartAsyncInvoke, GetAsyncInvoke and ListAsyncInvokes: jobs that write their result to S3. */

import { asObject, asString } from '../../data/json.js';
import {
  ATTR_AWS_BEDROCK_INVOCATION_ARN,
  ATTR_AWS_BEDROCK_INVOCATION_COUNT,
  ATTR_AWS_BEDROCK_INVOCATION_STATUS,
  ATTR_GEN_AI_RESPONSE_MODEL,
} from '../../data/semconv.js';
import { asWord } from '../../data/words.js';
import { chooseDialect } from '../../dialects/index.js';
import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

export const startAsyncInvoke: Operation = plainOperation({
  name: 'StartAsyncInvoke',
  spanType: 'LLM',
  input: {
    bodyOf: ({ modelInput }) => asObject(modelInput),
    dialectOf: ({ baseId }, body) => chooseDialect(baseId, body).dialect,
  },
  answerFacts: ({ invocationArn }) => ({ [ATTR_AWS_BEDROCK_INVOCATION_ARN]: asString(invocationArn) }),
});

export const getAsyncInvoke: Operation = plainOperation({
  name: 'GetAsyncInvoke',
  spanType: 'LLM',
  requestFacts: ({ invocationArn }) => ({ [ATTR_AWS_BEDROCK_INVOCATION_ARN]: asString(invocationArn) }),
  answerFacts: ({ status, modelArn }) => ({
    [ATTR_AWS_BEDROCK_INVOCATION_STATUS]: asString(status),
    [ATTR_GEN_AI_RESPONSE_MODEL]: asString(modelArn),
  }),
});

export const listAsyncInvokes: Operation = plainOperation({
  name: 'ListAsyncInvokes',
  spanType: 'LLM',
  requestFacts: ({ statusEquals }) => ({ [ATTR_AWS_BEDROCK_INVOCATION_STATUS]: asWord(statusEquals) }),
  answerFacts: ({ asyncInvokeSummaries: found }) => ({
    [ATTR_AWS_BEDROCK_INVOCATION_COUNT]: Array.isArray(found) ? found.length : undefined,
  }),
});
