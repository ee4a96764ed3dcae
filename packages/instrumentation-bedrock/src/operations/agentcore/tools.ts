/** Tools that AgentCore runs for an agent. The answer of the service can state that the tool has failed. */

import type { Attributes } from '@opentelemetry/api';
import type { StatedError } from '../../data/facts.js';
import { asNumber, asObject, asString, type JsonObject } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { asId, asWord } from '../../data/words.js';
import {
  actionName,
  browser,
  codeInterpreter,
  command,
  membersOf,
  textOfResult,
} from '../../dialects/agentcore/tools.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';
import { agentIdentity } from './arn.js';

/** The value of `error.type` that the conventions define for tools. */
const TOOL_ERROR = 'tool_error';

const invokeCodeInterpreter: Operation = {
  ...describedOperation({
    name: 'InvokeCodeInterpreter',
    spanType: 'TOOL',
    dialect: codeInterpreter,
    identity: ({ name }) => toolIdentity(name),
    requestFacts: readToolSession,
    answerFacts: (output) => ({ ...readToolSession(output), ...readProcess(asObject(output['structuredContent'])) }),
    answerError: (output) =>
      output['isError'] === true ? { type: TOOL_ERROR, message: textOfResult(output) } : undefined,
    stream: 'stream',
  }),
  traceHeaders: ['traceparent'],
};

const invokeAgentRuntimeCommand: Operation = {
  ...describedOperation({
    name: 'InvokeAgentRuntimeCommand',
    spanType: 'TOOL',
    dialect: command,
    identity: ({ agentRuntimeArn }) => ({ ...toolIdentity('command'), ...agentIdentity(agentRuntimeArn) }),
    requestFacts: ({ runtimeSessionId, qualifier }) => ({
      [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(runtimeSessionId),
      [semconv.ATTR_AWS_BEDROCK_AGENTCORE_QUALIFIER]: asWord(qualifier),
    }),
    answerFacts: (output) => ({
      [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(output['runtimeSessionId']),
      [semconv.ATTR_AWS_BEDROCK_AGENTCORE_STATUS_CODE]: asNumber(output['statusCode']),
      ...readProcess(output),
    }),
    stream: 'stream',
  }),
  traceHeaders: ['traceparent', 'tracestate', 'baggage'],
};

const invokeBrowser: Operation = describedOperation({
  name: 'InvokeBrowser',
  spanType: 'TOOL',
  dialect: browser,
  identity: (input) => toolIdentity(actionName(input)),
  requestFacts: readToolSession,
  answerFacts: readToolSession,
  answerError: ({ result }) => browserError(membersOf(result)),
});

export const tools: readonly Operation[] = [invokeCodeInterpreter, invokeAgentRuntimeCommand, invokeBrowser];

/** The ids of a tool and of its session, in requests and answers. */
export function readToolSession({ codeInterpreterIdentifier, browserIdentifier, sessionId }: JsonObject): Attributes {
  return {
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_CODE_INTERPRETER_ID]: asId(codeInterpreterIdentifier),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_BROWSER_ID]: asId(browserIdentifier),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_SESSION_ID]: asId(sessionId),
  };
}

function toolIdentity(name: unknown): Attributes {
  return { [semconv.ATTR_GEN_AI_TOOL_NAME]: asWord(name), [semconv.ATTR_GEN_AI_TOOL_TYPE]: 'extension' };
}

/** How a process ended. A code other than 0 is no failure of the call. */
function readProcess({ exitCode, status, taskStatus }: JsonObject = {}): Attributes {
  return {
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_EXIT_CODE]: asNumber(exitCode),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_TASK_STATUS]: asWord(status) ?? asWord(taskStatus),
  };
}

function browserError({ status, error }: JsonObject = {}): StatedError | undefined {
  return status === 'FAILED' ? { type: TOOL_ERROR, message: asString(error) } : undefined;
}
