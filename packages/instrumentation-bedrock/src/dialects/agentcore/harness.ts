/** Invocations of harnesses: agents that AgentCore runs. Their messages have the form of Converse. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  firstKey,
  type JsonObject,
  type JsonValue,
} from '../../data/json.js';
import { finishReason, type ToolDefinition } from '../../data/messages.js';
import { blankDialect } from '../blank.js';
import { readConverseUsage } from '../converse.js';
import type { Dialect } from '../dialect.js';
import { createHarnessFold } from '../fold/harness-fold.js';
import { readConversation, readMessage } from '../messages/content-blocks.js';
import { readReasoning } from '../parameters/reasoning.js';
import { viewConverseRequest, viewConverseResponse } from '../view/converse.js';

export const harness: Dialect = {
  ...blankDialect('harness', 'invoke_agent'),
  chatView: {
    format: 'bedrock',
    request: ({ systemPrompt, ...body }) => viewConverseRequest({ ...body, system: systemPrompt }),
    response: viewAnswer,
  },
  readParameters(body) {
    const model = modelOf(body);
    return {
      maxTokens: asNumber(body['maxTokens']) ?? asNumber(model['maxTokens']),
      temperature: asNumber(model['temperature']),
      topP: asNumber(model['topP']),
      topK: asNumber(model['topK']),
      ...readReasoning(asMembers(model['additionalParams'])),
    };
  },
  readInput: ({ messages, systemPrompt }) => readConversation({ messages, system: systemPrompt }),
  readTools: (body) => asObjects(body['tools']).map(readTool),
  readResponse(body) {
    const reason = asString(body['stopReason']);
    return {
      finishReasons: reason === undefined ? undefined : [reason],
      usage: readConverseUsage(asObject(body['usage'])),
    };
  },
  readOutput: (body) =>
    asObjects(body['messages']).map((message) => ({
      ...readMessage(message),
      finish_reason: finishReason(asString(message['stopReason'])),
    })),
  createFold: createHarnessFold,
  chunkName: firstKey,
};

/** The configuration of the model: a union with a member for each provider. */
export function modelOf({ model }: JsonObject): JsonObject {
  const [configuration] = Object.values(asMembers(model)).map(asObject);
  return configuration ?? {};
}

/** A function of the application, or a tool that AgentCore runs. */
function readTool({ type, name, config }: JsonObject): ToolDefinition {
  const kind = asString(type) ?? 'function';
  const inline = asObject(asObject(config)?.['inlineFunction']);
  if (!inline) return { type: kind, name: asString(name) ?? kind, ...(config !== undefined && { config }) };
  const { description, inputSchema } = inline;
  return {
    type: 'function',
    name: asString(name) ?? kind,
    description: asString(description),
    parameters: inputSchema,
  };
}

/** MLflow shows one message of an answer: the last one of the agent. */
function viewAnswer(body: JsonObject): JsonObject {
  const last = asObjects(body['messages']).findLast(({ role }) => role === 'assistant');
  return last ? viewConverseResponse({ ...body, output: { message: withoutReason(last) } }) : body;
}

function withoutReason({ stopReason: _reason, ...message }: JsonObject): JsonValue {
  return message;
}
