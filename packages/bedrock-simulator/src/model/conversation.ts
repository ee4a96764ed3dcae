import type { JsonObject } from '../json.js';

/** A place in a prompt where the request asks the service to cache everything before it. */
export const CACHE_POINT = { cachePoint: true } as const;

export type PromptPart = string | typeof CACHE_POINT;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
}

interface ToolResult {
  /** Id of the tool call that this result answers. */
  readonly id: string;
  readonly text: string;
  readonly failed: boolean;
}

/** A document that an answer may quote. */
export interface CitableDocument {
  readonly title: string;
  readonly text: string;
}

/** A sentence of a document, as an answer quotes it. */
export interface Quote {
  readonly text: string;
  readonly title: string;
  /** Position of the document among the documents of its message. */
  readonly documentIndex: number;
  /** Position in the document, in characters. */
  readonly start: number;
  readonly end: number;
}

export interface Message {
  readonly role: string;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly toolResults: readonly ToolResult[];
  /** Documents with citations enabled. */
  readonly documents?: readonly CitableDocument[];
}

export interface Tool {
  readonly name: string;
  /** JSON schema of the input. */
  readonly schema: JsonObject;
}

/** A request, independent of the dialect of its body. */
export interface Conversation {
  /** All input, in the order in which the service caches prefixes: tools, system, messages. */
  readonly prompt: readonly PromptPart[];
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  /** True if the request requires a tool call; a name if it requires this tool. */
  readonly forceTool: boolean | string;
  readonly maxTokens: number | undefined;
}

export interface Usage {
  /** Cached tokens are not included, as in the service's own count. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** A scripted assistant turn that any dialect can write. */
export interface Reply {
  /** Equal requests get equal ids. */
  readonly id: string;
  readonly text: string;
  /** The same text, split as a stream sends it. */
  readonly pieces: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  /** Quotes at the start of the text, each followed by a space; empty if the request has no documents to cite. */
  readonly quotes: readonly Quote[];
  readonly finish: 'end' | 'tool' | 'length';
  readonly usage: Usage;
  /** True if the request has cache points, even if no token was read or written. */
  readonly caching: boolean;
  /** In milliseconds, computed from the usage. */
  readonly latency: { readonly total: number; readonly firstByte: number };
}

/** A request without tools whose prompt is one text. */
export function plainConversation(text: string, maxTokens: number | undefined): Conversation {
  const messages = [{ role: 'user', text, toolCalls: [], toolResults: [] }];
  return { prompt: [text], messages, tools: [], forceTool: false, maxTokens };
}
