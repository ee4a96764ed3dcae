/** ApplyGuardrail: checks text against a guardrail, without a model. */

import { asString } from '../data/json.js';
import {
  ATTR_AWS_BEDROCK_GUARDRAIL_ACTION,
  ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT,
  ATTR_AWS_BEDROCK_GUARDRAIL_VERSION,
} from '../data/semconv.js';
import type { Operation } from './operation.js';
import { plainOperation } from './plain.js';

export const applyGuardrail: Operation = plainOperation({
  name: 'ApplyGuardrail',
  spanType: 'GUARDRAIL',
  requestFacts: ({ guardrailVersion }) => ({ [ATTR_AWS_BEDROCK_GUARDRAIL_VERSION]: asString(guardrailVersion) }),
  answerFacts: ({ action, assessments }) => ({
    [ATTR_AWS_BEDROCK_GUARDRAIL_ACTION]: asString(action),
    [ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT]: Array.isArray(assessments) ? assessments.length : undefined,
  }),
});
