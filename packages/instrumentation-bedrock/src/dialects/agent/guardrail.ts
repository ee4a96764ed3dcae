/** Checks of an agent's input or output by a guardrail, as its trace describes them. */

import type { JsonObject } from '../../data/json.js';
import { ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENTS } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';

export const agentGuardrail: Dialect = {
  // The name that the operation ApplyGuardrail has.
  ...blankDialect('agent-guardrail', 'apply_guardrail'),
  readOutputDetails: (body) => ({ [ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENTS]: assessmentsOf(body) }),
};

export function assessmentsOf({ inputAssessments, outputAssessments }: JsonObject): JsonObject[string] {
  return inputAssessments ?? outputAssessments;
}
