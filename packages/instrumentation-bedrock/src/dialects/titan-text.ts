/** Amazon Titan text models. */

import { asArray, asMembers, asNumber, asObject, asObjects, asStrings, isObject } from '../data/json.js';
import type { Dialect } from './dialect.js';
import { StreamedTexts } from './fold/pieces/streamed-texts.js';
import type { FoldOptions, StreamFold } from './fold/stream-fold.js';
import { keepUnknown } from './fold/unknown-members.js';
import { completionMessage, promptInput } from './messages/text-completion.js';

export const titanText: Dialect = {
  name: 'titan-text',
  operation: 'text_completion',
  matchesRequest: (body) => typeof body['inputText'] === 'string' && isObject(body['textGenerationConfig']),
  matchesResponse: (body) =>
    asArray(body['results']).some((result) => typeof asObject(result)?.['outputText'] === 'string') ||
    typeof body['outputText'] === 'string',
  readParameters(body) {
    const config = asMembers(body['textGenerationConfig']);
    return {
      maxTokens: asNumber(config['maxTokenCount']),
      temperature: asNumber(config['temperature']),
      topP: asNumber(config['topP']),
      stopSequences: asStrings(config['stopSequences']),
    };
  },
  readInput: (body) => promptInput(body['inputText']),
  readTools: () => [],
  readResponse(body) {
    const results = asObjects(body['results']);
    const counts = results.map((result) => asNumber(result['tokenCount'])).filter((count) => count !== undefined);
    return {
      finishReasons: asStrings(results.map((result) => result['completionReason'])),
      usage: {
        inputTokens: asNumber(body['inputTextTokenCount']),
        outputTokens: counts.length > 0 ? counts.reduce((sum, count) => sum + count, 0) : undefined,
      },
    };
  },
  readOutput: (body) =>
    asObjects(body['results']).map((result) => completionMessage(result['outputText'], result['completionReason'])),
  createFold: (options) => keepUnknown(createFold(options), OF_CHUNK, options),
};

const OF_CHUNK = new Set([
  'outputText',
  'completionReason',
  'index',
  'inputTextTokenCount',
  'totalOutputTextTokenCount',
]);

/** Only the first chunk has the input count. Only the last one has the final output count and the finish reason. */
function createFold(options: FoldOptions): StreamFold {
  const texts = new StreamedTexts(options);
  let inputTokens: number | undefined;
  let outputTokens: number | undefined;
  return {
    add(chunk) {
      texts.add(chunk['outputText'], chunk['completionReason']);
      inputTokens ??= asNumber(chunk['inputTextTokenCount']);
      // An answer that a guardrail blocked comes as one chunk without a finish reason.
      const isFinal = texts.isComplete() || chunk['amazon-bedrock-guardrailAction'] === 'INTERVENED';
      if (isFinal) outputTokens = asNumber(chunk['totalOutputTextTokenCount']) ?? outputTokens;
    },
    body() {
      const [only] = texts.finish();
      if (!only && outputTokens === undefined) return undefined;
      const result = { outputText: only?.text, tokenCount: outputTokens, completionReason: only?.reason };
      return { inputTextTokenCount: inputTokens, results: [result] };
    },
    isComplete: () => texts.isComplete(),
  };
}
