import { type Attributes, SpanKind } from '@opentelemetry/api';
import { quoteUnsafeIntegers } from '../../common/integers.js';
import { isRecord, parseJson, unquote } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { firstString } from '../../common/text.js';
import { SPAN_INPUTS, SPAN_OUTPUTS, SPAN_TYPE } from '../../mlflow/names.js';

/**
 * Summaries of the input and the output of a span, for MLflow's list of traces. For a chat they are the last text of the
 * user and the text of the assistant, for anything else the recorded value itself.
 *
 * Chats are read in three forms:
 * - `gen_ai.input.messages` and `gen_ai.output.messages` of the OpenTelemetry GenAI conventions
 * - requests and responses of chat APIs in `mlflow.spanInputs` and `mlflow.spanOutputs`
 * - the `ai.*` attributes of the AI SDK
 */

// In this order, because messages are easier to read than a raw request.
const REQUEST_KEYS = ['gen_ai.input.messages', SPAN_INPUTS, 'input.value', 'ai.prompt.messages'];
const RESPONSE_KEYS = ['gen_ai.output.messages', SPAN_OUTPUTS, 'output.value', 'ai.response.text'];
const CHAT_OPERATIONS = new Set(['chat', 'text_completion', 'generate_content']);
const CHAT_SPAN_TYPES = new Set(['CHAT_MODEL', 'LLM']);
const AI_SDK_CHAT = /\.(?:doGenerate|doStream)$/;

/** Whether the span is one call of a language model. */
export function isChatSpan(attributes: Attributes): boolean {
  const operation = firstString(attributes, 'gen_ai.operation.name');
  if (operation !== undefined) return CHAT_OPERATIONS.has(operation);
  if (AI_SDK_CHAT.test(firstString(attributes, 'ai.operationId') ?? '')) return true;
  return CHAT_SPAN_TYPES.has(unquote(firstString(attributes, SPAN_TYPE) ?? ''));
}

const REMOTE_AGENTS: ReadonlySet<string> = new Set(['invoke_agent', 'invoke_workflow']);

/**
 * Whether the span is one call of an agent or a workflow in another service. Its spans lie within this one, and their
 * prompts say less about the request. In this process, both have kind INTERNAL by the conventions, and their model calls
 * are the requests.
 */
export function isRemoteAgent({ kind, attributes }: Pick<ReadableSpan, 'attributes'> & { kind?: SpanKind }): boolean {
  return kind === SpanKind.CLIENT && REMOTE_AGENTS.has(firstString(attributes, 'gen_ai.operation.name') ?? '');
}

/** Summary of a span's input; undefined if it records none. */
export function requestPreview(attributes: Attributes): string | undefined {
  return preview(attributes, REQUEST_KEYS, lastUserText) ?? preview(attributes, ['ai.prompt'], aiSdkPrompt);
}

/** Summary of a span's output; undefined if it records none. */
export function responsePreview(attributes: Attributes): string | undefined {
  return preview(attributes, RESPONSE_KEYS, assistantText);
}

/** The input of `generateText` and similar functions: text or messages as `prompt`, or messages as `messages`. */
function aiSdkPrompt(value: unknown): string | undefined {
  const prompt = isRecord(value) ? value['prompt'] : undefined;
  return typeof prompt === 'string' ? prompt : lastUserText(prompt ?? value);
}

function preview(
  attributes: Attributes,
  keys: string[],
  readChat: (value: unknown) => string | undefined,
): string | undefined {
  let raw: string | undefined;
  for (const key of keys) {
    const recorded = firstString(attributes, key);
    if (recorded === undefined) continue;
    const value = parseJson(quoteUnsafeIntegers(recorded));
    const text = readUnlessTooDeep(value, readChat);
    if (text !== undefined) return text;
    raw ??= typeof value === 'string' ? value : recorded;
  }
  return raw;
}

/** JSON of some thousand levels exhausts the stack. A user of the application may have written it. */
function readUnlessTooDeep(value: unknown, readChat: (value: unknown) => string | undefined): string | undefined {
  try {
    return readChat(value);
  } catch {
    return undefined;
  }
}

/** Text of the last message of the user that has text. Without one, of the last message of any role. */
export function lastUserText(value: unknown): string | undefined {
  const messages = readMessages(value);
  const last = (wanted: (role: unknown) => boolean): string | undefined =>
    messages
      .filter(({ role }) => wanted(role))
      .map(messageText)
      .findLast((text) => text !== '');
  return last((role) => role === 'user') ?? last(() => true);
}

/** Text of the answer. If it only calls tools, the calls. */
export function assistantText(value: unknown): string | undefined {
  const messages = readAnswers(value);
  const join = (texts: string[]): string | undefined => texts.filter((text) => text !== '').join('\n') || undefined;
  return join(messages.map(messageText)) ?? join(messages.flatMap(toolCalls));
}

function readMessages(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.filter(isRecord);
  if (!isRecord(value)) return [];
  if (Array.isArray(value['messages'])) return value['messages'].filter(isRecord);
  const { input, model } = value;
  // An argument of any function can have this name, so a text is a message only beside a model.
  if (typeof input === 'string' && typeof model === 'string') return [{ role: 'user', content: input }];
  if (Array.isArray(input)) return input.filter(isRecord).filter(({ role }) => typeof role === 'string');
  return readMessages(readBody(value));
}

function readAnswers(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.filter(isRecord);
  if (!isRecord(value)) return [];
  if (isRecord(value['output']) && isRecord(value['output']['message'])) return [value['output']['message']];
  if (isRecord(value['message'])) return [value['message']];
  if (Array.isArray(value['choices'])) return value['choices'].flatMap(readAnswers);
  if (Array.isArray(value['output'])) return value['output'].filter(isRecord).map(itemMessage);
  if (Array.isArray(value['content'])) return [value];
  // An agent returns its whole conversation, and the answer is the last message.
  if (Array.isArray(value['messages'])) return value['messages'].filter(isRecord).slice(-1);
  return readAnswers(readBody(value));
}

/** An item of OpenAI's Responses API is a message, or a part of one, such as a call. */
function itemMessage(item: Record<string, unknown>): Record<string, unknown> {
  return item['type'] === 'message' ? item : { parts: [item] };
}

/** Some clients record the HTTP body inside the request, as an object or as its JSON. */
function readBody({ body }: Record<string, unknown>): unknown {
  return typeof body === 'string' ? parseJson(body) : isRecord(body) ? body : undefined;
}

/** OpenAI's Responses API has two types of its own. */
const TEXT_TYPES: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text']);

/**
 * The text of a message. A part with `shows` repeats another part, such as reasoning, as a text that MLflow's page can show:
 * opentelemetry-instrumentation-bedrock adds it.
 */
function messageText(message: Record<string, unknown>): string {
  return parts(message)
    .map((part) => {
      if (typeof part === 'string') return part;
      if (!isRecord(part)) return '';
      const { type = 'text', shows, text = part['content'] } = part;
      if (shows !== undefined || !TEXT_TYPES.has(type)) return '';
      return typeof text === 'string' ? text : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}

function toolCalls(message: Record<string, unknown>): string[] {
  const inOtherPlaces = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
  return [...parts(message), ...inOtherPlaces].filter(isRecord).flatMap((part) => {
    // Bedrock Converse and OpenAI nest the call. In the GenAI conventions and Anthropic's API, the part is the call.
    const call = [part['toolUse'], part['function']].find(isRecord) ?? part;
    const input = call['arguments'] ?? call['input'];
    if (typeof call['name'] !== 'string') return [];
    return [`${call['name']}(${typeof input === 'string' ? input : JSON.stringify(input ?? {})})`];
  });
}

function parts(message: Record<string, unknown>): unknown[] {
  const content = message['parts'] ?? message['content'];
  if (typeof content === 'string') return [content];
  return Array.isArray(content) ? content : [];
}
