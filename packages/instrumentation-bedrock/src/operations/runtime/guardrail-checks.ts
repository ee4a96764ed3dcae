/** InvokeGuardrailChecks: checks messages without a guardrail, and returns scores in place of a verdict. */

import { asArray, asMembers, asNumber, asObject, asObjects, type JsonObject } from '../../data/json.js';
import {
  ATTR_AWS_BEDROCK_GUARDRAIL_CHECKS,
  ATTR_AWS_BEDROCK_GUARDRAIL_ENTITY_COUNT,
  ATTR_AWS_BEDROCK_GUARDRAIL_MAX_SEVERITY_SCORE,
} from '../../data/semconv.js';
import { converse } from '../../dialects/converse.js';
import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

/** A service or an application with other names would put any text into an attribute. */
const CHECKS = ['contentFilter', 'promptAttack', 'sensitiveInformation'];

export const invokeGuardrailChecks: Operation = plainOperation({
  name: 'InvokeGuardrailChecks',
  spanType: 'GUARDRAIL',
  // The messages have the form of Converse.
  input: { bodyOf: (input) => input, dialectOf: () => converse },
  requestFacts: ({ checks }) => ({ [ATTR_AWS_BEDROCK_GUARDRAIL_CHECKS]: requestedChecks(asObject(checks)) }),
  answerFacts({ results }) {
    const found = asObject(asObject(results)?.['sensitiveInformation'])?.['results'];
    return {
      [ATTR_AWS_BEDROCK_GUARDRAIL_MAX_SEVERITY_SCORE]: maxSeverity(asMembers(results)),
      [ATTR_AWS_BEDROCK_GUARDRAIL_ENTITY_COUNT]: Array.isArray(found) ? found.length : undefined,
    };
  },
});

function requestedChecks(checks: JsonObject | undefined): string[] | undefined {
  return checks && CHECKS.filter((name) => checks[name] !== undefined);
}

/** The highest score of the checks that have severities; undefined if there is none. */
function maxSeverity(results: JsonObject): number | undefined {
  const scores = ['contentFilter', 'promptAttack']
    .flatMap((check) => asObjects(asArray(asObject(results[check])?.['results'])))
    .map((entry) => asNumber(entry['severityScore']))
    .filter((score) => score !== undefined);
  // Spread arguments would overflow the stack for a long list.
  return scores.length > 0 ? scores.reduce((most, score) => Math.max(most, score)) : undefined;
}
