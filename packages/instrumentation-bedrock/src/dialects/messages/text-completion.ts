/** Makes the messages of dialects that have a prompt in the request and a text in the answer. */

import { asString, isObject, type JsonValue } from '../../data/json.js';
import { finishReason, type InputContent, type OutputMessage, type Part, textPart } from '../../data/messages.js';
import { readMediaMembers } from './content-blocks.js';
import { imagePart } from './parts.js';
import { readAnswerText } from './tagged-reasoning.js';

/** Makes one user message of the prompt. */
export function promptInput(prompt: JsonValue | undefined): InputContent {
  const text = asString(prompt);
  return { messages: text === undefined ? [] : [{ role: 'user', parts: [textPart(text)] }] };
}

/** Adds images that stand beside the prompt: base64 text, URLs, or objects with a format as Nova Reel has them. */
export function withImages({ messages }: InputContent, images: readonly (JsonValue | undefined)[]): InputContent {
  const parts = [...messages.flatMap((message) => message.parts), ...images.flatMap(readImage)];
  return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
}

function readImage(image: JsonValue | undefined): Part[] {
  if (typeof image === 'string') return [imagePart(image)];
  return isObject(image) ? readMediaMembers({ image }) : [];
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
