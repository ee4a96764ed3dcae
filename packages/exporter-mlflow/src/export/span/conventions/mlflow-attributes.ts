import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { quoteUnsafeIntegers } from '../../../common/integers.js';
import { isRecord, parseJson, unquote } from '../../../common/json.js';
import type { ReadableSpan } from '../../../common/sdk-types.js';
import { firstString } from '../../../common/text.js';
import { writeTokenUsage } from '../../../mlflow/figures.js';
import {
  CHAT_TOOLS,
  LLM_MODEL,
  LLM_PROVIDER,
  MESSAGE_FORMAT,
  SPAN_INPUTS,
  SPAN_OUTPUTS,
  TOKEN_USAGE,
} from '../../../mlflow/names.js';
import { inputOfEvents, outputOfEvents } from './message-events.js';
import { recordedUsage } from './usage.js';

/**
 * Attributes of other conventions that MLflow's servers copy into their own when they store a span that came by OTLP. The
 * first one with a value wins. Order and names are those of mlflow/tracing/otel/translation in MLflow 3.17.2 and 3.18.0,
 * without what only programs in other languages record.
 */
const INPUT_KEYS: readonly (string | RegExp)[] = [
  'input.value',
  'gen_ai.input.messages',
  'gen_ai.tool.call.arguments',
  'traceloop.entity.input',
  /^gen_ai\.prompt\.\d+\.content/,
  /^gen_ai\.completion\.\d+\.tool_calls\.\d+\.arguments/,
  'gcp.vertex.agent.llm_request',
  'gcp.vertex.agent.tool_call_args',
  'ai.prompt',
  'ai.toolCall.args',
  'ai.value',
  'ai.values',
  'agent.messages',
  'llm.messages',
  'input',
  'lk.user_input',
  'lk.user_transcript',
  'lk.chat_ctx',
  'lk.input_text',
  'lmnr.span.input',
  'langfuse.observation.input',
];
const OUTPUT_KEYS: readonly (string | RegExp)[] = [
  'output.value',
  'gen_ai.output.messages',
  'gen_ai.tool.call.result',
  'traceloop.entity.output',
  /^gen_ai\.completion\.\d+\.content/,
  'gcp.vertex.agent.llm_response',
  'gcp.vertex.agent.tool_response',
  'ai.response.text',
  'ai.toolCall.result',
  'ai.response.object',
  'ai.embedding',
  'ai.embeddings',
  'output',
  'lk.response.text',
  'lk.response.function_calls',
  'lmnr.span.output',
  'langfuse.observation.output',
];
/** Attributes that show which chats MLflow's page can read, and the name of their format. */
const FORMATS: readonly (readonly [format: string, attribute: RegExp])[] = [
  ['voltagent', /^voltagent\.(?:operation|conversation)_id$/],
  ['livekit', /^lk\./],
  ['openai', /^lmnr\.span\.type$/],
];
const AI_SDK_CHAT = /^ai\.(?:generateText\.doGenerate|streamText\.doStream)$/;

/** The names of a called model, in the order in which servers read them. */
const MODEL_KEYS: readonly string[] = [
  LLM_MODEL,
  'llm.response.model_name',
  'llm.model_name',
  'llm.request.model_name',
  'embedding.model_name',
  'gen_ai.response.model',
  'gen_ai.request.model',
];
/** The names of its provider, in the same order. */
const PROVIDER_KEYS: readonly string[] = [LLM_PROVIDER, 'llm.provider', 'gen_ai.provider.name', 'gen_ai.system'];

/** The model that a span called, also that which only its request or answer names; undefined if there is none. */
export function recordedModel(attributes: Attributes): string | undefined {
  return (
    firstString(attributes, ...MODEL_KEYS) ?? modelIn(attributes[SPAN_INPUTS]) ?? modelIn(attributes[SPAN_OUTPUTS])
  );
}

/** The provider or vendor of that model; undefined if there is none. */
export function recordedProvider(attributes: Attributes): string | undefined {
  return firstString(attributes, ...PROVIDER_KEYS);
}

/**
 * The attributes with those of MLflow that a server adds when it stores a span that came by OTLP: inputs, outputs, tokens,
 * model, provider, tools, and the format of messages. They are for spans that no server translates.
 */
export function withMlflowAttributes({ attributes, events }: Pick<ReadableSpan, 'attributes' | 'events'>): Attributes {
  const isAiSdkChat = AI_SDK_CHAT.test(unquote(firstString(attributes, 'ai.operationId') ?? ''));
  const inputs = first(attributes, INPUT_KEYS, isAiSdkChat ? 'ai.prompt.' : undefined) ?? inputOfEvents(events);
  const outputs = first(attributes, OUTPUT_KEYS, isAiSdkChat ? 'ai.response.' : undefined) ?? outputOfEvents(events);
  const format = isAiSdkChat ? 'vercel_ai' : messageFormat(attributes);
  const own: Attributes = { [SPAN_INPUTS]: inputs, [SPAN_OUTPUTS]: outputs, ...attributes };
  const usage = recordedUsage(attributes);
  const added: Attributes = {
    ...own,
    [TOKEN_USAGE]: usage && writeTokenUsage(usage),
    [MESSAGE_FORMAT]: format,
    [CHAT_TOOLS]: attributes['gen_ai.tool.definitions'],
    [LLM_MODEL]: recordedModel(own),
    [LLM_PROVIDER]: recordedProvider(attributes),
    ...attributes,
  };
  return Object.fromEntries(Object.entries(added).filter(([, value]) => value !== undefined));
}

/**
 * The first of these attributes with a value that is not empty.
 *
 * @param prefix in place of the attributes of the AI SDK: the object of all attributes with this prefix
 */
function first(
  attributes: Attributes,
  keys: readonly (string | RegExp)[],
  prefix: string | undefined,
): AttributeValue | undefined {
  for (const key of keys) {
    const isOfAiSdk = typeof key === 'string' && key.startsWith('ai.');
    const value = isOfAiSdk && prefix !== undefined ? below(attributes, prefix) : valueBy(attributes, key);
    if (value !== undefined) return value;
  }
  return undefined;
}

function valueBy(attributes: Attributes, key: string | RegExp): AttributeValue | undefined {
  const names = typeof key === 'string' ? [key] : Object.keys(attributes).filter((name) => key.test(name));
  return names.map((name) => attributes[name]).find((value) => value !== undefined && !isEmpty(value));
}

/** What Python takes for nothing: an empty text or list, 0, and JSON of these. */
function isEmpty(value: AttributeValue): boolean {
  if (typeof value !== 'string') return Array.isArray(value) ? value.length === 0 : !value;
  const text = value.trim();
  // Longer texts are not empty, and looking at each of their characters would take time.
  return text.length <= 10 && /^(?:""|\[\s*\]|\{\s*\}|null|false|0)?$/.test(text);
}

/** The JSON of an object with all attributes below this prefix; undefined if there are none. */
function below(attributes: Attributes, prefix: string): string | undefined {
  const members: Record<string, unknown> = {};
  for (const key in attributes) if (key.startsWith(prefix)) members[key.slice(prefix.length)] = parsed(attributes[key]);
  if (Array.isArray(members['tools'])) members['tools'] = members['tools'].map(parsed);
  return Object.keys(members).length === 0 ? undefined : JSON.stringify(members);
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? (parseJson(quoteUnsafeIntegers(value)) ?? value) : value;
}

function messageFormat(attributes: Attributes): string | undefined {
  return FORMATS.find(([, attribute]) => Object.keys(attributes).some((key) => attribute.test(key)))?.[0];
}

/** Requests and answers of many chat APIs name the model. */
function modelIn(value: AttributeValue | undefined): string | undefined {
  if (typeof value !== 'string' || !/^\s*\{/.test(value) || !value.includes('"model"')) return undefined;
  const recorded = parseJson(value);
  return isRecord(recorded) && typeof recorded['model'] === 'string' ? recorded['model'] : undefined;
}
