/**
 * GenAI messages as the semantic conventions define them (v1.41.1 JSON schemas for `gen_ai.input.messages`,
 * `gen_ai.output.messages`, `gen_ai.system_instructions` and `gen_ai.tool.definitions`).
 */

import type { JsonObject, JsonValue } from './json.js';

export type Part =
  | { readonly type: 'text' | 'reasoning'; readonly content: string; readonly qualifiers?: JsonValue }
  | { readonly type: 'tool_call'; readonly id?: string; readonly name: string; readonly arguments?: JsonValue }
  | { readonly type: 'tool_call_response'; readonly id?: string; readonly response: JsonValue }
  | { readonly type: 'blob'; readonly modality: string; readonly mime_type?: string; readonly content: string }
  | { readonly type: 'uri'; readonly modality: string; readonly mime_type?: string; readonly uri: string }
  | { readonly type: 'file'; readonly modality: string; readonly mime_type?: string; readonly file_id: string }
  /** The schema allows any other kind of part that has a type. */
  | GenericPart;

interface GenericPart extends JsonObject {
  readonly type: string;
}

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
}

export interface OutputMessage extends Message {
  /** `stop`, `length`, `content_filter`, `tool_call`, `error`, or the provider's word if none of them fits. */
  readonly finish_reason: string;
}

export interface ToolDefinition {
  /** `function` for a tool of the application; for a tool of the provider, the provider's word for its kind. */
  readonly type: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON schema of the arguments; for functions only. */
  readonly parameters?: JsonValue | undefined;
  /** Further members of the provider's definition, such as `strict` and `format`. The schema allows them. */
  readonly [member: string]: JsonValue | undefined;
}

export interface InputContent {
  readonly messages: readonly Message[];
  readonly systemInstructions?: readonly Part[] | undefined;
  /** The values for the variables of a managed prompt, by name. */
  readonly promptVariables?: ReadonlyMap<string, string> | undefined;
}

/** Content that is no message, by the name of its attribute. */
export type ContentDetails = Readonly<Record<string, JsonValue | undefined>>;

export function textPart(content: string): Part {
  return { type: 'text', content };
}

/** A message of tool results only gets the role `tool`, whatever its role is on the wire. */
export function message(role: string, parts: readonly Part[]): Message {
  const onlyToolResults = parts.length > 0 && parts.every((part) => part.type === 'tool_call_response');
  return { role: onlyToolResults ? 'tool' : role, parts };
}

/**
 * The providers' words for the finish reasons of the conventions, in lower case. Words with another meaning are missing on
 * purpose, such as Anthropic's `pause_turn` and Cohere's `USER_CANCEL`.
 */
const PROVIDER_WORDS: Readonly<Record<string, readonly string[]>> = {
  stop: [
    ...['stop', 'end_turn', 'stop_sequence', 'complete', 'endoftext', 'success'],
    // Titan documents `FINISHED` but sends `FINISH`.
    ...['finish', 'finished', 'stop_criteria_met'],
    // The status of an answer of OpenAI's Responses API.
    'completed',
  ],
  length: [
    ...['length', 'max_tokens', 'model_length', 'model_context_window_exceeded', 'error_limit'],
    ...['max_output_tokens', 'max_output_tokens_exceeded'],
  ],
  tool_call: ['tool_call', 'tool_calls', 'tool_use', 'function_call'],
  content_filter: ['content_filter', 'content_filtered', 'guardrail_intervened', 'refusal', 'error_toxic'],
  error: [
    ...['error', 'timeout', 'inference error', 'malformed_model_output', 'malformed_tool_use'],
    ...['rag_query_when_rag_disabled', 'failed'],
  ],
};

const FINISH_REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries(PROVIDER_WORDS).flatMap(([reason, words]) => words.map((word) => [word, reason] as const)),
);

/** Words with a meaning of their own, which the conventions have no word for. */
const OWN_WORDS = [
  ...['pause_turn', 'user_cancel', 'compaction', 'input_required', 'interrupted', 'partial_turn'],
  // Of OpenAI's Responses API.
  ...['cancelled', 'incomplete', 'max_tool_calls'],
  // Of agents that run in a harness of AgentCore.
  ...['tool_result', 'hook_stopped', 'max_iterations_exceeded', 'timeout_exceeded'],
];

/** Every finish reason that a provider documents, in lower case. */
export const FINISH_WORDS: ReadonlySet<string> = new Set([...FINISH_REASONS.keys(), ...OWN_WORDS]);

/**
 * Translates a provider's finish reason into the words of the conventions; unknown words stay. Without a reason the answer
 * is incomplete, which is `error`.
 */
export function finishReason(reason: string | undefined): string {
  if (reason === undefined) return 'error';
  return FINISH_REASONS.get(reason.toLowerCase()) ?? reason;
}
