/** Objects of LangChain as the plain values that MLflow shows: messages as those of chat APIs. */

import { parseJson } from 'opentelemetry-instrumentation-bedrock/recording';

type JsonLike = Record<string, unknown>;

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant' };
/** States of graphs hold messages in lists, perhaps inside an object. */
const MAX_DEPTH = 5;

/** Returns a copy in which LangChain's messages are plain. Leaves other objects of classes as they are. */
export function plain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (isMessage(value)) return plainMessage(value);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member, depth + 1)]));
}

/** The result of a tool: the text that the model gets instead of the message around it. */
export function toolResult(value: unknown): unknown {
  return isMessage(value) ? parsed(value.content) : plain(value);
}

/** Documents as MLflow shows those of a retriever. */
export function plainDocuments(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((document: JsonLike) => ({
    page_content: document['pageContent'],
    metadata: document['metadata'],
    id: document['id'],
  }));
}

/** The object or array that a JSON text stands for. Any other text itself, also if it looks like a number. */
export function parsed(text: unknown): unknown {
  return typeof text === 'string' && /^\s*[[{]/.test(text) ? (parseJson(text) ?? text) : text;
}

interface Message extends JsonLike {
  readonly content: unknown;
  getType(): string;
}

function isMessage(value: unknown): value is Message {
  const { getType, content } = value as Partial<Message>;
  return typeof getType === 'function' && content !== undefined;
}

function plainMessage(message: Message): JsonLike {
  const { content, name, tool_call_id, tool_calls } = message;
  const type = message.getType();
  const calls = Array.isArray(tool_calls) ? tool_calls : [];
  return {
    role: ROLES[type] ?? message['role'] ?? type,
    content,
    ...(name === undefined ? {} : { name }),
    ...(tool_call_id === undefined ? {} : { tool_call_id }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(plainToolCall) }),
  };
}

function plainToolCall({ id, name, args }: JsonLike): JsonLike {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
}

function isPlainObject(value: object): value is JsonLike {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
