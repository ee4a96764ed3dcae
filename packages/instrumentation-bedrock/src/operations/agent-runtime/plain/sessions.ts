/** Sessions, in which an application stores what happened in a conversation: invocations, and steps of them. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, type JsonObject } from '../../../data/json.js';
import {
  ATTR_AWS_BEDROCK_SESSION_INVOCATION_ID,
  ATTR_AWS_BEDROCK_SESSION_INVOCATION_STEP_ID,
  ATTR_AWS_BEDROCK_SESSION_STATUS,
  ATTR_GEN_AI_CONVERSATION_ID,
} from '../../../data/semconv.js';
import { asId, asWord } from '../../../data/words.js';
import type { Operation } from '../../common/operation.js';
import { plainOperation } from '../../common/plain.js';

export const sessions: readonly Operation[] = [
  'CreateSession',
  'GetSession',
  'UpdateSession',
  'EndSession',
  'DeleteSession',
  'ListSessions',
  'CreateInvocation',
  'ListInvocations',
  'PutInvocationStep',
  'GetInvocationStep',
  'ListInvocationSteps',
].map((name) => plainOperation({ name, spanType: 'MEMORY', requestFacts: readIds, answerFacts: readAnswer }));

/** Requests accept an id or an ARN under these names. */
function readIds({ sessionIdentifier, invocationIdentifier, invocationId, invocationStepId }: JsonObject): Attributes {
  return {
    [ATTR_GEN_AI_CONVERSATION_ID]: asId(sessionIdentifier),
    [ATTR_AWS_BEDROCK_SESSION_INVOCATION_ID]: asId(invocationIdentifier) ?? asId(invocationId),
    [ATTR_AWS_BEDROCK_SESSION_INVOCATION_STEP_ID]: asId(invocationStepId),
  };
}

function readAnswer(output: JsonObject): Attributes {
  const { sessionId, sessionStatus, invocationId, invocationStepId } = asObject(output['invocationStep']) ?? output;
  return {
    [ATTR_GEN_AI_CONVERSATION_ID]: asId(sessionId),
    [ATTR_AWS_BEDROCK_SESSION_STATUS]: asWord(sessionStatus),
    [ATTR_AWS_BEDROCK_SESSION_INVOCATION_ID]: asId(invocationId),
    [ATTR_AWS_BEDROCK_SESSION_INVOCATION_STEP_ID]: asId(invocationStepId),
  };
}
