/** Messages in the form of Converse, which MLflow shows as a conversation. */

import type { JsonObject, JsonValue } from '../../data/json.js';
import type { InputContent, Message, OutputMessage, Part } from '../../data/messages.js';
import { stringify } from '../../data/numbers.js';
import { viewConverseResponse } from '../view/converse.js';

/** MLflow's parser knows no other roles. */
const ROLES: ReadonlySet<string> = new Set(['user', 'assistant', 'system']);

/** The system prompt is the first message. */
export function viewInput({ systemInstructions, messages }: InputContent): JsonValue[] {
  const prompt: Message[] = systemInstructions ? [{ role: 'system', parts: systemInstructions }] : [];
  return [...prompt, ...messages].map(viewMessage);
}

/** Returns the members `output` of an answer; none if there is no message. */
export function viewOutput([message]: readonly OutputMessage[]): JsonObject {
  return message ? viewConverseResponse({ output: { message: viewMessage(message) } }) : {};
}

function viewMessage({ role, parts }: Message): JsonObject {
  return { role: ROLES.has(role) ? role : 'user', content: parts.flatMap(viewPart) };
}

function viewPart(part: Part): JsonObject[] {
  // Each kind of part has the members of its own; the schema allows others.
  const { type, content, name, id, arguments: args, response, mime_type: mimeType, uri } = part as JsonObject;
  switch (type) {
    case 'text':
      return [{ text: asText(content) }];
    case 'reasoning':
      return [{ reasoningContent: { reasoningText: { text: asText(content) } } }];
    case 'tool_call':
      return [{ toolUse: { toolUseId: id ?? '', name: asText(name), input: args ?? {} } }];
    case 'tool_call_response':
      return [{ toolResult: { toolUseId: id ?? '', content: [{ text: asText(response) }] } }];
    case 'citations':
      return []; // The body has them beside the message.
    default:
      return [{ text: `[${[name, mimeType ?? type, uri].filter((text) => typeof text === 'string').join(' ')}]` }];
  }
}

function asText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : stringify(value ?? null);
}
