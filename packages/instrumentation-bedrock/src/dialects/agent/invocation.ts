/**
 * Invocations of agents: InvokeAgent, InvokeInlineAgent, and those of a collaborator by its supervisor. The answer is what
 * the events of its stream add up to.
 */

import type { ResponseFacts } from '../../data/facts.js';
import { asArray, asMembers, asObject, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { type InputContent, type Message, type OutputMessage, type Part, textPart } from '../../data/messages.js';
import { ATTR_AWS_BEDROCK_AGENT_CUSTOM_EVENTS, ATTR_AWS_BEDROCK_AGENT_FAILURE_REASON } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { createAgentAnswerFold } from '../fold/agent-answer-fold.js';
import { readMessage } from '../messages/content-blocks.js';
import { citationParts } from '../messages/parts.js';
import { readActionResult, readActions, readActionTools } from './actions.js';
import { viewInput, viewOutput } from './chat-view.js';
import { readInputFile, readOutputFile } from './files.js';

/** How an answer ended. The service has no words for it, so these are those of the conventions. */
export type AgentStopReason = 'stop' | 'tool_call';

export const agentInvocation: Dialect = {
  ...blankDialect('agent', 'invoke_agent'),
  chatView: {
    format: 'bedrock',
    request: (body) => ({ ...body, messages: viewInput(readInput(body)) }),
    response(body) {
      const { completion, ...others } = body;
      return { ...others, ...viewOutput(readOutput(body)) };
    },
  },
  createFold: createAgentAnswerFold,
  readInput,
  readTools: (body) => asObjects(body['actionGroups']).flatMap(readActionTools),
  readResponse,
  readOutput,
  readOutputDetails: ({ failureReason, customOrchestration }) => ({
    [ATTR_AWS_BEDROCK_AGENT_FAILURE_REASON]: asString(failureReason),
    [ATTR_AWS_BEDROCK_AGENT_CUSTOM_EVENTS]: customOrchestration,
  }),
};

/** @param body the input of the SDK. The state of the session has another name for inline agents. */
function readInput(body: JsonObject): InputContent {
  const state = asObject(body['sessionState']) ?? asMembers(body['inlineSessionState']);
  const instruction = asString(body['instruction']);
  const history = asObjects(asObject(state['conversationHistory'])?.['messages']).map(readMessage);
  const results = asObjects(state['returnControlInvocationResults']).map((result) =>
    readActionResult(result, state['invocationId']),
  );
  const text = asString(body['inputText']);
  const parts: Part[] = [
    ...(text === undefined ? [] : [textPart(text)]),
    ...asObjects(state['files']).map(readInputFile),
  ];
  return {
    messages: [...history, ...asMessage('tool', results), ...asMessage('user', parts)],
    systemInstructions: instruction === undefined ? undefined : [textPart(instruction)],
  };
}

function asMessage(role: string, parts: readonly Part[]): Message[] {
  return parts.length > 0 ? [{ role, parts }] : [];
}

function readResponse({ stopReason }: JsonObject): ResponseFacts {
  const reason = asString(stopReason);
  return { finishReasons: reason === undefined ? undefined : [reason] };
}

function readOutput(body: JsonObject): readonly OutputMessage[] {
  const { completion, attribution, files, returnControl, stopReason } = body;
  const text = asString(completion);
  const parts: Part[] = [
    ...(text === undefined ? [] : [textPart(text)]),
    ...citationParts(asObject(attribution)?.['citations']),
    ...asObjects(files).map(readOutputFile),
    ...asReturned(returnControl).flatMap(readActions),
  ];
  if (parts.length === 0) return [];
  return [{ role: 'assistant', parts, finish_reason: asString(stopReason) ?? 'error' }];
}

/** One answer can return control more than once. */
function asReturned(returned: JsonValue | undefined): JsonObject[] {
  const only = asObject(returned);
  return only ? [only] : asObjects(asArray(returned));
}
