/** ApplyGuardrail: checks text against a guardrail, without a model. */

import { readApplyVerdict } from '../../data/guardrail.js';
import { ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT } from '../../data/semconv.js';
import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

export const applyGuardrail: Operation = plainOperation({
  name: 'ApplyGuardrail',
  spanType: 'GUARDRAIL',
  answerFacts: ({ assessments }) => ({
    [ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT]: Array.isArray(assessments) ? assessments.length : undefined,
  }),
  served: readApplyVerdict,
});
