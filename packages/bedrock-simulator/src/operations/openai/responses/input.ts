import { arrayOf, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import type { Conversation, Message, PromptPart } from '../../../model/conversation.js';
import { MEDIA_TOKENS } from '../../../model/tokens.js';

/** Reads a request: its input is a text, or a list of messages, calls of tools and their outputs. */
export function readInput(body: JsonObject): Conversation {
  const tools = arrayOf(body['tools']).map(objectOf);
  const { input, instructions } = body;
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : arrayOf(input).map(objectOf);
  return {
    prompt: [
      ...tools.map((tool) => JSON.stringify(tool)),
      ...(typeof instructions === 'string' ? [instructions] : []),
      ...items.flatMap(promptOf),
    ],
    messages: items.flatMap(readItem),
    tools: tools
      .filter(({ type }) => type === 'function')
      .map(({ name, parameters }) => ({ name: stringOf(name), schema: objectOf(parameters) })),
    forceTool: readToolChoice(body['tool_choice']),
    maxTokens: numberOf(body['max_output_tokens']),
  };
}

/** Puts an earlier conversation before this one. */
export function withHistory(conversation: Conversation, history: Conversation | undefined): Conversation {
  if (!history) return conversation;
  return {
    ...conversation,
    prompt: [...history.prompt, ...conversation.prompt],
    messages: [...history.messages, ...conversation.messages],
  };
}

function readItem(item: JsonObject): Message[] {
  const message: Message = { role: stringOf(item['role']), text: '', toolCalls: [], toolResults: [] };
  const id = stringOf(item['call_id']);
  switch (item['type'] ?? 'message') {
    case 'message':
      return [{ ...message, text: textOf(item['content']) }];
    case 'function_call': {
      const call = { id, name: stringOf(item['name']), input: parse(stringOf(item['arguments'])) };
      return [{ ...message, role: 'assistant', toolCalls: [call] }];
    }
    case 'function_call_output':
      return [{ ...message, role: 'tool', toolResults: [{ id, text: textOf(item['output']), failed: false }] }];
    default:
      return [];
  }
}

function promptOf(item: JsonObject): PromptPart[] {
  const parts = item['content'] ?? item['output'] ?? item['arguments'];
  if (typeof parts === 'string') return [parts];
  return arrayOf(parts).map((part) => partText(part) ?? MEDIA_TOKENS);
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return arrayOf(content)
    .map((part) => partText(part) ?? '')
    .join('');
}

function partText(part: unknown): string | undefined {
  const { text } = objectOf(part);
  return typeof text === 'string' ? text : undefined;
}

function readToolChoice(choice: unknown): boolean | string {
  return isObject(choice) ? stringOf(choice['name']) : choice === 'required';
}

function parse(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}
