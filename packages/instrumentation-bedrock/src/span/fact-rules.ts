/** The rule for the text of each attribute that is no content: which words, ids and names may be recorded. */

import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS } from '@opentelemetry/semantic-conventions';
import { FINISH_WORDS } from '../data/messages.js';
import * as semconv from '../data/semconv.js';

export interface Rule {
  /**
   * `word`: a word of an API. `id`: an id or a name that a request or a server needs, and that is no content.
   * `label`: a text of the application for its own records, which `contentHook` sees.
   */
  readonly kind: 'word' | 'id' | 'label';
  /** Whether the text can be recorded if content is off. */
  isKnown(text: string): boolean;
}

function word(...lists: readonly string[]): Rule {
  const words: ReadonlySet<string> = new Set(lists.flatMap((list) => list.split(' ')));
  return { kind: 'word', isKnown: (text) => words.has(text.toLowerCase()) };
}

function shape(kind: Rule['kind'], pattern: RegExp): Rule {
  return { kind, isKnown: (text) => pattern.test(text) };
}

// No id of AWS or of a provider has a space, a quote or a bracket.
const ID = shape('id', /^[\w.:/+=-]{1,2048}$/);
/** The name of an agent or a function, or the path of an API. */
const NAME = shape('id', /^[\w./{}:+=-]{1,200}$/);
const ARN = shape('id', /^arn:[\w.:/+=-]{1,2044}$/);
const REQUEST_ID = shape('id', /^(?:[\da-fA-F]{4,64}(?:-[\da-fA-F]{4,64}){0,8}|[\dA-Z]{12,64}|req_[\da-z]{12,64})$/);
const GUARDRAIL = shape('id', /^(?:[a-z0-9]{1,64}|arn:[\w.:/-]{1,2044})$/);
const OWN_WORD = shape('word', /^[A-Za-z]\w{0,63}$/);
const TIER = word('default priority flex reserved auto standard standard_only on_demand scale batch');
const LATENCY = word('standard optimized');
const REASON_WORDS = word(
  'a action and anonymized automated block blocked by checks content contextual denied detected due filter filters for',
  'found grounding guardrail guardrails harmful in information input intervened is mask masked model no of or output pii',
  'policies policy prompt reason reasoning redacted response sensitive taken text the to topic topics violation was word',
  'words',
);
/** The service joins one sentence, such as `Guardrail blocked.`, for each text that it assessed. */
const REASON: Rule = {
  kind: 'label',
  isKnown: (text) => text.split(/[\s.,;:]+/).every((part) => part === '' || REASON_WORDS.isKnown(part)),
};
/** A value of `requestMetadata`. The service accepts sentences and mail addresses, too, which can be content. */
const LABEL = shape('label', /^[\w.:/+=#$,-]{1,256}$/);
/** A key of `requestMetadata`. Keys with spaces are common, such as `cost center`. */
const LABEL_KEY = /^[\w .:/+=#$,-]{1,256}$/;

/** The rule for each attribute with text. The text of an attribute without a rule is never recorded. */
const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    [semconv.ATTR_GEN_AI_OPERATION_NAME]: OWN_WORD,
    [semconv.ATTR_GEN_AI_PROVIDER_NAME]: word(semconv.PROVIDER_AWS_BEDROCK),
    [semconv.ATTR_GEN_AI_REQUEST_MODEL]: ID,
    [semconv.ATTR_GEN_AI_REQUEST_ENCODING_FORMATS]: word('float int8 uint8 binary ubinary base64'),
    [semconv.ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: word(
      'none minimal low medium high xhigh max default auto adaptive enabled disabled',
    ),
    [semconv.ATTR_GEN_AI_OUTPUT_TYPE]: word('text json image speech'),
    [semconv.ATTR_GEN_AI_PROMPT_NAME]: ID,
    [semconv.ATTR_GEN_AI_PROMPT_VERSION]: ID,
    [semconv.ATTR_GEN_AI_RESPONSE_ID]: { ...ID, kind: 'label' },
    [semconv.ATTR_GEN_AI_RESPONSE_MODEL]: ID,
    [semconv.ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: {
      kind: 'word',
      isKnown: (text) => FINISH_WORDS.has(text.toLowerCase()),
    },
    [semconv.ATTR_GEN_AI_AGENT_ID]: ID,
    [semconv.ATTR_GEN_AI_AGENT_NAME]: NAME,
    [semconv.ATTR_GEN_AI_AGENT_VERSION]: ID,
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: ID,
    [semconv.ATTR_GEN_AI_TOOL_NAME]: NAME,
    [semconv.ATTR_GEN_AI_TOOL_CALL_ID]: ID,
    [semconv.ATTR_GEN_AI_TOOL_TYPE]: word('function extension datastore'),
    [semconv.ATTR_GEN_AI_DATA_SOURCE_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DATA_SOURCE_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_KNOWLEDGE_BASE_DOCUMENT_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_SESSION_STATUS]: word('active expired ended'),
    [semconv.ATTR_AWS_BEDROCK_SESSION_INVOCATION_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_SESSION_INVOCATION_STEP_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_RESOURCE_ARN]: ARN,
    [semconv.ATTR_GEN_AI_WORKFLOW_NAME]: ID,
    [semconv.ATTR_AWS_BEDROCK_FLOW_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_FLOW_ALIAS_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_FLOW_EXECUTION_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_FLOW_COMPLETION_REASON]: word('success input_required'),
    [semconv.ATTR_AWS_BEDROCK_FLOW_EXECUTION_STATUS]: word('running succeeded failed timedout aborted'),
    [semconv.ATTR_AWS_BEDROCK_FLOW_NODE_NAME]: NAME,
    [semconv.ATTR_AWS_BEDROCK_FLOW_NODE_CONDITIONS]: NAME,
    [semconv.ATTR_AWS_BEDROCK_FLOW_ACTION_SERVICE]: NAME,
    [semconv.ATTR_AWS_BEDROCK_FLOW_ACTION_OPERATION]: NAME,
    [semconv.ATTR_OPENAI_API_TYPE]: OWN_WORD,
    [semconv.ATTR_OPENAI_REQUEST_SERVICE_TIER]: TIER,
    [semconv.ATTR_OPENAI_RESPONSE_SERVICE_TIER]: TIER,
    [semconv.ATTR_OPENAI_RESPONSE_SYSTEM_FINGERPRINT]: shape('id', /^fp_\w{1,64}$/),
    [semconv.ATTR_AWS_REQUEST_ID]: REQUEST_ID,
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ID]: GUARDRAIL,
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_VERSION]: shape('id', /^(?:DRAFT|\d{1,8})$/),
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ACTION]: word('none guardrail_intervened'),
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ACTION_REASON]: REASON,
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_ORIGIN]: word('request account_enforced organization_enforced'),
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_CHECKS]: OWN_WORD,
    [semconv.ATTR_AWS_BEDROCK_INVOCATION_ARN]: ARN,
    [semconv.ATTR_AWS_BEDROCK_INVOCATION_STATUS]: word('inprogress completed failed'),
    [semconv.ATTR_AWS_BEDROCK_AGENT_ALIAS_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENT_SESSION_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENT_MEMORY_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENT_PROMPT_TYPE]: word(
      'orchestration pre_processing post_processing routing_classifier knowledge_base_response_generation',
      'memory_summarization',
    ),
    [semconv.ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_NAME]: NAME,
    [semconv.ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_EXECUTION_TYPE]: word('lambda return_control'),
    [semconv.ATTR_AWS_BEDROCK_AGENT_ACTION_GROUP_VERB]: word('get put post delete patch head options'),
    [semconv.ATTR_AWS_BEDROCK_GUARDRAIL_SOURCE]: word('input output'),
    [semconv.ATTR_AWS_BEDROCK_AGENT_COLLABORATION]: word('disabled supervisor supervisor_router'),
    [semconv.ATTR_AWS_BEDROCK_AGENT_ORCHESTRATION_TYPE]: word('default custom_orchestration'),
    [semconv.ATTR_AWS_BEDROCK_AGENT_KNOWLEDGE_BASE_IDS]: ID,
    [semconv.ATTR_GEN_AI_MEMORY_STORE_ID]: ID,
    [semconv.ATTR_GEN_AI_MEMORY_RECORD_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_QUALIFIER]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_SESSION_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_CODE_INTERPRETER_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_BROWSER_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_TASK_STATUS]: word(
      'submitted working completed failed canceled timed_out success error',
    ),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_MEMORY_STRATEGY_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_EVALUATOR_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_JOB_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_JOB_STATUS]: word(
      'pending creating active updating in_progress completed completed_with_errors stopping stopped deleting',
      'failed create_failed update_failed delete_failed',
    ),
    [semconv.ATTR_MCP_SESSION_ID]: ID,
    [semconv.ATTR_MCP_PROTOCOL_VERSION]: ID,
    [semconv.ATTR_MCP_METHOD_NAME]: shape('word', /^[a-z][\w/]{1,63}$/i),
    [semconv.ATTR_AWS_BEDROCK_REQUEST_SERVICE_TIER]: TIER,
    [semconv.ATTR_AWS_BEDROCK_RESPONSE_SERVICE_TIER]: TIER,
    [semconv.ATTR_AWS_BEDROCK_REQUEST_PERFORMANCE_LATENCY]: LATENCY,
    [semconv.ATTR_AWS_BEDROCK_RESPONSE_PERFORMANCE_LATENCY]: LATENCY,
    [semconv.ATTR_AWS_BEDROCK_REQUEST_TOOL_CHOICE]: OWN_WORD,
    [semconv.ATTR_AWS_BEDROCK_REQUEST_PREVIOUS_RESPONSE_ID]: ID,
    [semconv.ATTR_AWS_BEDROCK_PROMPT_ARN]: ARN,
    [semconv.ATTR_AWS_BEDROCK_PROMPT_TARGET_MODEL]: ID,
    [semconv.ATTR_AWS_BEDROCK_VOICE_ID]: shape('id', /^[A-Za-z]{2,24}$/),
    [semconv.ATTR_AWS_BEDROCK_VOICE_ENDPOINTING_SENSITIVITY]: word('high medium low'),
    // Applications use UUIDs. Any other name can say more than a name.
    [semconv.ATTR_AWS_BEDROCK_VOICE_PROMPT_NAME]: REQUEST_ID,
    [semconv.ATTR_AWS_BEDROCK_VOICE_TURN_ROLE]: word('user assistant tool'),
    [semconv.ATTR_MLFLOW_SPAN_TYPE]: OWN_WORD,
    [semconv.ATTR_MLFLOW_MESSAGE_FORMAT]: OWN_WORD,
    [semconv.ATTR_MLFLOW_LLM_MODEL]: ID,
    [semconv.ATTR_MLFLOW_LLM_PROVIDER]: ID,
    // Counts, as JSON that this package writes.
    [semconv.ATTR_MLFLOW_CHAT_TOKEN_USAGE]: shape('id', /^\{(?:"\w+":\d+,?)*\}$/),
    [ATTR_SERVER_ADDRESS]: shape('id', /^[\w.:%[\]-]{1,255}$/),
    // `ErrorType` has passed a gate of its own.
    [ATTR_ERROR_TYPE]: { kind: 'id', isKnown: () => true },
  }),
);

const METADATA = semconv.ATTR_AWS_BEDROCK_REQUEST_METADATA.replace('<key>', '');

/** True for `requestMetadata`, whatever its key is. */
export function isRequestMetadata(name: string): boolean {
  return name.startsWith(METADATA);
}

/** Undefined if no text of this attribute may be recorded. */
export function ruleOf(name: string): Rule | undefined {
  // The application writes the key, too.
  return isRequestMetadata(name) && LABEL_KEY.test(name.slice(METADATA.length)) ? LABEL : RULES.get(name);
}
