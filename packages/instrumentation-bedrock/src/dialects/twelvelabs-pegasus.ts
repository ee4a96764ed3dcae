/**
 * TwelveLabs Pegasus, texts about a video:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-pegasus.html
 */

import { asNumber, asString, asStrings, isObject, type JsonObject } from '../data/json.js';
import { textPart } from '../data/messages.js';
import type { Dialect } from './dialect.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';
import { keepUnknown } from './fold/unknown-members.js';
import { readMediaSource } from './messages/media-source.js';
import { completionMessage } from './messages/text-completion.js';

export const twelveLabsPegasus: Dialect = {
  name: 'twelvelabs-pegasus',
  operation: 'text_completion',
  matchesRequest: (body) => typeof body['inputPrompt'] === 'string',
  matchesResponse: (body) =>
    typeof body['message'] === 'string' && (body['finishReason'] !== undefined || body['stopReason'] !== undefined),
  readParameters: (body) => ({
    maxTokens: asNumber(body['maxOutputTokens']),
    temperature: asNumber(body['temperature']),
    // The only format is a JSON schema.
    outputType: isObject(body['responseFormat']) ? 'json' : undefined,
  }),
  readInput(body) {
    const prompt = asString(body['inputPrompt']);
    const parts = [
      ...readMediaSource(body['mediaSource'], 'video'),
      ...(prompt === undefined ? [] : [textPart(prompt)]),
    ];
    return { messages: parts.length > 0 ? [{ role: 'user', parts }] : [] };
  },
  readTools: () => [],
  readResponse: (body) => ({ finishReasons: asStrings([reason(body)]) }),
  readOutput: (body) => (typeof body['message'] === 'string' ? [completionMessage(body['message'], reason(body))] : []),
  createFold: (options) => keepUnknown(createFold(options), OF_CHUNK, options),
};

/** Chunks of a stream call it `stopReason`. It is an empty text until the last chunk. */
function reason(body: JsonObject): string | undefined {
  return asString(body['finishReason']) || asString(body['stopReason']) || undefined;
}

const OF_CHUNK = new Set(['message', 'finishReason', 'stopReason']);

function createFold(options: FoldOptions): StreamFold {
  const texts = new StreamedTexts(options);
  return {
    add: (chunk) => texts.add(chunk['message'], reason(chunk)),
    body() {
      const [only] = texts.finish();
      return only && { message: only.text, finishReason: only.reason ?? null };
    },
    isComplete: () => texts.isComplete(),
  };
}
