/** Adds what was read to the attributes of a span. No span, no clock. */

import type { Attributes, AttributeValue } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import type { ExchangeFacts, OperationName, RequestParameters, ResponseFacts, ServerEndpoint } from '../data/facts.js';
import { identifyModel } from '../data/model-id.js';
import * as semconv from '../data/semconv.js';
import type { TokenUsage } from '../data/usage.js';

/** The attribute of each request parameter that is no content. */
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
  reasoningLevel: semconv.ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  reasoningBudget: semconv.ATTR_AWS_BEDROCK_REQUEST_REASONING_BUDGET,
  toolChoice: semconv.ATTR_AWS_BEDROCK_REQUEST_TOOL_CHOICE,
  serviceTier: semconv.ATTR_AWS_BEDROCK_REQUEST_SERVICE_TIER,
};

const PARAMETER_KEYS = Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[];

/** MLflow's span types of operations that are neither chat nor completion. */
const SPAN_TYPES: Readonly<Partial<Record<OperationName, string>>> = { embeddings: 'EMBEDDING', rerank: 'RERANKER' };

/** What identifies a call, on its span from the start and on its metrics. */
interface CallIdentity {
  readonly operation: OperationName;
  readonly modelId: string | undefined;
  readonly server: ServerEndpoint | undefined;
}

export function identityAttributes({ operation, modelId, server }: CallIdentity): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_GEN_AI_OPERATION_NAME]: operation,
    [semconv.ATTR_GEN_AI_PROVIDER_NAME]: semconv.PROVIDER_AWS_BEDROCK,
  };
  add(attributes, semconv.ATTR_GEN_AI_REQUEST_MODEL, modelId);
  if (server) addServer(attributes, server);
  return attributes;
}

export function addServer(attributes: Attributes, { address, port }: ServerEndpoint): void {
  attributes[ATTR_SERVER_ADDRESS] = address;
  attributes[ATTR_SERVER_PORT] = port;
}

interface RequestToDescribe {
  readonly operation: OperationName;
  /** MLflow's span type, unless the operation is an embedding or a reranking. */
  readonly spanType: string;
  /** `mlflow.message.format`; undefined if MLflow cannot show the dialect as a conversation. */
  readonly messageFormat: string | undefined;
  readonly modelId: string | undefined;
  /** `mlflow.llm.provider`; undefined if the model id hides the vendor. */
  readonly provider: string | undefined;
  readonly parameters: RequestParameters;
}

export function addRequest(attributes: Attributes, request: RequestToDescribe): void {
  const { operation, spanType, messageFormat, modelId, provider, parameters } = request;
  attributes[semconv.ATTR_MLFLOW_SPAN_TYPE] = SPAN_TYPES[operation] ?? spanType;
  add(attributes, semconv.ATTR_MLFLOW_MESSAGE_FORMAT, messageFormat);
  add(attributes, semconv.ATTR_MLFLOW_LLM_MODEL, modelId);
  add(attributes, semconv.ATTR_MLFLOW_LLM_PROVIDER, provider);
  addParameters(attributes, parameters);
}

export function addParameters(attributes: Attributes, parameters: RequestParameters): void {
  for (const key of PARAMETER_KEYS) {
    const value = parameters[key];
    // By the conventions, the choice count is recorded only if it is not 1.
    if (value === undefined || (key === 'choiceCount' && value === 1)) continue;
    attributes[PARAMETERS[key]] = typeof value === 'object' ? [...value] : value;
  }
}

export function addResponse(attributes: Attributes, facts: ResponseFacts): void {
  const { id, model, embeddingDimensions, finishReasons, serviceTier } = facts;
  add(attributes, semconv.ATTR_GEN_AI_RESPONSE_ID, id);
  add(attributes, semconv.ATTR_GEN_AI_RESPONSE_MODEL, model);
  add(attributes, semconv.ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT, embeddingDimensions);
  add(attributes, semconv.ATTR_AWS_BEDROCK_RESPONSE_SERVICE_TIER, serviceTier);
  if (finishReasons?.length) attributes[semconv.ATTR_GEN_AI_RESPONSE_FINISH_REASONS] = [...finishReasons];
}

/** Adds the model that answered, for MLflow's prices; used if the model id of the request hides the model. */
export function addAnsweringModel(attributes: Attributes, model: string): void {
  attributes[semconv.ATTR_MLFLOW_LLM_MODEL] = model;
  // Only an ARN of AWS names the vendor. In a provider's own name, the text before a dot can be anything.
  if (model.startsWith('arn:')) add(attributes, semconv.ATTR_MLFLOW_LLM_PROVIDER, identifyModel(model).vendor);
}

export function addExchange(attributes: Attributes, { resendCount, statusCode, requestId }: ExchangeFacts): void {
  if (resendCount > 0) attributes[ATTR_HTTP_REQUEST_RESEND_COUNT] = resendCount;
  add(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
  add(attributes, semconv.ATTR_AWS_REQUEST_ID, requestId);
}

export function addUsage(attributes: Attributes, usage: TokenUsage, operation: OperationName): void {
  add(attributes, semconv.ATTR_GEN_AI_USAGE_INPUT_TOKENS, usage.inputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS, usage.outputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, usage.cacheReadTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, usage.cacheWriteTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, usage.cacheWriteTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, usage.reasoningTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_TEXT_INPUT_TOKENS, usage.textInputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS, usage.audioInputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, usage.textOutputTokens);
  add(attributes, semconv.ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, usage.audioOutputTokens);
  add(attributes, semconv.ATTR_MLFLOW_CHAT_TOKEN_USAGE, mlflowTokenUsage(usage, operation));
}

/**
 * `mlflow.chat.tokenUsage` as JSON. MLflow needs input, output and total, so there is no value if one of them is unknown.
 * An embedding has no output tokens, so its total is the input.
 */
function mlflowTokenUsage(usage: TokenUsage, operation: OperationName): string | undefined {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, longCacheWriteTokens } = usage;
  const outputTokens = usage.outputTokens ?? (operation === 'embeddings' ? 0 : undefined);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  return JSON.stringify({
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    cache_read_input_tokens: cacheReadTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_creation_input_tokens_above_1hr: longCacheWriteTokens || undefined,
  });
}

/** Adds an attribute if it has a value. */
export function add(attributes: Attributes, name: string, value: AttributeValue | undefined): void {
  if (value !== undefined) attributes[name] = value;
}

/** Adds the attributes that have a value. */
export function addAll(attributes: Attributes, added: Attributes | undefined): void {
  for (const name in added) add(attributes, name, added[name]);
}

/** @param template the name of an attribute with the placeholder `<key>`. */
export function keyed(template: string, key: string): string {
  return template.replace('<key>', () => key);
}
