/** Sessions of runtimes and of tools: started, stopped and looked up. */

import type { Attributes } from '@opentelemetry/api';
import type { JsonObject } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { asId, asWord } from '../../data/words.js';
import type { Operation } from '../common/operation.js';
import { type PlainOperation, plainOperation } from '../common/plain.js';
import { agentIdentity } from './arn.js';
import { readToolSession } from './tools.js';

/** Operations that pass on the context of a trace. */
const TRACED = [
  ...['StartBrowserSession', 'StopBrowserSession', 'SaveBrowserSessionProfile'],
  ...['StartCodeInterpreterSession', 'StopCodeInterpreterSession'],
];
const OTHERS = [
  ...['GetBrowserSession', 'ListBrowserSessions', 'UpdateBrowserStream'],
  ...['GetCodeInterpreterSession', 'ListCodeInterpreterSessions', 'DeleteCapacityProviderSession'],
];

export const sessions: readonly Operation[] = [
  ...TRACED.map((name): Operation => ({ ...plainOperation(toolSession(name)), traceHeaders: ['traceparent'] })),
  ...OTHERS.map((name) => plainOperation(toolSession(name))),
  ...['StopRuntimeSession', 'GetAgentCard'].map((name) =>
    plainOperation({ name, spanType: 'TASK', requestFacts: readRuntime, answerFacts: readRuntimeSession }),
  ),
];

function toolSession(name: string): PlainOperation {
  return { name, spanType: 'TASK', requestFacts: readToolSession, answerFacts: readToolSession };
}

function readRuntime(input: JsonObject): Attributes {
  return {
    ...agentIdentity(input['agentRuntimeArn']),
    ...readRuntimeSession(input),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_QUALIFIER]: asWord(input['qualifier']),
  };
}

function readRuntimeSession({ runtimeSessionId, statusCode }: JsonObject): Attributes {
  return {
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(runtimeSessionId),
    ...(typeof statusCode === 'number' && { [semconv.ATTR_AWS_BEDROCK_AGENTCORE_STATUS_CODE]: statusCode }),
  };
}
