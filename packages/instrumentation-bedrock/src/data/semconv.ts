/**
 * Attribute and metric names that this package writes.
 *
 * GenAI names follow semantic conventions v1.41.1, the last version before they moved to a repository of their own. They
 * are defined here because the constants of `@opentelemetry/semantic-conventions/incubating` are deprecated. Stable names
 * (`error.type`, `server.address`, `http.*`, `exception.*`) come from `@opentelemetry/semantic-conventions`. "Newer
 * conventions" are those of https://github.com/open-telemetry/semantic-conventions-genai (v0.1.0), in development. What
 * they have renamed is written under both names. `docs/attributes.md` says for each kind of span what follows which.
 *
 * The comment of each attribute states its type and the source of its value. `npm run docs` makes `docs/attributes.md` from
 * these comments.
 *
 * @see https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
 */

export * from './semconv-bedrock.js';

/** string. The operation and the dialect of its model; set when the span starts. */
export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
/** string. Always `aws.bedrock`; set when the span starts. */
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
/** string. `modelId` of the request, `modelArn`, `foundationModel` or `model`, unchanged; set when the span starts. */
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
/** boolean. True for the streaming operations and for requests that ask for a stream, else absent; set when the span starts. */
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
/** int. Request, under its dialect's name (`maxTokens`, `max_gen_len`, …). */
export const ATTR_GEN_AI_REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens';
/** double. Request. */
export const ATTR_GEN_AI_REQUEST_TEMPERATURE = 'gen_ai.request.temperature';
/** double. Request, under its dialect's name (`topP`, `p`, …). */
export const ATTR_GEN_AI_REQUEST_TOP_P = 'gen_ai.request.top_p';
/** double. Request; for Converse from `additionalModelRequestFields`. An int in the newer conventions. */
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
/** string. Request: effort of reasoning as sent (`effort`, `reasoning_effort`, `maxReasoningEffort`, …). Newer conventions. */
export const ATTR_GEN_AI_REQUEST_REASONING_LEVEL = 'gen_ai.request.reasoning.level';
/** string. Id of the managed prompt, if `modelId` is its ARN; `prompt.id` of OpenAI's Responses API. Newer conventions. */
export const ATTR_GEN_AI_PROMPT_NAME = 'gen_ai.prompt.name';
/** string. Version in the ARN of the managed prompt; `prompt.version`. Newer conventions. */
export const ATTR_GEN_AI_PROMPT_VERSION = 'gen_ai.prompt.version';
/** string. `promptVariables` of a Converse request, `prompt.variables` that are text, one attribute for each; content. Newer conventions. */
export const ATTR_GEN_AI_PROMPT_VARIABLE = 'gen_ai.prompt.variable.<key>';
/** string. `image` for image models, `speech` for voice sessions, `json` if the request asks for JSON; else absent. */
export const ATTR_GEN_AI_OUTPUT_TYPE = 'gen_ai.output.type';
/** string. Body of the answer, if its dialect has one. */
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
/** string. Body of the answer; for Converse the prompt router's `invokedModelId`; for GetAsyncInvoke `modelArn`. */
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
/** string[]. Answer, in the provider's words, one for each choice. `_OTHER` for unknown words if `captureMessageContent` is off. */
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons';
/** double. Clock: seconds from the call to the first chunk that the application read. */
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
/** int. Body, else response headers, else stream metrics; cached tokens included, once. */
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
/** int. Body, else response headers, else stream metrics. */
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
/** int. The same sources. */
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
/** int. The same sources. Deprecated in the newer conventions, so a later release leaves it out. */
export const ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';
/** int. The same figure under the name that replaces `cache_creation` in the newer conventions; MLflow reads it first. */
export const ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
/** int. Body, if its dialect has one. */
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = 'gen_ai.usage.reasoning.output_tokens';
/** int. The part of the input that is text, if the service states it. Newer conventions. */
export const ATTR_GEN_AI_USAGE_TEXT_INPUT_TOKENS = 'gen_ai.usage.text.input_tokens';
/** int. The part of the input that is speech, if the service states it. Newer conventions. */
export const ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS = 'gen_ai.usage.audio.input_tokens';
/** int. The part of the output that is text, if the service states it. Newer conventions. */
export const ATTR_GEN_AI_USAGE_TEXT_OUTPUT_TOKENS = 'gen_ai.usage.text.output_tokens';
/** int. The part of the output that is speech, if the service states it. Newer conventions. */
export const ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS = 'gen_ai.usage.audio.output_tokens';
/** JSON text. Request; content. */
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
/** JSON text. Answer, or what the stream added up to; content. */
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
/** JSON text. Request; content. */
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
/** string. Agent runtime: `agentId` of the request, of a collaborator from its alias ARN; AgentCore: ARN of the runtime or harness. */
export const ATTR_GEN_AI_AGENT_ID = 'gen_ai.agent.id';
/** string. Name of an inline agent, a collaborator, a runtime or a harness; `flowIdentifier` of InvokeFlow. */
export const ATTR_GEN_AI_AGENT_NAME = 'gen_ai.agent.name';
/** string. Version of the agent, from its trace. */
export const ATTR_GEN_AI_AGENT_VERSION = 'gen_ai.agent.version';
/** string. Session of an agent, a knowledge base or a store of sessions; execution of a flow; `conversation` of OpenAI's Responses API. */
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id';
/** string. Function of an action, or path of its API; `code_interpreter`. */
export const ATTR_GEN_AI_TOOL_NAME = 'gen_ai.tool.name';
/** string. Id by which the service asks the application for the result of a tool. */
export const ATTR_GEN_AI_TOOL_CALL_ID = 'gen_ai.tool.call.id';
/** string. `function` for actions, `extension` for tools that the service runs. */
export const ATTR_GEN_AI_TOOL_TYPE = 'gen_ai.tool.type';
/** JSON text. What the tool was given; content. */
export const ATTR_GEN_AI_TOOL_CALL_ARGUMENTS = 'gen_ai.tool.call.arguments';
/** JSON text, or text. What the tool returned; content. */
export const ATTR_GEN_AI_TOOL_CALL_RESULT = 'gen_ai.tool.call.result';
/** string. Id of the knowledge base of a lookup. */
export const ATTR_GEN_AI_DATA_SOURCE_ID = 'gen_ai.data_source.id';
/** string. The query of a lookup or a reranking; content. */
export const ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT = 'gen_ai.retrieval.query.text';
/** JSON text. The documents that were found, with id, score and text; content. */
export const ATTR_GEN_AI_RETRIEVAL_DOCUMENTS = 'gen_ai.retrieval.documents';
/** int. How many documents the request asks for. Newer conventions. */
export const ATTR_GEN_AI_RETRIEVAL_TOP_K = 'gen_ai.retrieval.top_k';
/** string. Id of the knowledge base; the same as `gen_ai.data_source.id`. */
export const ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_ID = 'aws.bedrock.knowledge_base.id';
/** string. `flowIdentifier` of InvokeFlow; set when the span starts. Deprecated in the newer conventions for `gen_ai.agent.name`. */
export const ATTR_GEN_AI_WORKFLOW_NAME = 'gen_ai.workflow.name';
/** string. Id of a memory of AgentCore. Newer conventions. */
export const ATTR_GEN_AI_MEMORY_STORE_ID = 'gen_ai.memory.store.id';
/** string. Id of the record or the event, if the request or the answer is about one. Newer conventions. */
export const ATTR_GEN_AI_MEMORY_RECORD_ID = 'gen_ai.memory.record.id';
/** int. How many records or events were found or changed. Newer conventions. */
export const ATTR_GEN_AI_MEMORY_RECORD_COUNT = 'gen_ai.memory.record.count';
/** string. The query of a search in a memory; content. Newer conventions. */
export const ATTR_GEN_AI_MEMORY_QUERY_TEXT = 'gen_ai.memory.query.text';
/** JSON text. The records or events that were sent or found; content. Newer conventions. */
export const ATTR_GEN_AI_MEMORY_RECORDS = 'gen_ai.memory.records';
/** JSON text. Request; content. */
export const ATTR_GEN_AI_TOOL_DEFINITIONS = 'gen_ai.tool.definitions';
/** string. `input` or `output`, on the metric `gen_ai.client.token.usage` only. */
export const ATTR_GEN_AI_TOKEN_TYPE = 'gen_ai.token.type';
/** string. `text`, `audio` or `unknown`, on the metrics `gen_ai.client.inference.usage.*` only. Newer conventions. */
export const ATTR_GEN_AI_TOKEN_MODALITY = 'gen_ai.token.modality';
/** string. `chat_completions`, `responses`, `completions` or `embeddings`, for calls of OpenAI's API. */
export const ATTR_OPENAI_API_TYPE = 'openai.api.type';
/** string. Request of OpenAI's API: `service_tier`; the same as `aws.bedrock.request.service_tier`. */
export const ATTR_OPENAI_REQUEST_SERVICE_TIER = 'openai.request.service_tier';
/** string. Answer of OpenAI's API: `service_tier`; the same as `aws.bedrock.response.service_tier`. */
export const ATTR_OPENAI_RESPONSE_SERVICE_TIER = 'openai.response.service_tier';
/** string. Answer of OpenAI's API: `system_fingerprint`. */
export const ATTR_OPENAI_RESPONSE_SYSTEM_FINGERPRINT = 'openai.response.system_fingerprint';
/** string. Answer or error of the SDK, else header of the latest HTTP response. AWS support asks for it. */
export const ATTR_AWS_REQUEST_ID = 'aws.request_id';
/** string. Request (`guardrailConfig`, `guardrailIdentifier`), if it names a guardrail. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ID = 'aws.bedrock.guardrail.id';

/** `gen_ai.provider.name` of every Bedrock call, as the conventions require, for models of all vendors. */
export const PROVIDER_AWS_BEDROCK = 'aws.bedrock';

/** Metrics of v1.41.1. The newer conventions replace them. They stay for one release after the newer names are the default. */
export const METRIC_TOKEN_USAGE = 'gen_ai.client.token.usage';
export const METRIC_OPERATION_DURATION = 'gen_ai.client.operation.duration';
export const METRIC_TIME_TO_FIRST_CHUNK = 'gen_ai.client.operation.time_to_first_chunk';
export const METRIC_TIME_PER_OUTPUT_CHUNK = 'gen_ai.client.operation.time_per_output_chunk';

/** Metrics of the newer conventions (v0.1.0), recorded beside the others if `OTEL_SEMCONV_STABILITY_OPT_IN` asks for them. */
export const METRIC_INFERENCE_DURATION = 'gen_ai.client.inference.duration';
export const METRIC_INFERENCE_TIME_TO_FIRST_CHUNK = 'gen_ai.client.inference.time_to_first_chunk';
export const METRIC_INFERENCE_TIME_PER_OUTPUT_CHUNK = 'gen_ai.client.inference.time_per_output_chunk';
export const METRIC_INFERENCE_INPUT_TOKENS = 'gen_ai.client.inference.operation.input_tokens';
export const METRIC_INFERENCE_OUTPUT_TOKENS = 'gen_ai.client.inference.operation.output_tokens';
export const METRIC_INFERENCE_USAGE_INPUT = 'gen_ai.client.inference.usage.input_tokens';
export const METRIC_INFERENCE_USAGE_OUTPUT = 'gen_ai.client.inference.usage.output_tokens';
export const METRIC_INFERENCE_USAGE_CACHE_READ = 'gen_ai.client.inference.usage.cache_read.input_tokens';
export const METRIC_INFERENCE_USAGE_CACHE_WRITE = 'gen_ai.client.inference.usage.cache_write.input_tokens';
export const METRIC_INFERENCE_USAGE_REASONING = 'gen_ai.client.inference.usage.reasoning.output_tokens';
export const METRIC_EMBEDDINGS_DURATION = 'gen_ai.client.embeddings.duration';
export const METRIC_EMBEDDINGS_INPUT_TOKENS = 'gen_ai.client.embeddings.operation.input_tokens';
export const METRIC_CLIENT_INVOKE_AGENT_DURATION = 'gen_ai.client.invoke_agent.duration';
export const METRIC_INVOKE_AGENT_DURATION = 'gen_ai.invoke_agent.duration';
export const METRIC_EXECUTE_TOOL_DURATION = 'gen_ai.execute_tool.duration';
export const METRIC_RETRIEVAL_DURATION = 'gen_ai.retrieval.duration';

export const EVENT_INFERENCE_DETAILS = 'gen_ai.client.inference.operation.details';
export const EVENT_OPERATION_EXCEPTION = 'gen_ai.client.operation.exception';

/** Attributes of MLflow's trace format, for values that no convention can express. */
/** string. The operation: `CHAT_MODEL`, `LLM`, `EMBEDDING`, `RERANKER`, `GUARDRAIL`, `AGENT`, `TOOL`, `RETRIEVER`, `WORKFLOW`, `CHAIN`, `MEMORY`, `TASK`. */
export const ATTR_MLFLOW_SPAN_TYPE = 'mlflow.spanType';
/** JSON text. The whole input; content. In a conversation, the system prompt is also the first message, where MLflow shows it. */
export const ATTR_MLFLOW_SPAN_INPUTS = 'mlflow.spanInputs';
/** JSON text. The whole output, or what the stream added up to; content. Reasoning is also text behind the answer, where MLflow shows it. */
export const ATTR_MLFLOW_SPAN_OUTPUTS = 'mlflow.spanOutputs';
/** string. The parser of MLflow that shows the dialect as a conversation: `bedrock`, `openai`, and `langchain` for Claude's. */
export const ATTR_MLFLOW_MESSAGE_FORMAT = 'mlflow.message.format';
/** JSON text. Request, in OpenAI's form; content. */
export const ATTR_MLFLOW_CHAT_TOOLS = 'mlflow.chat.tools';
/** JSON text. The figures of `gen_ai.usage.*`, if input, output and total are known. */
export const ATTR_MLFLOW_CHAT_TOKEN_USAGE = 'mlflow.chat.tokenUsage';
/** string. `modelId` of the request; the answer's model if an ARN hides it. MLflow finds the price by it. */
export const ATTR_MLFLOW_LLM_MODEL = 'mlflow.llm.model';
/** string. The vendor in the model id; absent if an ARN hides it. `bedrock_mantle` for hosts of Mantle, whose prices differ. */
export const ATTR_MLFLOW_LLM_PROVIDER = 'mlflow.llm.provider';
