/** AI21 Jurassic-2. */

import {
  asArray,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  isObject,
  type JsonObject,
} from '../data/json.js';
import type { Dialect } from './dialect.js';
import { createChunkListFold } from './fold/chunk-list-fold.js';
import { completionMessage, promptInput } from './messages/text-completion.js';

export const ai21J2: Dialect = {
  name: 'ai21-j2',
  operation: 'text_completion',
  matchesRequest: (body) => typeof body['prompt'] === 'string' && body['maxTokens'] !== undefined,
  matchesResponse: (body) =>
    asArray(body['completions']).some((completion) => isObject(asObject(completion)?.['data'])),
  readParameters: (body) => ({
    maxTokens: asNumber(body['maxTokens']),
    temperature: asNumber(body['temperature']),
    topP: asNumber(body['topP']),
    stopSequences: asStrings(body['stopSequences']),
    choiceCount: asNumber(body['numResults']),
    frequencyPenalty: asNumber(asObject(body['frequencyPenalty'])?.['scale']),
    presencePenalty: asNumber(asObject(body['presencePenalty'])?.['scale']),
  }),
  readInput: (body) => promptInput(body['prompt']),
  readTools: () => [],
  readResponse: (body) => ({
    id: typeof body['id'] === 'number' ? String(body['id']) : asString(body['id']),
    finishReasons: asStrings(completions(body).map(reason)),
  }),
  readOutput: (body) =>
    completions(body).map((completion) =>
      completionMessage(asObject(completion['data'])?.['text'], reason(completion)),
    ),
  createFold: createChunkListFold,
};

function completions(body: JsonObject): JsonObject[] {
  return asObjects(body['completions']);
}

function reason(completion: JsonObject): string | undefined {
  return asString(asObject(completion['finishReason'])?.['reason']);
}
