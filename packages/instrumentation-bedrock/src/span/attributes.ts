/** From what was read to span attributes. Pure: no span, no clock. */

import type { Attributes } from '@opentelemetry/api';
import type { OperationName, RequestParameters, ResponseFacts } from '../data/facts.js';
import type { InputContent, OutputMessage, ToolDefinition } from '../data/messages.js';
import * as semconv from '../data/semconv.js';
import type { TokenUsage } from '../data/usage.js';

/** Attribute of each request parameter that is no content. */
const PARAMETERS: { readonly [Key in keyof Required<Omit<RequestParameters, 'stopSequences'>>]: string } = {
  maxTokens: semconv.ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  temperature: semconv.ATTR_GEN_AI_REQUEST_TEMPERATURE,
  topP: semconv.ATTR_GEN_AI_REQUEST_TOP_P,
  topK: semconv.ATTR_GEN_AI_REQUEST_TOP_K,
  seed: semconv.ATTR_GEN_AI_REQUEST_SEED,
  frequencyPenalty: semconv.ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  presencePenalty: semconv.ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  choiceCount: semconv.ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  embeddingDimensions: semconv.ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  encodingFormats: semconv.ATTR_GEN_AI_REQUEST_ENCODING_FORMATS,
  outputType: semconv.ATTR_GEN_AI_OUTPUT_TYPE,
};

const PARAMETER_KEYS = Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[];

/** Adds the parameters that are numbers and words of the API; texts that the application made up are content. */
export function addParameters(attributes: Attributes, parameters: RequestParameters): void {
  for (const key of PARAMETER_KEYS) {
    const value = parameters[key];
    // One choice is the default and, by the conventions, not recorded.
    if (value === undefined || (key === 'choiceCount' && value === 1)) continue;
    attributes[PARAMETERS[key]] = typeof value === 'object' ? [...value] : value;
  }
}

/** Content by attribute: JSON text on spans, structured in events. */
export type ContentAttributes = Readonly<Record<string, unknown>>;

export function inputContent({ messages, systemInstructions }: InputContent): ContentAttributes {
  const content: Record<string, unknown> = {};
  if (messages.length > 0) content[semconv.ATTR_GEN_AI_INPUT_MESSAGES] = messages;
  if (systemInstructions) content[semconv.ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = systemInstructions;
  return content;
}

export function outputContent(messages: readonly OutputMessage[]): ContentAttributes {
  return messages.length > 0 ? { [semconv.ATTR_GEN_AI_OUTPUT_MESSAGES]: messages } : {};
}

export function toolContent(tools: readonly ToolDefinition[]): ContentAttributes {
  return tools.length > 0 ? { [semconv.ATTR_GEN_AI_TOOL_DEFINITIONS]: tools } : {};
}

/**
 * MLflow shows tools in OpenAI's form, and only that: its `ChatTool` takes no type but `function`, and with one tool of
 * another its older pages show none. A provider's own tool is given as a function without parameters, as MLflow's own
 * tracing of Anthropic does. Left out, it would be missing from the list of what the model could call.
 */
export function mlflowTools(tools: readonly ToolDefinition[]): ContentAttributes {
  if (tools.length === 0) return {};
  return { [semconv.ATTR_MLFLOW_CHAT_TOOLS]: tools.map(({ type, ...tool }) => ({ type: 'function', function: tool })) };
}

export function addResponse(attributes: Attributes, facts: ResponseFacts): void {
  const { id, model, embeddingDimensions, finishReasons } = facts;
  add(attributes, semconv.ATTR_GEN_AI_RESPONSE_ID, id);
  add(attributes, semconv.ATTR_GEN_AI_RESPONSE_MODEL, model);
  add(attributes, semconv.ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT, embeddingDimensions);
  if (finishReasons?.length) attributes[semconv.ATTR_GEN_AI_RESPONSE_FINISH_REASONS] = [...finishReasons];
}

export function addUsage(attributes: Attributes, usage: TokenUsage, operation: OperationName): void {
  add(attributes, semconv.ATTR_GEN_AI_USAGE_INPUT_TOKENS, usage.inputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS, usage.outputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, usage.cacheReadTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, usage.cacheWriteTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, usage.cacheWriteTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, usage.reasoningTokens);
  add(attributes, semconv.ATTR_MLFLOW_CHAT_TOKEN_USAGE, mlflowTokenUsage(usage, operation));
}

function add(attributes: Attributes, name: string, value: string | number | undefined): void {
  if (value !== undefined) attributes[name] = value;
}

/**
 * `mlflow.chat.tokenUsage`, as JSON. MLflow needs input, output and total, so it is left out when one of them is not
 * known. An embedding has no output tokens: there the input is the total.
 */
function mlflowTokenUsage(usage: TokenUsage, operation: OperationName): string | undefined {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, longCacheWriteTokens } = usage;
  const outputTokens = usage.outputTokens ?? (operation === 'embeddings' ? 0 : undefined);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  // Written by hand: they are whole numbers, and JSON.stringify takes longer than all other figures of a call.
  let json = `{"input_tokens":${inputTokens},"output_tokens":${outputTokens},"total_tokens":${inputTokens + outputTokens}`;
  if (cacheReadTokens !== undefined) json += `,"cache_read_input_tokens":${cacheReadTokens}`;
  if (cacheWriteTokens !== undefined) json += `,"cache_creation_input_tokens":${cacheWriteTokens}`;
  if (longCacheWriteTokens) json += `,"cache_creation_input_tokens_above_1hr":${longCacheWriteTokens}`;
  return `${json}}`;
}
