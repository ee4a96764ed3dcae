/** StartAsyncInvoke and GetAsyncInvoke: jobs that write their result to S3. */

import { asString } from '../data/json.js';
import {
  ATTR_AWS_BEDROCK_INVOCATION_ARN,
  ATTR_AWS_BEDROCK_INVOCATION_STATUS,
  ATTR_GEN_AI_RESPONSE_MODEL,
} from '../data/semconv.js';
import type { Operation } from './operation.js';
import { plainOperation } from './plain.js';

export const startAsyncInvoke: Operation = plainOperation({
  name: 'StartAsyncInvoke',
  spanType: 'LLM',
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
