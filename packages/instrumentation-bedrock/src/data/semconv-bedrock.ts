/**
 * Attributes of Bedrock that no convention defines. Their names follow `aws.bedrock.guardrail.id`. The conventions have
 * `openai.request.service_tier` for OpenAI's API only, so every call has `aws.bedrock.request.service_tier`. `semconv.ts`
 * exports them, too, and says what their comments are for.
 */

/** string. Request, with the guardrail's id. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_VERSION = 'aws.bedrock.guardrail.version';
/** string. Answer: `NONE` or `GUARDRAIL_INTERVENED` (blocked or masked); for Converse from stop reason and trace. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ACTION = 'aws.bedrock.guardrail.action';
/** string. `actionReason` of the answer or its trace, at most 1024 characters. It quotes no content. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ACTION_REASON = 'aws.bedrock.guardrail.action_reason';
/** string[]. Answer or its trace: `REQUEST`, `ACCOUNT_ENFORCED`, `ORGANIZATION_ENFORCED`, for all guardrails that were applied. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ORIGIN = 'aws.bedrock.guardrail.origin';
/** int. Answer of ApplyGuardrail; trace of an agent. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENT_COUNT = 'aws.bedrock.guardrail.assessment.count';
/** string. Trace of an agent: `INPUT` or `OUTPUT`, which the guardrail checked. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_SOURCE = 'aws.bedrock.guardrail.source';
/** JSON text. Trace of an agent: what the guardrail found; content. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ASSESSMENTS = 'aws.bedrock.guardrail.assessments';
/** string[]. Request of InvokeGuardrailChecks: `contentFilter`, `promptAttack`, `sensitiveInformation`. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_CHECKS = 'aws.bedrock.guardrail.checks';
/** double. Answer of InvokeGuardrailChecks: the highest severity of all categories, from 0 to 1. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_MAX_SEVERITY_SCORE = 'aws.bedrock.guardrail.max_severity_score';
/** int. Answer of InvokeGuardrailChecks: how many sensitive entities were found. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ENTITY_COUNT = 'aws.bedrock.guardrail.entity.count';
/** int. Answer of CountTokens. These tokens are counted, not used, so they are no usage. */
export const ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS = 'aws.bedrock.counted_input_tokens';
/** string. Answer of StartAsyncInvoke, request of GetAsyncInvoke. */
export const ATTR_AWS_BEDROCK_INVOCATION_ARN = 'aws.bedrock.invocation.arn';
/** string. Answer of GetAsyncInvoke; the status that a request of ListAsyncInvokes asks for. */
export const ATTR_AWS_BEDROCK_INVOCATION_STATUS = 'aws.bedrock.invocation.status';
/** int. Answer of ListAsyncInvokes: the invocations on this page. */
export const ATTR_AWS_BEDROCK_INVOCATION_COUNT = 'aws.bedrock.invocation.count';

/** string. Request of an agent; of a collaborator from its alias ARN. */
export const ATTR_AWS_BEDROCK_AGENT_ALIAS_ID = 'aws.bedrock.agent.alias_id';
/** boolean. Request of an agent: `enableTrace`. Without it the answer has no steps and no tokens. */
export const ATTR_AWS_BEDROCK_AGENT_TRACE_ENABLED = 'aws.bedrock.agent.trace_enabled';
/** boolean. Request of an agent: `endSession`. */
export const ATTR_AWS_BEDROCK_AGENT_END_SESSION = 'aws.bedrock.agent.end_session';
/** string. Session of a collaborator, from its trace. It is no `gen_ai.conversation.id`, because MLflow would add it to the trace's. */
export const ATTR_AWS_BEDROCK_AGENT_SESSION_ID = 'aws.bedrock.agent.session_id';
/** string. Request or answer of an agent: `memoryId`. */
export const ATTR_AWS_BEDROCK_AGENT_MEMORY_ID = 'aws.bedrock.agent.memory_id';
/** string. Request of an inline agent: `DISABLED`, `SUPERVISOR` or `SUPERVISOR_ROUTER`. */
export const ATTR_AWS_BEDROCK_AGENT_COLLABORATION = 'aws.bedrock.agent.collaboration';
/** string. Request of an inline agent: `DEFAULT` or `CUSTOM_ORCHESTRATION`. */
export const ATTR_AWS_BEDROCK_AGENT_ORCHESTRATION_TYPE = 'aws.bedrock.agent.orchestration_type';
/** string[]. Request of an agent: the knowledge bases that it names. */
export const ATTR_AWS_BEDROCK_AGENT_KNOWLEDGE_BASE_IDS = 'aws.bedrock.agent.knowledge_base_ids';
/** boolean. Request of an agent: `streamFinalResponse`. */
export const ATTR_AWS_BEDROCK_AGENT_STREAM_FINAL_RESPONSE = 'aws.bedrock.agent.stream_final_response';
/** string. Trace of an agent: what a model call is for, such as `ORCHESTRATION`, `PRE_PROCESSING` or `ROUTING_CLASSIFIER`. */
export const ATTR_AWS_BEDROCK_AGENT_PROMPT_TYPE = 'aws.bedrock.agent.prompt_type';
/** string. Trace of an agent: why it takes its next action, or why the input is valid or not; content. */
export const ATTR_AWS_BEDROCK_AGENT_RATIONALE = 'aws.bedrock.agent.rationale';
/** boolean. Trace of an agent: whether pre-processing found the input valid. */
export const ATTR_AWS_BEDROCK_AGENT_INPUT_VALID = 'aws.bedrock.agent.input_valid';
/** string. Trace of an agent: the group of an action. */
export const ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_NAME = 'aws.bedrock.agent.action_group.name';
/** string. Trace of an agent: `LAMBDA` or `RETURN_CONTROL`. */
export const ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_EXECUTION_TYPE = 'aws.bedrock.agent.action_group.execution_type';
/** string. Trace of an agent: the HTTP method of an action that is an API. */
export const ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_VERB = 'aws.bedrock.agent.action_group.verb';
/** int. Trace of an agent: the code of a failure. */
export const ATTR_AWS_BEDROCK_AGENT_FAILURE_CODE = 'aws.bedrock.agent.failure.code';
/** int. Steps in the trace of an agent beyond the 5,000 that have spans. */
export const ATTR_AWS_BEDROCK_AGENT_OMITTED_STEP_COUNT = 'aws.bedrock.agent.omitted_step.count';
/** string. Trace of an agent: the reason of a failure; content. */
export const ATTR_AWS_BEDROCK_AGENT_FAILURE_REASON = 'aws.bedrock.agent.failure.reason';
/** JSON text. Trace of an agent with an orchestration of its own: the texts of its events; content. */
export const ATTR_AWS_BEDROCK_AGENT_CUSTOM_EVENTS = 'aws.bedrock.agent.custom_orchestration.events';
/** int. Request of an agent: `applyGuardrailInterval`, in characters. Each check by a guardrail is billed. */
export const ATTR_AWS_BEDROCK_AGENT_GUARDRAIL_INTERVAL = 'aws.bedrock.agent.apply_guardrail_interval';

/** string. Request to AgentCore: `qualifier`, the endpoint of a runtime or a harness. */
export const ATTR_AWS_BEDROCK_AGENTCORE_QUALIFIER = 'aws.bedrock.agentcore.qualifier';
/** int. Answer of AgentCore: HTTP status with which the agent in the runtime answered. */
export const ATTR_AWS_BEDROCK_AGENTCORE_STATUS_CODE = 'aws.bedrock.agentcore.status_code';
/** int. Request of InvokeHarness: `maxIterations`. */
export const ATTR_AWS_BEDROCK_AGENTCORE_MAX_ITERATIONS = 'aws.bedrock.agentcore.max_iterations';
/** string. Request or answer of AgentCore: session of a code interpreter or a browser. */
export const ATTR_AWS_BEDROCK_AGENTCORE_SESSION_ID = 'aws.bedrock.agentcore.session_id';
/** string. Request or answer of AgentCore: `codeInterpreterIdentifier`. */
export const ATTR_AWS_BEDROCK_AGENTCORE_CODE_INTERPRETER_ID = 'aws.bedrock.agentcore.code_interpreter.id';
/** string. Request or answer of AgentCore: `browserIdentifier`. */
export const ATTR_AWS_BEDROCK_AGENTCORE_BROWSER_ID = 'aws.bedrock.agentcore.browser.id';
/** int. Answer of InvokeCodeInterpreter or InvokeAgentRuntimeCommand: code with which the process ended. */
export const ATTR_AWS_BEDROCK_AGENTCORE_EXIT_CODE = 'aws.bedrock.agentcore.exit_code';
/** string. Answer of InvokeCodeInterpreter or InvokeAgentRuntimeCommand: `completed`, `failed`, `COMPLETED`, `TIMED_OUT`, … */
export const ATTR_AWS_BEDROCK_AGENTCORE_TASK_STATUS = 'aws.bedrock.agentcore.task.status';
/** string. Request or answer of AgentCore Memory: `memoryStrategyId`. */
export const ATTR_AWS_BEDROCK_AGENTCORE_MEMORY_STRATEGY_ID = 'aws.bedrock.agentcore.memory.strategy_id';
/** int. Answer of AgentCore Memory: how many records of a batch could not be changed. */
export const ATTR_AWS_BEDROCK_AGENTCORE_MEMORY_FAILED_RECORD_COUNT = 'aws.bedrock.agentcore.memory.failed_record.count';
/** string. Request of Evaluate: `evaluatorId`. */
export const ATTR_AWS_BEDROCK_AGENTCORE_EVALUATOR_ID = 'aws.bedrock.agentcore.evaluator.id';
/** string. Request or answer of AgentCore: id of a batch evaluation, a recommendation or an A/B test. */
export const ATTR_AWS_BEDROCK_AGENTCORE_JOB_ID = 'aws.bedrock.agentcore.job.id';
/** string. Answer of AgentCore: status of a batch evaluation, a recommendation or an A/B test. */
export const ATTR_AWS_BEDROCK_AGENTCORE_JOB_STATUS = 'aws.bedrock.agentcore.job.status';
/** string. Request to an MCP server in AgentCore, or its answer: `mcpSessionId`. */
export const ATTR_MCP_SESSION_ID = 'mcp.session.id';
/** string. Request to an MCP server in AgentCore: `mcpProtocolVersion`. */
export const ATTR_MCP_PROTOCOL_VERSION = 'mcp.protocol.version';
/** string. Request to an MCP server in AgentCore: `mcpMethod`, such as `tools/call`. */
export const ATTR_MCP_METHOD_NAME = 'mcp.method.name';

/** string. Request: `serviceTier`, or `service_tier` of the model's own format. */
export const ATTR_AWS_BEDROCK_REQUEST_SERVICE_TIER = 'aws.bedrock.request.service_tier';
/** string. Answer: the tier that served the call, which sets the price. */
export const ATTR_AWS_BEDROCK_RESPONSE_SERVICE_TIER = 'aws.bedrock.response.service_tier';
/** string. Request: `standard` or `optimized`. */
export const ATTR_AWS_BEDROCK_REQUEST_PERFORMANCE_LATENCY = 'aws.bedrock.request.performance_config.latency';
/** string. Answer: the mode that served the call. */
export const ATTR_AWS_BEDROCK_RESPONSE_PERFORMANCE_LATENCY = 'aws.bedrock.response.performance_config.latency';
/** string. Request, in the provider's word: `auto`, `any`, `required`, `none`; `tool`, `function` or `custom` for one named tool; the type of a tool of OpenAI. */
export const ATTR_AWS_BEDROCK_REQUEST_TOOL_CHOICE = 'aws.bedrock.request.tool_choice';
/** string. Request of OpenAI's Responses API: `previous_response_id`. It is no `gen_ai.conversation.id`, because it changes with each answer. */
export const ATTR_AWS_BEDROCK_REQUEST_PREVIOUS_RESPONSE_ID = 'aws.bedrock.request.previous_response_id';
/** int. Request: token budget for reasoning (`budget_tokens`). */
export const ATTR_AWS_BEDROCK_REQUEST_REASONING_BUDGET = 'aws.bedrock.request.reasoning.budget_tokens';
/** string. Request: tags for invocation logs, one attribute for each; at most 16, each of at most 256 characters. */
export const ATTR_AWS_BEDROCK_REQUEST_METADATA = 'aws.bedrock.request_metadata.<key>';
/** string. `modelId` of the request, if it is the ARN of a managed prompt. */
export const ATTR_AWS_BEDROCK_PROMPT_ARN = 'aws.bedrock.prompt.arn';
/** string. `targetModelId` of OptimizePrompt: the model that the prompt is for. */
export const ATTR_AWS_BEDROCK_PROMPT_TARGET_MODEL = 'aws.bedrock.prompt.target_model';
/** int. Answer: milliseconds that the service measured (`latencyMs`, `invocationLatency`). */
export const ATTR_AWS_BEDROCK_RESPONSE_LATENCY_MS = 'aws.bedrock.response.latency_ms';
/** int. Metrics of an InvokeModel stream: milliseconds until the first byte. */
export const ATTR_AWS_BEDROCK_RESPONSE_FIRST_BYTE_LATENCY_MS = 'aws.bedrock.response.first_byte_latency_ms';

/** string. Request of a voice session: `voiceId` of the speech that the model answers with. */
export const ATTR_AWS_BEDROCK_VOICE_ID = 'aws.bedrock.voice.id';
/** int. Request of a voice session: samples per second of the user's speech. */
export const ATTR_AWS_BEDROCK_VOICE_AUDIO_INPUT_SAMPLE_RATE = 'aws.bedrock.voice.audio.input.sample_rate';
/** int. Request of a voice session: samples per second of the model's speech. */
export const ATTR_AWS_BEDROCK_VOICE_AUDIO_OUTPUT_SAMPLE_RATE = 'aws.bedrock.voice.audio.output.sample_rate';
/** string. Request of a voice session: `endpointingSensitivity`, by which the model decides that the user has finished. */
export const ATTR_AWS_BEDROCK_VOICE_ENDPOINTING_SENSITIVITY = 'aws.bedrock.voice.endpointing_sensitivity';
/** string. Voice session: the application's name for the prompt in it. */
export const ATTR_AWS_BEDROCK_VOICE_PROMPT_NAME = 'aws.bedrock.voice.prompt.name';
/** int. Voice session: how often the user spoke. */
export const ATTR_AWS_BEDROCK_VOICE_USER_TURN_COUNT = 'aws.bedrock.voice.user_turn.count';
/** int. Voice session: how often the model spoke. */
export const ATTR_AWS_BEDROCK_VOICE_ASSISTANT_TURN_COUNT = 'aws.bedrock.voice.assistant_turn.count';
/** int. Voice session: how often the user interrupted the model. */
export const ATTR_AWS_BEDROCK_VOICE_INTERRUPTION_COUNT = 'aws.bedrock.voice.interruption.count';
/** int. Voice session: how often the model called a tool. */
export const ATTR_AWS_BEDROCK_VOICE_TOOL_CALL_COUNT = 'aws.bedrock.voice.tool_call.count';
/** double. Voice session: seconds of audio that the SDK sent. */
export const ATTR_AWS_BEDROCK_VOICE_AUDIO_INPUT_DURATION = 'aws.bedrock.voice.audio.input.duration';
/** double. Voice session: seconds of audio that the application received. */
export const ATTR_AWS_BEDROCK_VOICE_AUDIO_OUTPUT_DURATION = 'aws.bedrock.voice.audio.output.duration';
/** string. Whose turn it was: `user`, `assistant`; on events of a voice session only. */
export const ATTR_AWS_BEDROCK_VOICE_TURN_ROLE = 'aws.bedrock.voice.turn.role';

/** int. Answer of Retrieve, AgenticRetrieveStream or Rerank, or a lookup of an agent: the documents on this page. */
export const ATTR_AWS_BEDROCK_RETRIEVAL_DOCUMENT_COUNT = 'aws.bedrock.retrieval.document.count';
/** string. `flowIdentifier` of operations on flows. */
export const ATTR_AWS_BEDROCK_FLOW_ID = 'aws.bedrock.flow.id';
/** string. `flowAliasIdentifier` of operations on flows. */
export const ATTR_AWS_BEDROCK_FLOW_ALIAS_ID = 'aws.bedrock.flow.alias_id';
/** string. Execution of the flow, from the request or the answer. */
export const ATTR_AWS_BEDROCK_FLOW_EXECUTION_ID = 'aws.bedrock.flow.execution_id';
/** boolean. `enableTrace` of InvokeFlow. Nodes have spans only if it is true. */
export const ATTR_AWS_BEDROCK_FLOW_TRACE_ENABLED = 'aws.bedrock.flow.trace_enabled';
/** string. Answer of InvokeFlow: `SUCCESS`, or `INPUT_REQUIRED` if the flow asks the user for more. */
export const ATTR_AWS_BEDROCK_FLOW_COMPLETION_REASON = 'aws.bedrock.flow.completion_reason';
/** string. Answer of operations on executions of flows: `Running`, `Succeeded`, `Failed`, `TimedOut`, `Aborted`. */
export const ATTR_AWS_BEDROCK_FLOW_EXECUTION_STATUS = 'aws.bedrock.flow.execution_status';
/** string. Node of a flow, from its trace; set when the span starts. */
export const ATTR_AWS_BEDROCK_FLOW_NODE_NAME = 'aws.bedrock.flow.node.name';
/** int. Iteration of the innermost loop around a node, from 0. */
export const ATTR_AWS_BEDROCK_FLOW_NODE_ITERATION = 'aws.bedrock.flow.node.iteration';
/** string[]. Names of the conditions of a condition node that were met. */
export const ATTR_AWS_BEDROCK_FLOW_NODE_CONDITIONS = 'aws.bedrock.flow.node.conditions';
/** string. Service that a node of a flow has called. */
export const ATTR_AWS_BEDROCK_FLOW_ACTION_SERVICE = 'aws.bedrock.flow.action.service';
/** string. Operation of that service. */
export const ATTR_AWS_BEDROCK_FLOW_ACTION_OPERATION = 'aws.bedrock.flow.action.operation';
/** string. Data source of a knowledge base, in operations on documents. */
export const ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DATA_SOURCE_ID = 'aws.bedrock.knowledge_base.data_source_id';
/** string. Document of a knowledge base, in operations on documents. */
export const ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DOCUMENT_ID = 'aws.bedrock.knowledge_base.document_id';
/** string. Answer of operations on sessions: `ACTIVE`, `EXPIRED`, `ENDED`. */
export const ATTR_AWS_BEDROCK_SESSION_STATUS = 'aws.bedrock.session.status';
/** string. Invocation in a session. */
export const ATTR_AWS_BEDROCK_SESSION_INVOCATION_ID = 'aws.bedrock.session.invocation_id';
/** string. Step of an invocation in a session. */
export const ATTR_AWS_BEDROCK_SESSION_INVOCATION_STEP_ID = 'aws.bedrock.session.invocation_step_id';
/** string. Resource of operations on tags. */
export const ATTR_AWS_BEDROCK_RESOURCE_ARN = 'aws.bedrock.resource.arn';
