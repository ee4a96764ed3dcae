/** Makes the messages of dialects that have a prompt in the request and a text in the answer. */

import { asString, asStrings, type JsonValue } from '../../data/json.js';
import { finishReason, type InputContent, type OutputMessage, textPart } from '../../data/messages.js';
import { imagePart } from './parts.js';
import { readAnswerText } from './tagged-reasoning.js';

/** Makes one user message of the prompt. */
export function promptInput(prompt: JsonValue | undefined): InputContent {
  const text = asString(prompt);
  return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
}

/** Adds images that stand beside the prompt, as base64 text or URLs. */
export function withImages({ messages }: InputContent, images: readonly (JsonValue | undefined)[]): InputContent {
  const parts = [...messages.flatMap((message) => message.parts), ...(asStrings(images) ?? []).map(imagePart)];
  return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
}

/** Makes one message of the assistant of a generated text. */
export function completionMessage(text: JsonValue | undefined, reason: JsonValue | undefined): OutputMessage {
  return {
    role: 'assistant',
    parts: [textPart(asString(text) ?? '')],
    finish_reason: finishReason(asString(reason)),
  };
}

/** Makes one message of the assistant of a text that can begin with reasoning between tags. */
export function answerMessage(text: JsonValue | undefined, reason: JsonValue | undefined): OutputMessage {
  const parts = readAnswerText(asString(text) ?? '');
  const message = completionMessage('', reason);
  return parts.length > 0 ? { ...message, parts } : message;
}
