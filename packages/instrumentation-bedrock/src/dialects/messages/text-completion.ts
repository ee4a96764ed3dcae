/** Messages of the dialects with a prompt in the request and a text in the answer. */

import { asString, type JsonValue } from '../../data/json.js';
import { finishReason, type InputContent, type OutputMessage, textPart } from '../../data/messages.js';

/** The prompt as one user message. */
export function promptInput(prompt: JsonValue | undefined): InputContent {
  const text = asString(prompt);
  return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
}

/** One generated text as a message of the assistant. */
export function completionMessage(text: JsonValue | undefined, reason: JsonValue | undefined): OutputMessage {
  return {
    role: 'assistant',
    parts: [textPart(asString(text) ?? '')],
    finish_reason: finishReason(asString(reason)),
  };
}
