/** Cohere Command and Command Light. */

import { asNumber, asObjects, asString, asStrings, type JsonObject, type JsonValue } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';
import { keepUnknown } from './fold/unknown-members.js';
import { completionMessage, promptInput } from './messages/text-completion.js';

export const cohereCommand: Dialect = {
  name: 'cohere-command',
  operation: 'text_completion',
  matchesRequest: (body) =>
    typeof body['prompt'] === 'string' && (body['num_generations'] !== undefined || body['p'] !== undefined),
  matchesResponse: (body) => Array.isArray(body['generations']) || typeof body['is_finished'] === 'boolean',
  readParameters: (body) => ({
    maxTokens: asNumber(body['max_tokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['p']),
    topK: asNumber(body['k']),
    stopSequences: asStrings(body['stop_sequences']),
    choiceCount: asNumber(body['num_generations']),
  }),
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => ({
    id: asString(body['id']),
    // A stream can send one reason for all its generations.
    finishReasons:
      asStrings(generations(body).map((generation) => generation['finish_reason'])) ??
      asStrings([body['finish_reason']]),
  }),
  readOutput: (body) =>
    generations(body).map((generation) =>
      completionMessage(generation['text'], generation['finish_reason'] ?? body['finish_reason']),
    ),
  createFold: (options) => keepUnknown(createFold(options), OF_CHUNK, options),
};

function generations(body: JsonObject): JsonObject[] {
  return asObjects(body['generations']);
}

const OF_CHUNK = new Set(['generations', 'index', 'text', 'finish_reason', 'is_finished']);

/** The whole answer comes as one chunk if the request does not set `"stream": true`. */
function createFold(options: FoldOptions): StreamFold {
  const texts = new StreamedTexts(options);
  let whole: JsonObject | undefined;
  let reason: JsonValue | undefined;
  return {
    add(chunk) {
      if (Array.isArray(chunk['generations'])) whole = options.content ? chunk : withoutTexts(chunk);
      const index = asNumber(chunk['index']);
      // A reason without an index holds for all generations.
      texts.add(chunk['text'], index === undefined ? undefined : chunk['finish_reason'], index);
      if (typeof chunk['finish_reason'] === 'string') reason = chunk['finish_reason'];
    },
    body() {
      if (whole) return whole;
      const folded = texts.finish().map(({ text, reason: own }) => ({ text, finish_reason: own }));
      if (folded.length === 0 && reason === undefined) return undefined;
      return { generations: folded, finish_reason: reason ?? null };
    },
    isComplete: () => whole !== undefined || reason !== undefined,
  };
}

function withoutTexts(body: JsonObject): JsonObject {
  const { id, finish_reason } = body;
  return { id, finish_reason, generations: generations(body).map((generation) => reasonOf(generation)) };
}

function reasonOf({ finish_reason }: JsonObject): JsonObject {
  return { finish_reason };
}
