/**
 * Invocations of agent runtimes. The formats of the payload and of the answer are the agent's own, so nothing but text is
 * read in them: no token counts, and no roles.
 */

import { isObject, type JsonObject, type JsonValue, parseJson } from '../../data/json.js';
import { finishReason, type InputContent, type OutputMessage, textPart } from '../../data/messages.js';
import { stringify } from '../../data/numbers.js';
import { viewInput, viewOutput } from '../agent/chat-view.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { createTextFold } from '../fold/text-fold.js';
import { promptInput } from '../messages/text-completion.js';
import { joinTexts, readServerSentEvents } from './server-sent-events.js';

export const agentRuntime: Dialect = {
  ...blankDialect('agent-runtime', 'invoke_agent'),
  chatView: {
    format: 'bedrock',
    request: (body) => ({ ...body, messages: viewInput(readInput(body)) }),
    response: (body) => ({ ...body, ...viewOutput(readOutput(body)) }),
  },
  readInput,
  readOutput,
};

function readInput({ payload }: JsonObject): InputContent {
  return promptInput(textOf(payload));
}

function readOutput({ response, incomplete }: JsonObject): OutputMessage[] {
  const text = textOf(response);
  if (text === undefined) return [];
  const reason = finishReason(incomplete === true ? undefined : 'stop');
  return [{ role: 'assistant', parts: [textPart(text)], finish_reason: reason }];
}

/** @param contentType of the answer. It decides how the text of the answer is read. */
export function runtimeFold(contentType: string | undefined): Pick<Dialect, 'createFold'> {
  return {
    createFold: (options) => createTextFold(options, (text) => ({ response: readText(text, contentType) })),
  };
}

/** True if the agent streams its answer. */
export function isStreamed(contentType: string | undefined): boolean {
  return contentType !== undefined && /^text\/event-stream\b/i.test(contentType);
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i;

function readText(text: string, contentType: string | undefined): JsonValue {
  if (isStreamed(contentType)) return joinTexts(readServerSentEvents(text));
  const isJson = contentType === undefined || JSON_TYPE.test(contentType);
  return (isJson ? parseJson(text) : undefined) ?? text;
}

/** The text of a body for a message. An object whose only member is a text, such as `{prompt}` and `{result}`, is that text. */
function textOf(body: JsonValue | undefined): string | undefined {
  if (body === undefined || typeof body === 'string') return body;
  return onlyText(body) ?? stringify(body);
}

function onlyText(body: JsonValue): string | undefined {
  const [only, ...more] = isObject(body) ? Object.values(body as JsonObject) : [];
  return typeof only === 'string' && more.length === 0 ? only : undefined;
}
