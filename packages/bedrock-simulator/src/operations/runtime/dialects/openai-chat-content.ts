import { arrayOf, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../../../json.js';
import type { Conversation, Message, PromptPart, Reply, ToolCall } from '../../../model/conversation.js';
import { MEDIA_TOKENS, toPieces } from '../../../model/tokens.js';

/** Reads an OpenAI chat. Jamba, Mistral and others use the same messages and tools. */
export function readChat(body: JsonObject): Conversation {
  const tools = arrayOf(body['tools']).map(objectOf);
  const messages = arrayOf(body['messages']).map(objectOf);
  return {
    prompt: [...tools.map((tool) => JSON.stringify(tool)), ...messages.flatMap(messagePrompt)],
    messages: messages.map(readMessage),
    tools: tools.map((tool) => {
      const { name, parameters } = objectOf(tool['function']);
      return { name: stringOf(name), schema: objectOf(parameters) };
    }),
    forceTool: readToolChoice(body['tool_choice']),
    maxTokens: numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens']),
  };
}

export const REASONS = { end: 'stop', tool: 'tool_calls', length: 'length' } as const;

/** Returns the assistant's message. */
export function writeMessage({ text, toolCalls }: Reply): JsonObject {
  return {
    role: 'assistant',
    content: text,
    tool_calls: toolCalls.length > 0 ? toolCalls.map((call) => writeToolCall(call, JSON.stringify(call.input))) : null,
  };
}

/** Returns the deltas of a stream: the role, the text, and each tool call with the pieces of its arguments. */
export function writeDeltas(reply: Reply): JsonObject[] {
  return [
    { role: 'assistant', content: '' },
    ...reply.pieces.map((content) => ({ content })),
    ...reply.toolCalls.flatMap((call, index) => [
      { tool_calls: [{ index, ...writeToolCall(call, '') }] },
      ...toPieces(JSON.stringify(call.input)).map((piece) => ({
        tool_calls: [{ index, function: { arguments: piece } }],
      })),
    ]),
  ];
}

function readMessage(message: JsonObject): Message {
  const text = contentText(message['content']);
  const isResult = message['role'] === 'tool';
  return {
    role: stringOf(message['role']),
    text: isResult ? '' : text,
    toolCalls: arrayOf(message['tool_calls']).map(objectOf).map(readToolCall),
    toolResults: isResult ? [{ id: stringOf(message['tool_call_id']), text, failed: false }] : [],
  };
}

function readToolCall(call: JsonObject): ToolCall {
  const { name, arguments: input } = objectOf(call['function']);
  return { id: stringOf(call['id']), name: stringOf(name), input: parseInput(stringOf(input)) };
}

function parseInput(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Mistral uses `any` for OpenAI's `required`. */
function readToolChoice(choice: unknown): boolean | string {
  if (isObject(choice)) return stringOf(objectOf(choice['function'])['name']);
  return choice === 'required' || choice === 'any';
}

function messagePrompt(message: JsonObject): PromptPart[] {
  const calls = arrayOf(message['tool_calls']).map((call) => JSON.stringify(objectOf(call)['function']));
  const { content } = message;
  if (typeof content === 'string') return [content, ...calls];
  return [...arrayOf(content).map((part) => textOf(part) ?? MEDIA_TOKENS), ...calls];
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return arrayOf(content)
    .map((part) => textOf(part) ?? '')
    .join('');
}

function textOf(part: unknown): string | undefined {
  const { text } = objectOf(part);
  return typeof text === 'string' ? text : undefined;
}

function writeToolCall(call: ToolCall, input: string): JsonObject {
  return { id: callId(call), type: 'function', function: { name: call.name, arguments: input } };
}

function callId(call: ToolCall): string {
  return `call_${call.id}`;
}
