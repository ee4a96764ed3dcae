/**
 * GenAI messages as the semantic conventions define them (v1.41.1 JSON schemas for `gen_ai.input.messages`,
 * `gen_ai.output.messages`, `gen_ai.system_instructions` and `gen_ai.tool.definitions`).
 */

import type { JsonObject, JsonValue } from './json.js';

export type Part =
  | { readonly type: 'text' | 'reasoning'; readonly content: string }
  | { readonly type: 'tool_call'; readonly id?: string; readonly name: string; readonly arguments?: JsonValue }
  | { readonly type: 'tool_call_response'; readonly id?: string; readonly response: JsonValue }
  | { readonly type: 'blob'; readonly modality: string; readonly mime_type?: string; readonly content: string }
  | { readonly type: 'uri'; readonly modality: string; readonly mime_type?: string; readonly uri: string }
  /** Any other kind of part, which the schema allows as long as it has a type. */
  | GenericPart;

export interface GenericPart extends JsonObject {
  readonly type: string;
}

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
}

export interface OutputMessage extends Message {
  /** `stop`, `length`, `content_filter`, `tool_call`, `error`, or the provider's word when none of them fits. */
  readonly finish_reason: string;
}

export interface ToolDefinition {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters?: JsonValue | undefined;
}

export interface InputContent {
  readonly messages: readonly Message[];
  readonly systemInstructions?: readonly Part[] | undefined;
}

export function textPart(content: string): Part {
  return { type: 'text', content };
}

/** A message whose parts are all answers of tools has the role `tool`, whatever role carried it on the wire. */
export function message(role: string, parts: readonly Part[]): Message {
  const onlyToolResults = parts.length > 0 && parts.every((part) => part.type === 'tool_call_response');
  return { role: onlyToolResults ? 'tool' : role, parts };
}

const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop: 'stop',
  stop_sequence: 'stop',
  finish: 'stop',
  complete: 'stop',
  endoftext: 'stop',
  max_tokens: 'length',
  length: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_call',
  tool_calls: 'tool_call',
  content_filter: 'content_filter',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
  refusal: 'content_filter',
};

/**
 * A provider's finish reason in the words of the conventions. Without one, `error`: a reason was expected but the
 * answer ended before it came.
 */
export function finishReason(reason: string | undefined): string {
  if (reason === undefined) return 'error';
  const key = reason.toLowerCase();
  return Object.hasOwn(FINISH_REASONS, key) ? (FINISH_REASONS[key] as string) : reason;
}
