/**
 * Attribute and metric names that this package writes.
 *
 * GenAI names follow semantic conventions v1.41.1, the last version before they moved to a repository of their own. They
 * are defined here because the constants of `@opentelemetry/semantic-conventions/incubating` are deprecated. Stable names
 * (`error.type`, `server.address`, `http.*`, `exception.*`) come from `@opentelemetry/semantic-conventions`.
 *
 * The comment of each attribute states its type and the source of its value. `npm run docs` makes `docs/attributes.md` from
 * these comments.
 *
 * @see https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
 */

/** string. The operation and the dialect of its model; set when the span starts. */
export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
/** string. Always `aws.bedrock`; set when the span starts. */
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
/** string. `modelId` of the request, unchanged; set when the span starts. */
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
/** boolean. True for the streaming operations, else absent; set when the span starts. */
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
/** int. Request, under its dialect's name (`maxTokens`, `max_gen_len`, …). */
export const ATTR_GEN_AI_REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens';
/** double. Request. */
export const ATTR_GEN_AI_REQUEST_TEMPERATURE = 'gen_ai.request.temperature';
/** double. Request, under its dialect's name (`topP`, `p`, …). */
export const ATTR_GEN_AI_REQUEST_TOP_P = 'gen_ai.request.top_p';
/** double. Request; for Converse from `additionalModelRequestFields`. */
export const ATTR_GEN_AI_REQUEST_TOP_K = 'gen_ai.request.top_k';
/** string[]. Request; content, so absent if content is off. */
export const ATTR_GEN_AI_REQUEST_STOP_SEQUENCES = 'gen_ai.request.stop_sequences';
/** int. Request. */
export const ATTR_GEN_AI_REQUEST_SEED = 'gen_ai.request.seed';
/** double. Request. */
export const ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY = 'gen_ai.request.frequency_penalty';
/** double. Request. */
export const ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY = 'gen_ai.request.presence_penalty';
/** int. Request (`n`, `num_generations`, …), unless it is 1. */
export const ATTR_GEN_AI_REQUEST_CHOICE_COUNT = 'gen_ai.request.choice.count';
/** string[]. Request for embeddings. */
export const ATTR_GEN_AI_REQUEST_ENCODING_FORMATS = 'gen_ai.request.encoding_formats';
/** int. Request for embeddings, then the length of the vectors in the answer. */
export const ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT = 'gen_ai.embeddings.dimension.count';
/** string. `image` for image models, `json` if the request asks for JSON; else absent. */
export const ATTR_GEN_AI_OUTPUT_TYPE = 'gen_ai.output.type';
/** string. Body of the answer, if its dialect has one. */
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
/** string. Body of the answer; for Converse the prompt router's `invokedModelId`; for GetAsyncInvoke `modelArn`. */
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
/** string[]. Answer, in the provider's words, one for each choice. */
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons';
/** double. Clock: seconds from the call to the first chunk that the application read. */
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
/** int. Body, else response headers, else stream metrics; cached tokens included, once. */
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
/** int. Body, else response headers, else stream metrics. */
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
/** int. The same sources. */
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
/** int. The same sources. */
export const ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';
/** int. The same figure under the name that replaces `cache_creation` in the newer conventions; MLflow reads it first. */
export const ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
/** int. Body, if its dialect has one. */
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = 'gen_ai.usage.reasoning.output_tokens';
/** JSON text. Request; content. */
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
/** JSON text. Answer, or what the stream added up to; content. */
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
/** JSON text. Request; content. */
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
/** JSON text. Request; content. */
export const ATTR_GEN_AI_TOOL_DEFINITIONS = 'gen_ai.tool.definitions';
/** string. `input` or `output`, on the metric `gen_ai.client.token.usage` only. */
export const ATTR_GEN_AI_TOKEN_TYPE = 'gen_ai.token.type';
/** string. Answer or error of the SDK, else header of the latest HTTP response. AWS support asks for it. */
export const ATTR_AWS_REQUEST_ID = 'aws.request_id';
/** string. Request (`guardrailConfig`, `guardrailIdentifier`), if it names a guardrail. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ID = 'aws.bedrock.guardrail.id';

/** No convention defines these. Their names follow `aws.bedrock.guardrail.id`. */
/** string. Request of ApplyGuardrail. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_VERSION = 'aws.bedrock.guardrail.version';
/** string. Answer of ApplyGuardrail: `NONE` or `GUARDRAIL_INTERVENED`. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ACTION = 'aws.bedrock.guardrail.action';
/** int. Answer of ApplyGuardrail. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT = 'aws.bedrock.guardrail.assessment.count';
/** int. Answer of CountTokens. These tokens are counted, not used, so they are no usage. */
export const ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS = 'aws.bedrock.counted_input_tokens';
/** string. Answer of StartAsyncInvoke, request of GetAsyncInvoke. */
export const ATTR_AWS_BEDROCK_INVOCATION_ARN = 'aws.bedrock.invocation.arn';
/** string. Answer of GetAsyncInvoke. */
export const ATTR_AWS_BEDROCK_INVOCATION_STATUS = 'aws.bedrock.invocation.status';

/** `gen_ai.provider.name` of every Bedrock call, as the conventions require, for models of all vendors. */
export const PROVIDER_AWS_BEDROCK = 'aws.bedrock';

export const METRIC_TOKEN_USAGE = 'gen_ai.client.token.usage';
export const METRIC_OPERATION_DURATION = 'gen_ai.client.operation.duration';
export const METRIC_TIME_TO_FIRST_CHUNK = 'gen_ai.client.operation.time_to_first_chunk';
export const METRIC_TIME_PER_OUTPUT_CHUNK = 'gen_ai.client.operation.time_per_output_chunk';

export const EVENT_INFERENCE_DETAILS = 'gen_ai.client.inference.operation.details';
export const EVENT_OPERATION_EXCEPTION = 'gen_ai.client.operation.exception';

/** Attributes of MLflow's trace format, for values that no convention can express. */
/** string. The operation: `CHAT_MODEL`, `LLM`, `EMBEDDING`, `RERANKER` or `GUARDRAIL`. */
export const ATTR_MLFLOW_SPAN_TYPE = 'mlflow.spanType';
/** JSON text. The whole input; content. */
export const ATTR_MLFLOW_SPAN_INPUTS = 'mlflow.spanInputs';
/** JSON text. The whole output, or what the stream added up to; content. */
export const ATTR_MLFLOW_SPAN_OUTPUTS = 'mlflow.spanOutputs';
/** string. The dialect, if MLflow can show it as a conversation: `bedrock`, `anthropic`, `openai`. */
export const ATTR_MLFLOW_MESSAGE_FORMAT = 'mlflow.message.format';
/** JSON text. Request, in OpenAI's form; content. */
export const ATTR_MLFLOW_CHAT_TOOLS = 'mlflow.chat.tools';
/** JSON text. The figures of `gen_ai.usage.*`, if input, output and total are known. */
export const ATTR_MLFLOW_CHAT_TOKEN_USAGE = 'mlflow.chat.tokenUsage';
/** string. `modelId` of the request; the answer's model if an ARN hides it. MLflow finds the price by it. */
export const ATTR_MLFLOW_LLM_MODEL = 'mlflow.llm.model';
/** string. The vendor in the model id; absent if an ARN hides it. */
export const ATTR_MLFLOW_LLM_PROVIDER = 'mlflow.llm.provider';
