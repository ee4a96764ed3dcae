/**
 * Attribute and metric names that this package writes.
 *
 * GenAI names follow semantic conventions v1.41.1, the last version published before they moved to a repository of
 * their own; the constants of `@opentelemetry/semantic-conventions/incubating` are deprecated, so they stand here,
 * where a rename is one edit. Stable names (`error.type`, `server.address`, `exception.*`) come from
 * `@opentelemetry/semantic-conventions`.
 *
 * @see https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
 */

export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
export const ATTR_GEN_AI_REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens';
export const ATTR_GEN_AI_REQUEST_TEMPERATURE = 'gen_ai.request.temperature';
export const ATTR_GEN_AI_REQUEST_TOP_P = 'gen_ai.request.top_p';
export const ATTR_GEN_AI_REQUEST_TOP_K = 'gen_ai.request.top_k';
export const ATTR_GEN_AI_REQUEST_STOP_SEQUENCES = 'gen_ai.request.stop_sequences';
export const ATTR_GEN_AI_REQUEST_SEED = 'gen_ai.request.seed';
export const ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY = 'gen_ai.request.frequency_penalty';
export const ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY = 'gen_ai.request.presence_penalty';
export const ATTR_GEN_AI_REQUEST_CHOICE_COUNT = 'gen_ai.request.choice.count';
export const ATTR_GEN_AI_REQUEST_ENCODING_FORMATS = 'gen_ai.request.encoding_formats';
export const ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT = 'gen_ai.embeddings.dimension.count';
export const ATTR_GEN_AI_OUTPUT_TYPE = 'gen_ai.output.type';
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons';
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';
/** The name that replaces `cache_creation` in the conventions' new repository; MLflow reads it first. */
export const ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = 'gen_ai.usage.reasoning.output_tokens';
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
export const ATTR_GEN_AI_TOOL_DEFINITIONS = 'gen_ai.tool.definitions';
export const ATTR_GEN_AI_TOKEN_TYPE = 'gen_ai.token.type';
export const ATTR_AWS_BEDROCK_GUARDRAIL_ID = 'aws.bedrock.guardrail.id';

/** No convention has these; named in the style of `aws.bedrock.guardrail.id`. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_VERSION = 'aws.bedrock.guardrail.version';
export const ATTR_AWS_BEDROCK_GUARDRAIL_ACTION = 'aws.bedrock.guardrail.action';
export const ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT = 'aws.bedrock.guardrail.assessment.count';
export const ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS = 'aws.bedrock.counted_input_tokens';
export const ATTR_AWS_BEDROCK_INVOCATION_ARN = 'aws.bedrock.invocation.arn';
export const ATTR_AWS_BEDROCK_INVOCATION_STATUS = 'aws.bedrock.invocation.status';
export const ATTR_AWS_REQUEST_ID = 'aws.request_id';

/** `gen_ai.provider.name` of every Bedrock call, as the conventions require, whoever made the model. */
export const PROVIDER_AWS_BEDROCK = 'aws.bedrock';

export const METRIC_TOKEN_USAGE = 'gen_ai.client.token.usage';
export const METRIC_OPERATION_DURATION = 'gen_ai.client.operation.duration';
export const METRIC_TIME_TO_FIRST_CHUNK = 'gen_ai.client.operation.time_to_first_chunk';
export const METRIC_TIME_PER_OUTPUT_CHUNK = 'gen_ai.client.operation.time_per_output_chunk';

export const EVENT_INFERENCE_DETAILS = 'gen_ai.client.inference.operation.details';
export const EVENT_OPERATION_EXCEPTION = 'gen_ai.client.operation.exception';

/** Attributes of MLflow's trace format, for what no convention can express. */
export const ATTR_MLFLOW_SPAN_TYPE = 'mlflow.spanType';
export const ATTR_MLFLOW_SPAN_INPUTS = 'mlflow.spanInputs';
export const ATTR_MLFLOW_SPAN_OUTPUTS = 'mlflow.spanOutputs';
export const ATTR_MLFLOW_MESSAGE_FORMAT = 'mlflow.message.format';
export const ATTR_MLFLOW_CHAT_TOOLS = 'mlflow.chat.tools';
export const ATTR_MLFLOW_CHAT_TOKEN_USAGE = 'mlflow.chat.tokenUsage';
export const ATTR_MLFLOW_LLM_MODEL = 'mlflow.llm.model';
export const ATTR_MLFLOW_LLM_PROVIDER = 'mlflow.llm.provider';
