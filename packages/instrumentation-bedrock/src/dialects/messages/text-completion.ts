/** Makes the messages of dialects that have a prompt in the request and a text in the answer. */

import { asString, type JsonValue } from '../../data/json.js';
import { finishReason, type InputContent, type OutputMessage, textPart } from '../../data/messages.js';

/** Makes one user message of the prompt. */
export function promptInput(prompt: JsonValue | undefined): InputContent {
  const text = asString(prompt);
  return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
}

/** Makes one message of the assistant of a generated text. */
export function completionMessage(text: JsonValue | undefined, reason: JsonValue | undefined): OutputMessage {
  return {
    role: 'assistant',
    parts: [textPart(asString(text) ?? '')],
    finish_reason: finishReason(asString(reason)),
  };
}
