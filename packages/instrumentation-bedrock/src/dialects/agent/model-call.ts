/**
 * Model calls of an agent, as its trace describes them. The prompt is in a form of the service. The answer is in the model's
 * own format, or only its text.
 */

import {
  asMembers,
  asNumber,
  asObject,
  asString,
  asStrings,
  isObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  setMember,
} from '../../data/json.js';
import { type OutputMessage, type Part, textPart } from '../../data/messages.js';
import { stringify } from '../../data/numbers.js';
import { ATTR_AWS_BEDROCK_AGENT_RATIONALE } from '../../data/semconv.js';
import type { UsageReport } from '../../data/usage.js';
import { asWord } from '../../data/words.js';
import { blankDialect } from '../blank.js';
import { converse } from '../converse.js';
import type { Dialect } from '../dialect.js';
import { DIALECTS } from '../index.js';
import { readConversation } from '../messages/content-blocks.js';
import { viewConverseRequest } from '../view/converse.js';
import { viewOutput } from './chat-view.js';

export const agentModelCall: Dialect = {
  ...blankDialect('agent-model-call', 'chat'),
  chatView: { format: 'bedrock', request: viewConverseRequest, response: viewResponse },
  readParameters(body) {
    const { temperature, topP, topK, maximumLength, stopSequences } = asMembers(body['inferenceConfiguration']);
    return {
      temperature: asNumber(temperature),
      topP: asNumber(topP),
      topK: asNumber(topK),
      maxTokens: asNumber(maximumLength),
      stopSequences: asStrings(stopSequences),
    };
  },
  readInput: readConversation,
  readResponse(body) {
    const raw = asObject(body['rawResponse']);
    if (!raw) return {};
    const { id, model, finishReasons } = answerDialect(raw).readResponse(raw);
    return { id: asWord(id), model, finishReasons };
  },
  readOutput,
  readOutputDetails: ({ rationale, parsedResponse }) => ({
    // Before the orchestration, the answer itself has it.
    [ATTR_AWS_BEDROCK_AGENT_RATIONALE]: asString(rationale) ?? asString(asObject(parsedResponse)?.['rationale']),
  }),
};

/**
 * Reads the prompt of a model call as a conversation in the form of Converse.
 *
 * @param text usually JSON of `{system, messages}`. A text that is no such JSON becomes one message of the user.
 */
export function readPromptText(text: string): JsonObject {
  const { system, messages } = (/^\s*\{/.test(text) && asObject(parseJson(text))) || {};
  if (!Array.isArray(messages)) return text === '' ? {} : { messages: [{ role: 'user', content: [{ text }] }] };
  const instructions = readTexts(system ?? '');
  return {
    ...(instructions.length > 0 ? { system: instructions } : {}),
    messages: messages.map((message) => {
      const { role, content } = asMembers(message);
      return { role: asString(role) ?? 'user', content: readTexts(content ?? message) };
    }),
  };
}

/** Returns blocks of text. Other blocks become JSON. */
function readTexts(content: JsonValue): JsonValue[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: unwrapText(content) }];
  const items = Array.isArray(content) ? content : [content];
  return items.map((item) => ({ text: asString(asObject(item)?.['text']) ?? asString(item) ?? stringify(item) }));
}

/** Returns the text of `[{text=…, type=text}]`, which Java writes for a list of one text; any other text as it is. */
function unwrapText(text: string): string {
  const [start, end, type] = ['[{text=', '}]', ', type=text'];
  if (!text.startsWith(start) || !text.endsWith(end) || text.includes('}, {')) return text;
  const inner = text.slice(start.length, -end.length);
  return inner.endsWith(type) ? inner.slice(0, -type.length) : inner;
}

/** The dialect of an answer, by its shape. */
function answerDialect(raw: JsonObject): Dialect {
  if (isObject(asObject(raw['output'])?.['message'])) return converse;
  return DIALECTS.find(({ dialect }) => dialect.matchesResponse(raw))?.dialect ?? agentModelCall;
}

/** Returns the usage that an answer in the model's own format states. Only it has the counts of cached tokens. */
export function readRawUsage(raw: JsonObject): UsageReport | undefined {
  const dialect = answerDialect(raw);
  return dialect === agentModelCall ? undefined : dialect.readResponse(raw).usage;
}

/** Parses an answer if it is JSON. The service writes every member that an object could have, so those without a value go. */
export function parseRawResponse(text: string): JsonObject | undefined {
  const raw = /^\s*\{/.test(text) ? asObject(parseJson(text)) : undefined;
  return raw && asObject(withoutNulls(raw, MAX_LEVELS));
}

/** Down to the members of a content block: `output.message.content[0].toolUse`. */
const MAX_LEVELS = 5;

/** Arguments of tools keep their members without a value. */
function withoutNulls(value: JsonValue, levels: number): JsonValue {
  if (levels === 0) return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, levels));
  if (!isObject(value)) return value;
  const members: JsonObject = {};
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined || member === null) continue;
    setMember(members, name, name === 'input' ? member : withoutNulls(member, levels - 1));
  }
  return members;
}

/** Returns the answer without its content: what tells its dialect, its model, its id and its finish reason. */
export function figuresOfRaw(raw: JsonObject): JsonObject {
  const { type, id, model, stop_reason: reason, stopReason, content, output } = raw;
  const words = { type, id, model, stop_reason: reason, stopReason };
  const figures: JsonObject = {};
  for (const [name, value] of Object.entries(words)) if (asWord(value) !== undefined) figures[name] = value;
  if (Array.isArray(content)) figures['content'] = [];
  if (isObject(asObject(output)?.['message'])) figures['output'] = { message: {} };
  return figures;
}

function readOutput(body: JsonObject): readonly OutputMessage[] {
  const { rawResponse, reasoningContent } = body;
  const reasoning = readReasoning(reasoningContent);
  const raw = asObject(rawResponse);
  const text = asString(rawResponse);
  if (!raw && text === undefined && reasoning.length === 0) return [];
  const dialect = raw && answerDialect(raw);
  const read = raw && dialect !== agentModelCall ? dialect?.readOutput(raw) : undefined;
  const [message, ...others] = read ?? [];
  if (!message) {
    const parts = text ?? (raw && stringify(raw));
    // The call has ended, and nothing but the text is known of its end.
    return [
      {
        role: 'assistant',
        parts: [...reasoning, ...(parts === undefined ? [] : [textPart(parts)])],
        finish_reason: 'stop',
      },
    ];
  }
  const hasReasoning = message.parts.some(({ type }) => type === 'reasoning' || type === 'redacted_reasoning');
  return [{ ...message, parts: [...(hasReasoning ? [] : reasoning), ...message.parts] }, ...others];
}

/** The member can be empty. */
function readReasoning(content: JsonValue | undefined): Part[] {
  const { reasoningText, redactedContent } = asMembers(content);
  const text = asString(asObject(reasoningText)?.['text']);
  if (text !== undefined) return [{ type: 'reasoning', content: text }];
  return redactedContent === undefined ? [] : [{ type: 'redacted_reasoning', data: redactedContent }];
}

/** Puts the message in the place of the answer. What the answer states besides it stays. */
function viewResponse(body: JsonObject): JsonObject {
  const { rawResponse, ...others } = body;
  const { content, output, ...stated } = asMembers(rawResponse);
  const view = viewOutput(readOutput(body));
  return view['output'] === undefined ? body : { ...others, ...stated, ...view };
}
