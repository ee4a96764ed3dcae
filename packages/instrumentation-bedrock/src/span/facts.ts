/**
 * The one gate for words in facts: attributes that are no content, but whose text an application, a user or a model may
 * have written. What is content passes `content.ts` instead.
 */

import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { limitText } from '../data/cut.js';
import * as semconv from '../data/semconv.js';
import type { ForeignWords } from '../data/settings.js';
import { isRequestMetadata, type Rule, ruleOf } from './fact-rules.js';

declare const brand: unique symbol;

/** Attributes that may be recorded: a function of this file has let them pass. */
export type RecordableFacts = Attributes & { readonly [brand]: 'facts' };

/** In the place of a word that may not be recorded, as the conventions have it for `error.type`. */
const OTHER = '_OTHER';

/**
 * Returns the facts that may be recorded. Without content, an unknown word becomes `_OTHER`, and an id, a name or a label
 * in another form is left out. With a hook, labels are left out: {@link hookedFacts} has them.
 */
export function recordableFacts(allFacts: Attributes, words: ForeignWords): RecordableFacts {
  const facts = shorten(allFacts);
  if (words === 'all') return facts as RecordableFacts;
  const passed: Attributes = {};
  for (const name of Object.keys(facts)) {
    const value = pass(facts[name], ruleOf(name), words);
    if (value !== undefined) passed[name] = value;
  }
  return passed as RecordableFacts;
}

function pass(
  value: AttributeValue | undefined,
  rule: Rule | undefined,
  words: ForeignWords,
): AttributeValue | undefined {
  if (Array.isArray(value)) {
    if (!value.some((item) => typeof item === 'string')) return value;
    const items = value.map((item) => passText(String(item), rule, words)).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  return typeof value === 'string' ? passText(value, rule, words) : value;
}

function passText(text: string, rule: Rule | undefined, words: ForeignWords): string | undefined {
  if (text === '') return text;
  if (!rule || (rule.kind === 'label' && words === 'hooked')) return undefined;
  if (rule.isKnown(text)) return text;
  return rule.kind === 'word' ? OTHER : undefined;
}

/** Returns the words and labels of facts that were read from content as `contentHook` has returned it. */
export function hookedFacts(allFacts: Attributes): RecordableFacts {
  const facts = shorten(allFacts);
  const hooked: Attributes = {};
  for (const name of Object.keys(facts)) {
    const value = facts[name];
    const isText = typeof value === 'string' || (Array.isArray(value) && typeof value[0] === 'string');
    const kind = isRequestMetadata(name) ? 'label' : ruleOf(name)?.kind;
    if (isText && (kind === 'word' || kind === 'label')) hooked[name] = value;
  }
  return hooked as RecordableFacts;
}

/** In characters, for one attribute. Longer than any text or list of an API: an ARN has at most 2,048. */
const LONGEST_FACT = 16_384;
const FACT_LIMITS = { maxStringLength: LONGEST_FACT, maxMediaBytes: LONGEST_FACT };

/** Shortens what no API accepts or returns. Facts do not count for the length of a record, so they must be short. */
function shorten(facts: Attributes): Attributes {
  let shorter: Attributes | undefined;
  for (const name in facts) {
    const value = facts[name];
    const short = Array.isArray(value) ? shortenList(value) : shortenText(value);
    if (short === value) continue;
    shorter ??= { ...facts };
    shorter[name] = short;
  }
  return shorter ?? facts;
}

function shortenText<Value>(value: Value): Value | string {
  return typeof value === 'string' && value.length > LONGEST_FACT ? limitText(value, FACT_LIMITS) : value;
}

function shortenList(list: readonly unknown[]): AttributeValue {
  let length = 0;
  const end = list.findIndex((item) => {
    length += String(item).length + 1;
    return length > LONGEST_FACT;
  });
  if (end === -1) return list as AttributeValue;
  return [...list.slice(0, end), `[${list.length - end} more not recorded]`] as AttributeValue;
}

/** The attribute that follows the operation in the name of a span. For all other operations, that is the model. */
const TARGETS: Readonly<Record<string, string>> = {
  invoke_agent: semconv.ATTR_GEN_AI_AGENT_NAME,
  execute_tool: semconv.ATTR_GEN_AI_TOOL_NAME,
  retrieval: semconv.ATTR_GEN_AI_DATA_SOURCE_ID,
  invoke_workflow: semconv.ATTR_GEN_AI_WORKFLOW_NAME,
  execute_node: semconv.ATTR_AWS_BEDROCK_FLOW_NODE_NAME,
};

/** The name of a span, as the conventions define it: the operation and its target. */
export function spanName(facts: RecordableFacts): string {
  const operation = String(facts[semconv.ATTR_GEN_AI_OPERATION_NAME]);
  const target = facts[TARGETS[operation] ?? semconv.ATTR_GEN_AI_REQUEST_MODEL];
  return target === undefined ? operation : `${operation} ${target}`;
}

/** The events of OpenAI's Responses API: for each subject what happens to it. */
const RESPONSES_EVENTS: readonly string[] = Object.entries({
  response: 'created queued in_progress completed incomplete failed',
  'response.output_item': 'added done',
  'response.content_part': 'added done',
  'response.output_text': 'delta done annotation.added',
  'response.refusal': 'delta done',
  'response.reasoning_text': 'delta done',
  'response.reasoning_summary_part': 'added done',
  'response.reasoning_summary_text': 'delta done',
  'response.function_call_arguments': 'delta done',
  'response.custom_tool_call_input': 'delta done',
  'response.mcp_call_arguments': 'delta done',
  'response.mcp_call': 'in_progress completed failed',
  'response.mcp_list_tools': 'in_progress completed failed',
  'response.web_search_call': 'in_progress searching completed',
  'response.file_search_call': 'in_progress searching completed',
  'response.code_interpreter_call': 'in_progress interpreting completed',
  'response.code_interpreter_call_code': 'delta done',
  'response.image_generation_call': 'in_progress generating partial_image completed',
}).map(([subject, events]) => events.replaceAll(/\S+/g, `${subject}.$&`));

/** The events of streams, by the names that the SDK and the models have for them. */
const CHUNK_NAMES: ReadonlySet<string> = new Set(
  [
    'messageStart contentBlockStart contentBlockDelta contentBlockStop messageStop metadata chunk',
    'internalServerException modelStreamErrorException modelTimeoutException serviceUnavailableException',
    'throttlingException validationException $unknown',
    'message_start content_block_start content_block_delta content_block_stop message_delta message_stop ping error',
    'output citation guardrail result traceEvent responseEvent analyzePromptEvent optimizedPromptEvent',
    'flowOutputEvent flowMultiTurnInputRequestEvent flowCompletionEvent',
    'completion text-generation stream-start stream-end tool-calls-chunk tool-calls-generation citation-generation',
    'search-queries-generation search-results',
    'returnControl files hookEvent runtimeClientError',
    ...RESPONSES_EVENTS,
  ].flatMap((line) => line.split(' ')),
);
const CHUNK_NAME = /^[\w$.-]{1,64}$/;

/** Returns the name of the span event for a chunk of a stream; `chunk` if its name may not be recorded. */
export function chunkName(name: string, words: ForeignWords): string {
  return CHUNK_NAMES.has(name) || (words === 'all' && CHUNK_NAME.test(name)) ? name : 'chunk';
}
