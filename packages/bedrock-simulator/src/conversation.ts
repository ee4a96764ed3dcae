import type { JsonObject } from './json.js';

/** Marks in a prompt where the request asks for what precedes it to be cached. */
export const CACHE_POINT = { cachePoint: true } as const;

export type PromptPart = string | typeof CACHE_POINT;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
}

export interface ToolResult {
  /** Id of the call it answers. */
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
  /** Place of the document among those of its message. */
  readonly documentIndex: number;
  /** In characters of the document. */
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

/** What a request says, whatever the dialect it is written in. */
export interface Conversation {
  /** Everything that counts as input, in the order in which prefixes are cached: tools, system, messages. */
  readonly prompt: readonly PromptPart[];
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  /** True when the request insists on a tool call; a name when it insists on that tool. */
  readonly forceTool: boolean | string;
  readonly maxTokens: number | undefined;
}

export interface Usage {
  /** Without cached tokens, as the service counts. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** A scripted assistant turn, ready to be written in any dialect. */
export interface Reply {
  /** Stable for the same request. */
  readonly id: string;
  readonly text: string;
  /** The same text in the pieces a stream sends. */
  readonly pieces: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  /** What the text begins with, each followed by a space, when the request has documents to cite. */
  readonly quotes: readonly Quote[];
  readonly finish: 'end' | 'tool' | 'length';
  readonly usage: Usage;
  /** True when the request has cache points, even if nothing was read or written. */
  readonly caching: boolean;
  /** Milliseconds, computed from the usage. */
  readonly latency: { readonly total: number; readonly firstByte: number };
}

/** A request without tools whose prompt is one text. */
export function plainConversation(text: string, maxTokens: number | undefined): Conversation {
  const messages = [{ role: 'user', text, toolCalls: [], toolResults: [] }];
  return { prompt: [text], messages, tools: [], forceTool: false, maxTokens };
}
